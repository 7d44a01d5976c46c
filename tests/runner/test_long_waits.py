"""A program that waits for long costs hardly a look; what it does meanwhile is seen as well."""

from __future__ import annotations

import asyncio
import errno

import pytest

from executor_app.protocol import FinalStatus
from executor_app.runner import inputwatch, sleepers, stage
from executor_app.runner.host import Host
from executor_app.runner.inputwatch import InputWatch, Wait
from executor_app.runner.meter import Meter
from executor_app.runner.sleepers import Sleeper
from executor_app.runner.verdict import Verdict
from tests.runner.driver import Talk, hold, spec

pytestmark = pytest.mark.slow


class Asleep:
    """Those that fell asleep, and the looks at them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fallen = asyncio.Semaphore(0)
        self.looks = asyncio.Semaphore(0)
        # Of each before it falls asleep: the numbers that it asks for by itself.
        self.numbers = 0
        enter, look, used = Sleeper.enter, Sleeper.look, Meter.cpu_used_s

        def entered(sleeper: Sleeper) -> None:
            self.fallen.release()
            enter(sleeper)

        def looked(sleeper: Sleeper) -> None:
            self.looks.release()
            look(sleeper)

        def counted(meter: Meter) -> float | None:
            self.numbers += 1
            return used(meter)

        monkeypatch.setattr(Sleeper, "enter", entered)
        monkeypatch.setattr(Sleeper, "look", looked)
        monkeypatch.setattr(Meter, "cpu_used_s", counted)

    async def fall(self, count: int) -> None:
        for _ in range(count):
            await asyncio.wait_for(self.fallen.acquire(), 30)

    async def be_looked_at(self, times: int) -> None:
        for _ in range(times):
            await asyncio.wait_for(self.looks.acquire(), 30)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """They need not wait for seconds to count as waiting for long."""
    for module in (stage, inputwatch):
        monkeypatch.setattr(module, "LONG_WAITING_S", 0.6)
    monkeypatch.setattr(sleepers, "LOOK_S", 0.2)


@pytest.fixture
def asleep(soon: None, monkeypatch: pytest.MonkeyPatch) -> Asleep:
    return Asleep(monkeypatch)


async def test_who_sleeps_is_not_looked_at_again(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    numbers = asyncio.Semaphore(0)
    find_wait, used, reached = InputWatch._find_wait, Meter.cpu_used_s, Meter.reached
    look = Sleeper.look

    def counted(meter: Meter) -> float | None:
        numbers.release()
        return used(meter)

    def looked_at(sleeper: Sleeper) -> None:
        numbers.release()
        look(sleeper)

    def found(watch: InputWatch) -> Wait | None:
        looks.append("for a wait")
        return find_wait(watch)

    def reached_a_limit(meter: Meter) -> Verdict | None:
        looks.append("for limits")
        return reached(meter)

    monkeypatch.setattr(Meter, "cpu_used_s", counted)
    monkeypatch.setattr(Sleeper, "look", looked_at)
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


async def test_those_that_sleep_are_looked_at_together_and_answered_as_ever(
    host: Host, asleep: Asleep
) -> None:
    twice, once = (f"for _ in range({n}): print('So', input('? '))" for n in (2, 1))
    async with Talk(host, spec("python", twice)) as one, Talk(host, spec("python", once)) as other:
        await one.asked()
        await other.asked()
        await asleep.fall(2)
        before = asleep.numbers
        await asleep.be_looked_at(times=8)
        assert asleep.numbers == before
        one.answer("first")
        await one.printed("So first")
        await asleep.fall(1)
        one.answer("second")
        await one.printed("So second")
        other.answer("third")
        await other.printed("So third")


async def test_one_that_fell_asleep_and_begins_to_compute_is_held_to_its_limit(
    host: Host, asleep: Asleep
) -> None:
    code = (
        "import signal, threading\n"
        "def spin():\n    while True: pass\n"
        "def begin(*_): threading.Thread(target=spin, daemon=True).start()\n"
        "signal.signal(signal.SIGINT, begin)\n"
        "input('? ')\n"
    )
    async with Talk(host, spec("python", code, limits={"cpu_time_s": 1})) as talk:
        await talk.asked()
        await asleep.fall(1)
        talk.signal("SIGINT")
        await talk.end()

    assert "CPU time" in talk.complete.message


async def test_one_that_fell_asleep_and_goes_on_by_itself_no_longer_waits(
    host: Host, asleep: Asleep
) -> None:
    code = "import time\ntry:\n    input('? ')\nexcept KeyboardInterrupt:\n    time.sleep(60)\n"
    async with Talk(host, spec("python", code)) as talk:
        await talk.asked()
        await asleep.fall(1)
        talk.signal("SIGINT")
        await talk.until(lambda talk: talk.closed)
        talk.cancel()


async def test_who_falls_asleep_is_ended_when_its_time_is_over(host: Host, asleep: Asleep) -> None:
    job = spec("python", "input('? ')", limits={"input_timeout_s": 4.0})
    async with Talk(host, job) as talk:
        await talk.asked()
        began = asyncio.get_running_loop().time()
        await asleep.fall(1)
        await talk.end()
        waited_s = asyncio.get_running_loop().time() - began

    assert talk.complete.status is FinalStatus.INPUT_TIMEOUT
    assert 3.9 < waited_s < 4.0 + 1.0


async def test_without_a_descriptor_to_spare_it_is_looked_at_by_itself(
    host: Host, soon: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = asyncio.Semaphore(0)

    def refused(*_: object) -> Sleeper:
        tried.release()
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(stage, "Sleeper", refused)
    job = spec("python", "input('? ')", limits={"input_timeout_s": 4.0})
    async with Talk(host, job) as talk:
        await talk.asked()
        for _ in range(2):
            await asyncio.wait_for(tried.acquire(), 30)
        await talk.end()

    assert talk.complete.status is FinalStatus.INPUT_TIMEOUT


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
