"""A program is held to the pace of a reader who acknowledges, and no byte is lost by waiting."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from websockets.exceptions import ConnectionClosedOK

from executor_app.runner import procfs
from tests.server.client import Client, connect, run_job
from tests.stack import Stack

pytestmark = pytest.mark.slow
MIB = 1024 * 1024
WINDOW = 256 * 1024
LINES = 100_000
# Numbered, so that what is missing, doubled or out of order shows. The time says how it was held.
COUNTS = f"import sys\nfor n in range({LINES}): sys.stdout.write(f'{{n:011d}}\\n')\n"
FOR_EVER = "while True: print('x' * 99)\n"


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    environment = {
        "CODR_FLOW_WINDOW_BYTES": str(WINDOW),
        "CODR_SANDBOX": "bubblewrap",
        "CODR_CLIENT_GRACE_S": "300",
    }
    stack = Stack(tmp_path_factory.mktemp("held"), environment)
    stack.start()
    yield stack
    stack.stop()
    assert "Traceback" not in stack.log, stack.log


async def ack(client: Client) -> None:
    # The server may have closed already, with the end among what was not looked at yet.
    with contextlib.suppress(ConnectionClosedOK):
        await client.send({"type": "ack", "seq": client.frames[-1]["seq"]})


async def until_quiet(client: Client, for_s: float = 1.5) -> None:
    """Reads, without acknowledging, until nothing has come for a while."""
    try:
        while True:
            await asyncio.wait_for(client._receive(), for_s)
    except TimeoutError:
        return


def memory(stack: Stack) -> dict[str, int]:
    """Bytes that each process of ours has, by its command."""
    assert stack.process is not None
    found = {}
    for pid in procfs.descendants(stack.process.pid):
        name = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        for part in ("codr.web", "--queues jobs", "redis-server"):
            if part in name:
                found[part] = _resident(pid)
    assert len(found) == 3, found
    return found


def _resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


async def test_a_reader_that_stalls_holds_the_program_and_then_misses_no_byte(held: Stack) -> None:
    async with connect(held.socket_url) as client:
        await client.execute("python", COUNTS, flow_control=True, limits={"wall_time": 6})
        began = time.monotonic()
        await until_quiet(client, for_s=8)  # longer than the program may run
        assert time.monotonic() - began > 8
        first = len(client.bytes_of())
        assert WINDOW / 2 < first < WINDOW + 256 * 1024
        await ack(client)
        while not client.of("complete"):
            await client._receive()
            if client.frames[-1]["type"] == "output":
                await ack(client)
    assert client.text() == "".join(f"{n:011d}\n" for n in range(LINES))
    complete = client.frames[-1]
    assert (complete["status"], complete["truncated"]) == ("completed", False)
    assert complete["execution_time"] < 6


async def test_nothing_of_ours_grows_while_a_program_prints_for_ever(held: Stack) -> None:
    async with connect(held.socket_url) as client:
        await client.execute("python", FOR_EVER, flow_control=True)
        await client.until("output")
        before = memory(held)
        await until_quiet(client, for_s=1.0)
        seen = 0
        for _ in range(300):
            await ack(client)
            await client.until("output")
        assert len(client.bytes_of()) > 2 * MIB
        growth = {name: size - before[name] for name, size in memory(held).items()}
        assert all(size < 32 * MIB for size in growth.values()), growth
        other = await run_job(held.socket_url, "python", "print('beside it')")
        assert other.text() == "beside it\n"
        await client.send({"type": "cancel"})
        while not client.of("complete"):
            await ack(client)
            await client._receive()
            seen += 1
        assert client.frames[-1]["status"] == "cancelled"


async def test_a_viewer_who_is_slow_holds_nobody(held: Stack) -> None:
    async with connect(held.socket_url) as client, connect(held.socket_url) as viewer:
        code = "input()\n" + COUNTS
        job = await client.execute("python", code)
        await viewer.send({"type": "attach", "job_id": job["job_id"]})
        await viewer.until("input_request")
        await viewer.send({"type": "ack", "seq": 1})  # from now on it is held to its own pace
        await client.answer("")
        await client.until("complete")
        assert client.text() == "".join(f"{n:011d}\n" for n in range(LINES))
        await until_quiet(viewer)
        assert not viewer.of("complete")
        while not viewer.of("complete"):
            await ack(viewer)
            await viewer._receive()
        assert viewer.text() == client.text()


async def test_who_comes_back_acknowledges_what_it_has(held: Stack) -> None:
    async with connect(held.socket_url) as client:
        job = await client.execute("python", COUNTS, flow_control=True)
        await until_quiet(client)
        last = client.frames[-1]["seq"]
    async with connect(held.socket_url, after=last) as again:
        await again.send({"type": "attach", "job_id": job["job_id"], "after": last})
        while not again.of("complete"):
            await again._receive()
            if again.frames[-1]["type"] == "output":
                await ack(again)
    assert client.text() + again.text() == "".join(f"{n:011d}\n" for n in range(LINES))


async def test_a_job_that_nobody_acknowledges_is_cancelled_all_the_same(held: Stack) -> None:
    async with connect(held.socket_url) as client:
        await client.execute("python", FOR_EVER, flow_control=True)
        await until_quiet(client)
        await client.send({"type": "cancel"})
        with redis.Redis.from_url(held.redis_url) as server:
            async with asyncio.timeout(20):
                while server.zcard("codr:leases"):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        while not client.of("complete"):
            await ack(client)
            await client._receive()
    assert client.frames[-1]["status"] == "cancelled"
