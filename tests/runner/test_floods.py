"""Programs that print without end beside others: what is taken from them, what it costs them."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable

import pytest

from executor_app.protocol import FinalStatus, Stream
from executor_app.runner.host import Host
from executor_app.runner.reading import OutputReader
from executor_app.runner.streams import Streams
from tests.runner.driver import Talk, hold, spec

# More than a terminal that is left alone again and again gives within the limit of the test.
FLOOD = """
import sys
for n in range(200000): sys.stdout.write(f"{n:014}\\n")
print("and now", end="", file=sys.stderr, flush=True)
print(input())
"""
EVERY_LINE = b"".join(b"%014d\n" % n for n in range(200000))
WAITS = "input()"


async def test_a_flood_beside_another_job_loses_nothing_and_is_not_charged_for_its_rests(
    host: Host,
) -> None:
    async with Talk(host, spec("python", WAITS)) as other:
        await other.asked()
        job = spec("python", FLOOD, limits={"wall_time_s": 1.6})
        talk = await hold(host, job, ["an answer"])
        other.answer("")

    assert talk.complete.status == FinalStatus.COMPLETED
    assert talk.stdout == EVERY_LINE + b"an answer\n"
    assert talk.prompts == ["and now"]


async def test_a_flood_on_both_outputs_is_bounded_by_the_clock_all_the_same(host: Host) -> None:
    code = """
import os
while True:
    os.write(1, b"x" * 4095 + b"\\n")
    os.write(2, b"y" * 4095 + b"\\n")
"""
    async with Talk(host, spec("python", WAITS)) as other:
        await other.asked()
        limits = {"wall_time_s": 5, "cpu_time_s": 5, "output_bytes": 300_000}
        talk = await hold(host, spec("python", code, limits=limits))
        other.answer("")

    assert talk.complete.status == FinalStatus.OUTPUT_LIMIT
    assert len(talk.stdout) + len(talk.stderr) == 300_000
    assert min(len(talk.stdout), len(talk.stderr)) > 50_000


class Taken:
    """What a reader took from a terminal of its own, and how it was left alone."""

    def __init__(self, crowded: Callable[[], bool]) -> None:
        self.streams = Streams.terminal(80, 24)
        self.data = bytearray()
        self.rests = 0
        self.reader = OutputReader(
            self.streams, take=self._take, full=lambda: False, crowded=crowded,
            on_pause=lambda: None, on_rest=self._rested,
        )  # fmt: skip
        self.reader.resume()

    def _take(self, stream: Stream, data: bytes) -> None:
        self.data += data

    def _rested(self, seconds: float) -> None:
        self.rests += 1

    async def until(self, size: int) -> None:
        await soon(lambda: len(self.data) >= size)


async def soon(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.0005)


@pytest.mark.parametrize("crowded", [True, False])
async def test_a_full_terminal_is_left_alone_only_where_others_are(crowded: bool) -> None:
    taken = Taken(lambda: crowded)
    try:
        writing = asyncio.create_task(asyncio.to_thread(fill, taken.streams.child_fds[1], 64))
        await taken.until(64 * 4096)
        await writing
        assert (taken.rests > 0) == crowded

        # It is over: what comes next is read as it comes, once a few looks have found nothing.
        await soon(lambda: not taken.reader.resting)
        rests = taken.rests
        await asyncio.to_thread(fill, taken.streams.child_fds[1], 0)
        await taken.until(64 * 4096 + 1)
        assert taken.rests == rests
        assert bytes(taken.data) == b"x" * 64 * 4096 + b"."
    finally:
        taken.reader.stop()
        taken.streams.close()


def fill(fd: int, pages: int) -> None:
    for _ in range(pages):
        os.write(fd, b"x" * 4096)
    if not pages:
        os.write(fd, b".")


async def test_a_reader_that_has_stopped_comes_back_to_nothing() -> None:
    taken = Taken(lambda: True)
    writing = asyncio.create_task(asyncio.to_thread(fill, taken.streams.child_fds[1], 2))
    await soon(lambda: taken.reader.resting)
    taken.reader.stop()
    size = len(taken.data)

    taken.reader.resume()
    await asyncio.sleep(0.05)

    assert (len(taken.data), taken.reader.resting) == (size, False)
    taken.reader.read_all()  # what is left is there all the same, and lets the writer go
    await writing
    taken.streams.close()
