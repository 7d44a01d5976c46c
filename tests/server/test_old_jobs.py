"""A job whose journal has gone is replayed from the database, with the numbers that it had."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
import redis

from tests.server.client import Client, Frame, connect
from tests.stack import Stack

pytestmark = pytest.mark.slow
CODE = "for n in range(3): print(n, input(f'{n}? '))\n"


@pytest.fixture(scope="module")
def forgetful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Journals go as soon as a job is recorded, and of a long one little is kept."""
    environment = {
        "CODR_JOURNAL_KEEP_S": "1",
        "CODR_TRANSCRIPT_BYTES": "4096",
        "CODR_SANDBOX": "bubblewrap",
    }
    stack = Stack(tmp_path_factory.mktemp("forgetful"), environment)
    stack.start()
    yield stack
    stack.stop()
    assert "Traceback" not in stack.log, stack.log


async def ran(stack: Stack, code: str, answers: str = "") -> tuple[str, Client]:
    """A job that is over and forgotten by Redis, with what was seen of it while it ran."""
    async with connect(stack.socket_url) as client:
        job_id = str((await client.execute("python", code))["job_id"])
        for answer in answers:
            await client.until("input_request")
            await client.answer(answer)
        await client.until("complete")
    with redis.Redis.from_url(stack.redis_url) as server:
        async with asyncio.timeout(30):
            while server.exists(f"codr:job:{job_id}:output"):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    return job_id, client


async def attached(stack: Stack, job_id: str, after: int = 0) -> list[Frame]:
    async with connect(stack.socket_url, after=after) as viewer:
        await viewer.send({"type": "attach", "job_id": job_id, "after": after})
        assert await viewer.closed() == 1000
    assert viewer.frames[0]["type"] == "accepted"
    return viewer.frames[1:]


async def test_it_is_replayed_as_it_was(forgetful: Stack) -> None:
    job_id, live = await ran(forgetful, CODE, "abc")
    events = [frame for frame in live.frames if "seq" in frame]
    for after in (0, 1, len(events) // 2, len(events) - 1):
        assert await attached(forgetful, job_id, after) == events[after:], after


async def test_who_has_its_end_already_is_told_nothing_twice(forgetful: Stack) -> None:
    job_id, live = await ran(forgetful, "print('hello')")
    assert await attached(forgetful, job_id, live.frames[-1]["seq"]) == []


async def test_what_was_too_long_to_keep_is_a_gap_between_beginning_and_end(
    forgetful: Stack,
) -> None:
    """Each line is an event of its own: the program pauses between them."""
    long = "import time\nfor n in range(100): print(n, 'x' * 100, flush=True); time.sleep(0.01)\n"
    job_id, live = await ran(forgetful, long)
    events = {frame["seq"]: frame for frame in live.frames if "seq" in frame}
    async with connect(forgetful.socket_url) as viewer:
        await viewer.send({"type": "attach", "job_id": job_id})
        await viewer.until("complete")
        [gap] = viewer.of("gap")
        told = [frame for frame in viewer.frames if "seq" in frame and frame is not gap]
        assert told == [events[frame["seq"]] for frame in told]
        left_out = set(range(gap["from_seq"], gap["to_seq"] + 1))
        assert left_out | {frame["seq"] for frame in told} == set(events)
        # The contract of the client counts every number; those of the gap were never sent.
        viewer.frames = [{"seq": n, **events[n]} for n in sorted(events)]


async def test_what_was_typed_is_replayed_in_its_place(forgetful: Stack) -> None:
    job_id, _ = await ran(forgetful, CODE, "abc")
    async with connect(forgetful.socket_url) as viewer:
        await viewer.send({"type": "attach", "job_id": job_id, "show_input": True})
        await viewer.until("complete")
    told = [frame for frame in viewer.frames if frame["type"] in ("output", "input_given")]
    story = "".join(frame["data"] for frame in told)
    assert story == "0? a\n0 a\n1? b\n1 b\n2? c\n2 c\n"
