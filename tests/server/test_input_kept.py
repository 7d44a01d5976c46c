"""Input is not lost and not doubled: whatever is cut, killed, busy or away while somebody types."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import signal
from collections.abc import Iterator

import pytest

from tests.edge.raw import Raw, frame
from tests.server.client import connect
from tests.server.parts import Parts
from tests.server.typist import COUNTS, Typist, broken_way
from tests.stack import free_port

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """All of Codr, with an executor that runs one job at once, and a second web process."""
    parts = Parts(
        tmp_path_factory.mktemp("codr-typing"),
        {"CODR_EXECUTOR_NAME": f"typing-{free_port()}", "CODR_EXECUTOR_SLOTS": "1"},
    )
    try:
        parts.start("redis")
        for name in ("executor", "recorder", "web"):
            parts.start(name)
        parts.start("web", "other")
        parts.until_ready()
        yield parts
    finally:
        parts.stop_all()


def numbers(count: int) -> list[str]:
    return [str(n) for n in range(count)]


@pytest.mark.parametrize("seed", range(3))
async def test_typed_over_connections_that_are_cut_anywhere_it_arrives_once_and_in_order(
    parts: Parts, seed: int
) -> None:
    chance = random.Random(seed)
    typist = Typist(parts.url())
    await typist.begin(COUNTS)
    async with broken_way(parts.ports["web"], chance, cuts=40) as typist.url:
        staying = asyncio.create_task(typist.stay())
        for n in numbers(200):
            await typist.type(n)
            await asyncio.sleep(chance.random() * 0.01)
        await typist.type("end")
        await staying
    assert typist.sockets > 10
    assert typist.given() == numbers(200)


async def test_typed_while_no_executor_has_the_job_it_waits_for_the_program(parts: Parts) -> None:
    async with connect(parts.url()) as busy:
        await busy.execute("python", "input()")
        await busy.until("input_request")
        typist = Typist(parts.url())
        await typist.begin(COUNTS)
        async with broken_way(parts.ports["web"], random.Random(7), cuts=10) as typist.url:
            staying = asyncio.create_task(typist.stay())
            for n in numbers(50):
                await typist.type(n)
            async with asyncio.timeout(20):
                while typist.unsent:  # noqa: ASYNC110 - whoever stays hears it
                    await asyncio.sleep(0.01)
            assert not typist.output  # it has not begun
            await busy.answer("")
            await busy.until("complete")
            for n in ["50", "end"]:
                await typist.type(n)
            await staying
    assert typist.given() == numbers(51)


@pytest.mark.parametrize("share", [0.5, 1.0], ids=["half a frame", "a frame unanswered"])
async def test_typed_as_the_web_process_is_killed_it_arrives_by_another(
    parts: Parts, share: float
) -> None:
    typist = Typist(parts.url("other"))
    await typist.begin(COUNTS)
    for n in numbers(3):
        await typist.type(n)
    with Raw(parts.ports["web"]).shake_hands() as raw:
        raw.send(frame(json.dumps({"type": "attach", "job_id": typist.job_id}).encode()))
        raw.until(b'"accepted"')
        raw.send(frame(json.dumps(typist.unsent[0]).encode()))
        raw.until(b'"input_accepted"')
        last = frame(json.dumps(typist.unsent[1]).encode())
        raw.send(last[: int(len(last) * share)])
        await asyncio.to_thread(parts.stop, "web", signal.SIGKILL)
    await typist.type("end")
    await typist.stay()
    assert typist.given() == numbers(3)
    await asyncio.to_thread(parts.start, "web")


@pytest.mark.parametrize("keeps", [True, False], ids=["with its memory", "without"])
async def test_typed_while_redis_is_killed_and_comes_back_it_arrives_once_and_in_order(
    parts: Parts, keeps: bool
) -> None:
    typist = Typist(parts.url())
    await typist.begin(COUNTS)
    staying = asyncio.create_task(typist.stay())
    typing = asyncio.create_task(type_slowly(typist, 150))
    async with asyncio.timeout(40):
        while not typist.output or len(typist.unsent) == typist._last:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await asyncio.to_thread(parts.stop, "redis", signal.SIGKILL)
    if not keeps:
        shutil.rmtree(parts.state / "redis")
        (parts.state / "redis").mkdir()
    await asyncio.to_thread(parts.start, "redis")
    await typing
    await typist.type("end")
    await staying
    assert typist.given() == numbers(150)


async def type_slowly(typist: Typist, count: int) -> None:
    for n in numbers(count):
        await typist.type(n)
        await asyncio.sleep(0.01)
