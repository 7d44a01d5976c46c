"""Clients that ask for output, acknowledge nothing, and leave what they are sent unread."""

from __future__ import annotations

import asyncio

import pytest

from tests.edge.raw import resident_bytes
from tests.edge.test_fuzz_of_the_socket import web_process
from tests.server.client import connect
from tests.stack import Stack

pytestmark = pytest.mark.slow

LINES = 64_000
# Numbered, so that what is missing, doubled or out of order shows. 64 MB, which the journal holds.
WRITES = f"""
import sys
input()
for n in range({LINES}): sys.stdout.write(f'{{n:0999d}}\\n')
"""
WRITTEN = b"".join(b"%0999d\n" % n for n in range(LINES))
MOST_GROWTH = 32_000_000


async def test_who_does_not_read_costs_little_slows_nobody_and_misses_nothing(codr: Stack) -> None:
    pid = web_process(codr)
    async with connect(codr.socket_url) as idle, connect(codr.socket_url) as quick:
        job = await idle.execute("python", WRITES, tty=False)
        await idle.until("input_request")
        await quick.send({"type": "attach", "job_id": job["job_id"]})
        await quick.until("input_request")
        before = resident_bytes(pid)
        growth = asyncio.create_task(most_growth(pid, before))
        await idle.answer("")  # the last that it does for now
        assert (await quick.until("complete"))["status"] == "completed"
        assert quick.bytes_of() == WRITTEN
        growth.cancel()
        assert await growth < MOST_GROWTH
        await idle.until("complete")
        assert idle.bytes_of() == WRITTEN


async def most_growth(pid: int, before: int) -> int:
    """By how much a process grew at most, until this is cancelled."""
    most = 0
    try:
        while True:
            most = max(most, resident_bytes(pid) - before)
            await asyncio.sleep(0.02)
    except asyncio.CancelledError:
        return most


async def test_who_does_not_read_may_still_end_the_job(codr: Stack) -> None:
    async with connect(codr.socket_url) as idle, connect(codr.socket_url) as quick:
        job = await idle.execute("python", "while True: print('x' * 999)", tty=False)
        await quick.send({"type": "attach", "job_id": job["job_id"]})
        while len(quick.frames) < 200:  # 64 KiB each: long past what is kept for one socket
            await quick.next()
        await idle.send({"type": "cancel"})
        assert (await quick.until("complete"))["status"] == "cancelled"
        assert (await idle.until("complete"))["status"] == "cancelled"
