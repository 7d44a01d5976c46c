"""An executor begins the next attempt of a job while others have something to say of it too."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
from redis.exceptions import ConnectionError, RedisError

from executor_app import executor
from executor_app.dispatch import Order
from executor_app.executor import _JobRun
from executor_app.protocol import Complete, FinalStatus, Output
from executor_app.relay import leases, queue, quotas
from executor_app.relay.client import client
from executor_app.relay.events import (
    Publisher,
    SupersededError,
    publish_end,
    publish_restart,
    read_events,
)
from executor_app.runner.host import Host
from executor_app.runner.outbox import Emit
from executor_app.runner.spec import RunResult, RunSpec

# For what asks nothing of it.
NO_HOST: Final[Any] = None

pytestmark = pytest.mark.usefixtures("relay_settings")

THIRD = Order(
    job_id="job", owner="ada", payers=["ada"], language="python", files=[("main.py", b"")],
    args=[], stdin=None, tty=True, rows=24, cols=80, limits={}, seq=0, attempt=3,
)  # fmt: skip


@pytest.fixture(autouse=True)
async def a_second_attempt(relay_settings: None) -> AsyncIterator[None]:
    await publish_restart("job", 2, "why")
    await Publisher("job", attempt=2, seq=1).publish_output("stdout", "run", b"one")
    yield
    await client().flushdb()


async def test_it_says_that_the_job_begins_again_where_nobody_has() -> None:
    assert await _JobRun(THIRD, "one")._begin()
    assert (await _attempts())[-1] == 3


async def test_who_took_it_up_may_say_so_in_the_same_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def second(job_id: str, attempt: int, reason: str) -> int:
        await publish_restart(job_id, attempt, "said by who took it up")
        return await publish_restart(job_id, attempt, reason)

    monkeypatch.setattr(executor, "publish_restart", second)
    run = _JobRun(THIRD, "one")
    assert await run._begin()
    await run._publisher.publish_output("stdout", "run", b"one")
    assert await _attempts() == [2, 2, 3, 3]


async def test_what_is_over_does_not_begin() -> None:
    await publish_end("job", Complete(status=FinalStatus.FAILED))
    assert not await _JobRun(THIRD, "one")._begin()


async def test_what_its_last_attempt_has_ended_does_not_begin_once_more() -> None:
    await publish_restart("job", 3, "why")
    await Publisher("job", attempt=3, seq=3).publish_complete(
        Complete(status=FinalStatus.COMPLETED)
    )
    assert not await _JobRun(THIRD, "one")._begin()


async def test_a_job_that_cannot_be_handed_over_is_found_by_its_lease(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def away(job_id: str, name: str) -> None:
        raise RedisError("Redis is loading the dataset in memory")

    monkeypatch.setattr(executor, "hand_over", away)
    await leases.restore("job", "ada", THIRD.as_text(), 3, "one")
    run = _JobRun(THIRD, "one")
    await run.hand_over()
    await run._settle(0.0)
    assert await leases.held(["job"]) == {"job"}


async def test_who_has_said_the_end_of_a_job_says_how_it_went_though_it_is_handed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is told to stop between a job's last event and the clearing away of its sandbox."""
    await leases.restore("job", "ada", THIRD.as_text(), 3, "one")
    run = _JobRun(THIRD, "one")
    end = Complete(status=FinalStatus.COMPLETED)

    async def execute(host: Host, spec: RunSpec, emit: Emit, *_: object, **__: object) -> RunResult:
        await emit([end])
        await run.hand_over()
        return RunResult(end, output_bytes=7, cpu_time_s=0.0)

    monkeypatch.setattr(executor, "execute_interactive", execute)
    facts = await run.run(NO_HOST)
    assert facts is not None
    assert (facts["attempt"], facts["output_bytes"]) == (3, 7)
    assert await leases.held(["job"]) == set()
    assert (await queue.length()).jobs == 0


async def test_who_hears_the_end_of_a_job_may_begin_the_next_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert await quotas.admit("job", "ada", 1)
    refused: list[bool] = []

    async def execute(host: Host, spec: RunSpec, emit: Emit, *_: object, **__: object) -> RunResult:
        await emit([Output.of("stdout", "run", b"its last word")])
        refused.append(not await quotas.admit("next", "ada", 1))
        end = Complete(status=FinalStatus.COMPLETED)
        await emit([end])
        assert await quotas.admit("next", "ada", 1)
        return RunResult(end, output_bytes=7, cpu_time_s=0.0)

    monkeypatch.setattr(executor, "execute_interactive", execute)
    assert await _JobRun(THIRD, "one").run(NO_HOST) is not None
    assert refused == [True]


async def test_a_place_stays_taken_where_the_job_goes_on_elsewhere() -> None:
    assert await quotas.admit("job", "ada", 1)
    stale = Publisher("job", attempt=1, seq=0, payers=["ada"])
    with pytest.raises(SupersededError):
        await stale.publish_complete(Complete(status=FinalStatus.COMPLETED))
    assert not await quotas.admit("next", "ada", 1)


@pytest.mark.parametrize("command", ["evalsha", "xrevrange", "xrange"])
async def test_a_redis_that_is_away_for_a_moment_costs_a_job_no_attempt(
    monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Whatever it is in the middle of: each command's answer is lost once."""
    real = getattr(client(), command)
    lost: list[str] = []

    async def lossy(*arguments: object, **more: object) -> object:
        answer = await real(*arguments, **more)
        if not lost:
            lost.append(command)
            raise ConnectionError("the network's failure")
        return answer

    async def execute(host: Host, spec: RunSpec, emit: Emit, *_: object, **__: object) -> RunResult:
        monkeypatch.undo()
        end = Complete(status=FinalStatus.COMPLETED)
        await emit([end])
        return RunResult(end, output_bytes=7, cpu_time_s=0.0)

    await leases.restore("job", "ada", THIRD.as_text(), 3, "one")
    monkeypatch.setattr(executor, "execute_interactive", execute)
    monkeypatch.setattr(client(), command, lossy)
    assert await _JobRun(THIRD, "one").run(NO_HOST) is not None
    assert lost == [command]
    assert await _attempts() == [2, 2, 3, 3]


async def _attempts() -> list[int]:
    return [entry.attempt async for entry in read_events("job", 0)]
