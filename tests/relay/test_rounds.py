"""An executor's rounds: what they hear of a job may be late, and they go on whatever they meet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace

import pytest

from executor_app.dispatch import Order
from executor_app.executor import Executor, _JobRun
from executor_app.relay import leases, queue
from executor_app.relay.client import client

ORDER = Order(
    job_id="job", owner="ada", payers=["ada"], language="python", files=[("main.py", b"")],
    args=[], stdin=None, tty=True, rows=24, cols=80, limits={}, seq=0,
)  # fmt: skip


@pytest.fixture(autouse=True)
async def empty(relay_settings: None) -> AsyncIterator[None]:
    yield
    await client().flushdb()


@pytest.fixture
def executor() -> Iterator[Executor]:
    made = Executor()
    yield made
    made._loop.close()


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
