"""An executor's rounds: what they hear of a job may be late, and they go on whatever they meet."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings
from django.test.utils import override_settings

from executor_app import dispatch
from executor_app import executor as executor_module
from executor_app.dispatch import Order
from executor_app.executor import Executor, _JobRun
from executor_app.protocol import Cancel, Complete, FinalStatus
from executor_app.relay import keys, leases, presence, queue, versions
from executor_app.relay.client import client, end_tasks
from executor_app.relay.events import Publisher

ORDER = Order(
    job_id="job", owner="ada", payers=["ada"], language="python", files=[("main.py", b"")],
    args=[], stdin=None, tty=True, rows=24, cols=80, limits={}, seq=0,
)  # fmt: skip


@pytest.fixture(autouse=True)
async def empty(relay_settings: None) -> AsyncIterator[None]:
    yield
    await client().flushdb()


@pytest.fixture
def executor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Executor]:
    """One that has no sandbox, and so nothing to announce, and no broker."""

    async def announce_nothing() -> None: ...

    made = Executor()
    monkeypatch.setattr(dispatch, "send_tickets", lambda count: None)
    monkeypatch.setattr(executor_module, "ROUND_S", 0.02)
    monkeypatch.setattr(made, "_announce", announce_nothing)
    yield made
    made._loop.close()


class Held:
    """Counts how often the executor has said that its jobs run."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times = 0
        # How often a job was among them.
        self.jobs = 0
        self._hold = leases.hold
        monkeypatch.setattr(leases, "hold", self._count)

    async def _count(self, executor: str, attempts: Mapping[str, int]) -> leases.Check:
        check = await self._hold(executor, attempts)
        self.times += 1
        self.jobs += len(attempts)
        return check

    async def again(self) -> None:
        """Once in a round that began later than this, at least."""
        before = self.times

        async def twice() -> bool:
            return self.times > before + 1

        await until(twice)


@contextlib.asynccontextmanager
async def rounds(executor: Executor) -> AsyncIterator[None]:
    going = asyncio.create_task(executor._go_rounds())
    try:
        yield
    finally:
        await end_tasks([going])


async def until(what: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await what():  # noqa: ASYNC110 - Redis tells nobody
            await asyncio.sleep(0.02)


async def take(executor: Executor) -> _JobRun:
    """The job whose turn it is, as the executor runs it from now on."""
    taken = await queue.take(executor.name)
    assert taken is not None
    run = _JobRun(replace(ORDER, attempt=taken[1]), executor.name)
    executor._jobs[ORDER.job_id] = run
    return run


@pytest.fixture
async def run(executor: Executor) -> _JobRun:
    await queue.put(ORDER.job_id, ORDER.owner, ORDER.as_text())
    return await take(executor)


async def test_what_is_said_of_an_attempt_is_not_held_against_the_next(
    executor: Executor, run: _JobRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over a slow link: the executor has its own job back before it hears that it had lost it."""
    await leases.take_back(ORDER.job_id, given_by=executor.name)
    hold, later = leases.hold, []

    async def slow(name: str, attempts: Mapping[str, int]) -> leases.Check:
        answer = await hold(name, attempts)
        later.append(await take(executor))
        return answer

    monkeypatch.setattr(leases, "hold", slow)
    await executor._hold_jobs()
    assert (run.attempt, later[0].attempt) == (1, 2)
    assert not later[0]._unheard


async def test_a_job_is_held_well_within_its_lease_and_not_in_each_round(
    executor: Executor, run: _JobRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch)
    with override_settings(CODR={**settings.CODR, "lease_s": 2.0}):
        began = time.monotonic()
        async with rounds(executor):
            while time.monotonic() - began < 4.0:
                await held.again()
                assert await leases.alive([ORDER.job_id])
        assert 5 <= held.jobs <= 9
        assert held.times > 2 * held.jobs


async def test_jobs_are_held_while_redis_is_slow_to_say_something_else(
    executor: Executor, run: _JobRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()

    async def stuck(*_: object, **__: object) -> set[str]:
        asked.set()
        await asyncio.Event().wait()
        return set()

    monkeypatch.setattr(presence, "abandoned", stuck)
    held = Held(monkeypatch)
    async with rounds(executor):
        await asyncio.wait_for(asked.wait(), 20)
        await held.again()


async def test_the_rounds_go_on_after_a_job_that_a_later_release_has_ended(
    executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as later:
        later.setattr(versions, "WRITTEN", versions.READ + 1)
        end = Complete(status=FinalStatus.COMPLETED)
        await Publisher("theirs", attempt=1, seq=0).publish_complete(end)
    held = Held(monkeypatch)
    with override_settings(CODR={**settings.CODR, "lease_s": 0.1}):
        await leases.restore("theirs", "ada", ORDER.as_text(), 1, "another")
        async with rounds(executor):

            async def taken_back() -> bool:
                return bool(await client().exists(keys.order("theirs")))

            await until(taken_back)
            await held.again()
            await Publisher("ours", attempt=1, seq=0).publish_complete(end)
            await leases.restore("ours", "ada", ORDER.as_text(), 1, "another")

            async def withdrawn() -> bool:
                return not await client().exists(keys.held("ours"), keys.order("ours"))

            await until(withdrawn)


async def test_after_an_outage_in_the_middle_of_a_round_no_job_counts_as_lost(
    executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It begins when everybody has just said what they run, and is over when nobody could."""
    await leases.expired()  # now Redis knows the script
    await leases.restore("theirs", "ada", ORDER.as_text(), 1, "another")
    now_s, _ = await client().time()
    await client().set(keys.WELL_SINCE, (now_s - 3600) * 1000)
    ask = client().evalsha
    answers: list[Any] = []

    async def after_an_outage(digest: str, *arguments: Any) -> Any:
        looks = digest == leases.EXPIRED.digest and not answers
        if looks:
            await client().zadd(keys.LEASES, {"theirs": 0})
            await client().delete(keys.WELL_SINCE)
        answer = await ask(digest, *arguments)
        if looks:
            answers.append(answer)
        return answer

    async def answered() -> bool:
        return bool(answers)

    monkeypatch.setattr(client(), "evalsha", after_an_outage)
    async with rounds(executor):
        await until(answered)
    assert answers == [[]]


@pytest.mark.slow
async def test_who_followed_a_job_has_the_grace_period_to_come_back_when_redis_forgot_them(
    executor: Executor, run: _JobRun
) -> None:
    run._started -= 3600
    with override_settings(CODR={**settings.CODR, "client_grace_s": 1.0}):
        await presence.be_present(ORDER.job_id)
        async with rounds(executor):
            await client().flushdb()
            forgotten_at = time.monotonic()
            ended = await asyncio.wait_for(run._inputs.wait_for_input_response(), 20)
    assert isinstance(ended, Cancel)
    assert time.monotonic() - forgotten_at >= 1.0
