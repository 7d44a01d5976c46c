"""A client that goes away: its job ends after the grace period, and is recorded either way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.server.client import connect
from tests.stack import Stack, ended_row

pytestmark = pytest.mark.slow
GRACE_S = 2.0


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(
        tmp_path_factory.mktemp("codr-impatient"),
        {"CODR_CLIENT_GRACE_S": str(GRACE_S), "CODR_FIRST_MESSAGE_S": "1"},
    )
    stack.start()
    yield stack
    stack.stop()


async def test_a_job_that_nobody_follows_is_ended_and_recorded(impatient: Stack) -> None:
    async with connect(impatient.socket_url) as client:
        job = await client.execute("python", "input('anybody? ')")
        await client.until("input_request")
    found = await ended_row(impatient.state, job["job_id"])
    assert found["status"] == "cancelled"
    assert "went away" in found["message"]


async def test_a_job_that_finishes_first_is_recorded_as_it_ended(impatient: Stack) -> None:
    async with connect(impatient.socket_url) as client:
        job = await client.execute("python", "import time\ntime.sleep(0.5)\nprint('done')")
        await client.until("status", status="running")
    found = await ended_row(impatient.state, job["job_id"])
    assert (found["status"], found["message"]) == ("completed", "")
    assert found["output_bytes"] == len("done\n")


async def test_a_client_that_stays_keeps_its_job_past_the_grace_period(impatient: Stack) -> None:
    async with connect(impatient.socket_url) as client:
        await client.execute("python", "print(input())")
        await client.until("input_request")
        await asyncio.sleep(GRACE_S * 2)
        await client.answer("still here")
        assert (await client.until("complete"))["status"] == "completed"


async def test_a_client_that_comes_back_finds_its_job(impatient: Stack) -> None:
    async with connect(impatient.socket_url) as client:
        job = await client.execute("python", "print('before')\nprint(input())")
        await client.until("input_request")
        seen = client.frames[-1]["seq"]
    async with connect(impatient.socket_url, after=seen) as again:
        await again.send({"type": "attach", "job_id": job["job_id"], "after": seen})
        await again.answer("after")
        assert (await again.until("complete"))["status"] == "completed"
        assert again.text() == "after\n"


async def test_a_socket_that_says_nothing_is_closed(impatient: Stack) -> None:
    async with connect(impatient.socket_url) as client:
        assert await client.refused() == ("no_first_message", 4408)
