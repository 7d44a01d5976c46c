"""A program that waits for long costs hardly a look; what it does meanwhile is seen as well."""

from __future__ import annotations

import asyncio

import pytest

from executor_app.protocol import FinalStatus
from executor_app.runner.host import Host
from executor_app.runner.inputwatch import InputWatch, Wait
from executor_app.runner.meter import Meter
from executor_app.runner.verdict import Verdict
from tests.runner.driver import Talk, hold, spec

pytestmark = pytest.mark.slow


async def test_who_sleeps_is_not_looked_at_again(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    numbers = asyncio.Semaphore(0)
    find_wait, used, reached = InputWatch._find_wait, Meter.cpu_used_s, Meter.reached

    def counted(meter: Meter) -> float | None:
        numbers.release()
        return used(meter)

    def found(watch: InputWatch) -> Wait | None:
        looks.append("for a wait")
        return find_wait(watch)

    def reached_a_limit(meter: Meter) -> Verdict | None:
        looks.append("for limits")
        return reached(meter)

    monkeypatch.setattr(Meter, "cpu_used_s", counted)
    async with Talk(host, spec("python", "print(input('? '))")) as talk:
        await talk.asked()
        monkeypatch.setattr(InputWatch, "_find_wait", found)
        monkeypatch.setattr(Meter, "reached", reached_a_limit)
        looks.append("before it sleeps")
        async with asyncio.timeout(30):
            while looks:  # its sandbox, too, may turn over once more before all of it sleeps
                looks.clear()
                for _ in range(6):
                    await numbers.acquire()
        talk.answer("here")
        await talk.printed("here")


async def test_one_that_begins_to_compute_as_it_waits_is_held_to_its_limit(host: Host) -> None:
    code = (
        "import threading, time\n"
        "def spin():\n    time.sleep(2)\n    while True: pass\n"
        "threading.Thread(target=spin, daemon=True).start()\n"
        "input('? ')\n"
    )
    talk = await hold(host, spec("python", code, limits={"cpu_time_s": 1}))

    assert "CPU time" in talk.complete.message


async def test_one_that_goes_on_by_itself_no_longer_waits(host: Host) -> None:
    code = (
        "import signal, time\n"
        "def wake(*_): raise InterruptedError\n"
        "signal.signal(signal.SIGALRM, wake)\n"
        "signal.alarm(2)\n"
        "try:\n    input('? ')\n"
        "except InterruptedError:\n    time.sleep(60)\n"
    )
    async with Talk(host, spec("python", code)) as talk:
        await talk.asked()
        await talk.until(lambda talk: talk.closed)
        talk.cancel()


async def test_the_time_for_an_answer_ends_when_it_was_said_to(host: Host) -> None:
    job = spec("python", "input('? ')", limits={"input_timeout_s": 3.0, "wall_time_s": 2.0})
    async with Talk(host, job) as talk:
        await talk.asked()
        began = asyncio.get_running_loop().time()
        await talk.end()
        waited_s = asyncio.get_running_loop().time() - began

    assert talk.complete.status is FinalStatus.INPUT_TIMEOUT
    assert waited_s < 3.0 + 1.0  # a look of a long wait would have come two seconds later
