"""What wants a processor begins when there is one for it; what waits or sleeps keeps nobody out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest

from tests.server.client import Client, connect
from tests.stack import Stack

pytestmark = pytest.mark.slow

WORKS = "import time\nwhile time.process_time() < 0.3: pass\nprint(time.monotonic())\ninput()\n"
SAYS_WHEN = "import time\nprint(time.monotonic())\n"
ENDLESS = "while True: pass\n"
SLEEPS = "import time\nprint('sleeping', flush=True)\ntime.sleep(600)\n"


@pytest.fixture(scope="module")
def one_at_work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    environment = {"CODR_WORKING_JOBS": "1", "CODR_SANDBOX": "bubblewrap"}
    stack = Stack(tmp_path_factory.mktemp("one-at-work"), environment)
    stack.start()
    yield stack
    stack.stop()
    assert "Traceback" not in stack.log, stack.log


async def submit(sockets: AsyncExitStack, stack: Stack, code: str) -> Client:
    client = await sockets.enter_async_context(connect(stack.socket_url))
    await client.execute("python", code)
    await client.until("status", status="queued")
    return client


async def test_a_job_begins_when_the_one_at_work_waits_for_its_person(one_at_work: Stack) -> None:
    async with AsyncExitStack() as sockets:
        first = await submit(sockets, one_at_work, WORKS)
        second = await submit(sockets, one_at_work, SAYS_WHEN)
        assert (await second.until("complete"))["status"] == "completed"
        await first.until("input_request")
        assert float(second.text()) > float(first.text())
        await first.answer("")
        assert (await first.until("complete"))["status"] == "completed"


async def test_many_that_wait_or_sleep_keep_nobody_out(one_at_work: Stack) -> None:
    async with AsyncExitStack() as sockets:
        waiting = [await submit(sockets, one_at_work, "input()") for _ in range(4)]
        for client in waiting:
            await client.until("input_request")
        sleeping = [await submit(sockets, one_at_work, SLEEPS) for _ in range(4)]
        for client in sleeping:
            await client.until("output")
        last = await submit(sockets, one_at_work, "print(1)")
        assert (await last.until("complete"))["status"] == "completed"
        for client in [*waiting, *sleeping]:
            await client.send({"type": "cancel"})
            assert (await client.until("complete"))["status"] == "cancelled"


async def test_a_program_without_an_end_does_not_keep_others_out_until_its_limit(
    one_at_work: Stack,
) -> None:
    async with AsyncExitStack() as sockets:
        endless = await submit(sockets, one_at_work, ENDLESS)
        await endless.until("status", status="running")
        short = await submit(sockets, one_at_work, "print(1)")
        assert (await short.until("complete"))["status"] == "completed"
        assert endless.of("complete") == []
        await endless.send({"type": "cancel"})
        assert (await endless.until("complete"))["status"] == "cancelled"
