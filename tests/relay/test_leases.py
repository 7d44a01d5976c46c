"""Who holds a job, and that exactly one takes it up when nobody does any more."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import pytest
from django.conf import settings
from django.test.utils import override_settings

from executor_app.protocol import Complete, FinalStatus, parse_event
from executor_app.relay import keys, leases, queue
from executor_app.relay.client import client
from executor_app.relay.events import (
    Publisher,
    SupersededError,
    publish_end,
    publish_restart,
    read_events,
)

LEASE_S = 0.2


@pytest.fixture(autouse=True)
def short_leases(relay_settings: None) -> Iterator[None]:
    with override_settings(CODR={**settings.CODR, "lease_s": LEASE_S}):
        yield


@pytest.fixture(autouse=True)
async def empty() -> AsyncIterator[None]:
    yield
    await client().flushdb()


async def held(job_id: str = "job", executor: str = "one") -> int:
    """Puts a job into the queue and has it taken; its attempt."""
    await queue.put(job_id, "ada", "the order")
    taken = await queue.take(executor)
    assert taken is not None
    return taken[1]


async def run_out(job_id: str = "job") -> None:
    async with asyncio.timeout(10):
        while job_id not in await leases.expired():  # noqa: ASYNC110 - Redis tells nobody
            await asyncio.sleep(0.02)


async def test_a_job_is_held_for_as_long_as_its_executor_says_so() -> None:
    attempt = await held()
    for _ in range(10):
        assert await leases.hold("one", {"job": attempt}) == leases.Check([], [])
        await asyncio.sleep(LEASE_S / 4)
        assert await leases.alive(["job"]) == {"job"}
        assert await leases.take_back("job") is None
    await run_out()
    assert await leases.alive(["job"]) == set()
    assert await leases.held(["job"]) == {"job"}


async def test_what_is_lost_is_queued_again_as_the_next_attempt_and_comes_first() -> None:
    await held()
    await queue.put("later", "ada", "another order")
    await queue.put("bobs", "bob", "bob's order")
    await run_out()
    assert await leases.take_back("job") == leases.TakenBack("queued", "the order", 2, "one")
    assert await queue.take("two") == ("the order", 2)
    assert await leases.alive(["job"]) == {"job"}


async def test_of_many_who_look_at_once_one_takes_it_back() -> None:
    await held()
    await run_out()
    answers = await asyncio.gather(*(leases.take_back("job", most_losses=1) for _ in range(20)))
    assert Counter(answer is not None for answer in answers) == {True: 1, False: 19}


async def test_who_comes_back_finds_that_somebody_else_has_it() -> None:
    attempt = await held()
    await run_out()
    await leases.take_back("job")
    assert await leases.hold("one", {"job": attempt}) == leases.Check([], ["job"])
    await queue.take("two")
    assert await leases.hold("one", {"job": attempt}) == leases.Check([], ["job"])
    assert not await leases.release("job", "one", attempt)
    assert await leases.hold("two", {"job": 2}) == leases.Check([], [])
    assert await leases.release("job", "two", 2)


async def test_the_same_executor_in_a_later_attempt_is_not_the_earlier_one() -> None:
    await held()
    await run_out()
    await leases.take_back("job")
    await queue.take("one")
    assert await leases.hold("one", {"job": 1}) == leases.Check([], ["job"])
    assert await leases.hold("one", {"job": 2}) == leases.Check([], [])


async def test_after_too_many_losses_it_is_taken_out_for_good() -> None:
    await held()
    await run_out()
    taken = await leases.take_back("job", most_losses=1)
    assert taken is not None
    assert taken.what == "queued"
    await queue.take("two")
    await run_out()
    assert await leases.take_back("job", most_losses=1) == leases.TakenBack(
        "spent", "the order", 2, "two"
    )
    assert await queue.take("three") is None
    assert await leases.held(["job"]) == set()


async def test_giving_back_is_no_loss_and_needs_no_patience() -> None:
    for attempt in range(1, 6):
        await held() if attempt == 1 else await queue.take("one")
        taken = await leases.take_back("job", most_losses=0, given_by="one")
        assert taken == leases.TakenBack("queued", "the order", attempt + 1, "one")
    assert await leases.take_back("job", given_by="one") is None, "it holds it no more"


async def test_what_redis_forgot_is_held_again_by_who_runs_it() -> None:
    attempt = await held()
    await client().flushdb()
    assert await leases.hold("one", {"job": attempt}) == leases.Check(["job"], [])
    await leases.restore("job", "ada", "the order", attempt, "one")
    assert await leases.hold("one", {"job": attempt}) == leases.Check([], [])
    await leases.restore("job", "ada", "the order", 7, "two")
    assert await leases.hold("one", {"job": attempt}) == leases.Check([], []), "who was first"


async def test_executors_have_reached_redis_without_a_pause_whichever_it_was() -> None:
    async def well(for_s: float) -> bool:
        return await leases.expired(-60, well_for_s=for_s) == ["job"]

    with override_settings(CODR={**settings.CODR, "lease_s": 3.2}):
        await held()
        assert not await well(0), "no executor has been here"
        await leases.hold("one", {})
        assert await well(0)
        for executor in ("one", "two") * 2:
            await asyncio.sleep(0.4)
            await leases.hold(executor, {})
        assert await well(1.6)
        await asyncio.sleep(1.8)
        assert not await well(0)
        await leases.hold("one", {})
        assert await well(0)
        assert not await well(1.6)


async def test_a_job_that_is_over_leaves_nothing() -> None:
    await held()
    assert await leases.release("job", "one", 1)
    said = {keys.output_journal("job"), keys.presence("job")}  # which have a time of their own
    left = {key.decode() for key in await client().keys("*")}
    assert left == {keys.TURN, keys.NEXT_TURNS, keys.ARRIVALS} | said


async def test_a_restart_silences_the_attempt_before() -> None:
    first = Publisher("job", attempt=1, seq=0)
    await first.publish_output("stdout", "run", b"one")
    assert await publish_restart("job", 2, "why") == 2
    with pytest.raises(SupersededError):
        await first.publish_output("stdout", "run", b"void")
    assert await publish_restart("job", 2, "once more") == 0
    second = Publisher("job", attempt=2, seq=2)
    await second.publish_output("stdout", "run", b"two")
    kinds = [parse_event(entry.frame).type async for entry in read_events("job", 0)]
    assert kinds == ["output", "restarted", "output"]


async def test_what_has_ended_does_not_start_again() -> None:
    first = Publisher("job", attempt=1, seq=0)
    await first.publish_complete(Complete(status=FinalStatus.COMPLETED))
    assert await publish_restart("job", 2, "why") == 0
    assert not await publish_end("job", Complete(status=FinalStatus.FAILED))


async def test_jobs_whose_lease_ran_out_are_told_with_who_held_them() -> None:
    assert await leases.overdue() == (0, [])
    attempt = await held("job", "one")
    await held("other", "two")
    await run_out("other")
    await leases.hold("one", {"job": attempt})
    count, (found,) = await leases.overdue()
    assert count == 2
    assert (found.job_id, found.executor, found.attempt) == ("other", "two", 1)
    assert 0 <= found.for_s < 10
    await leases.release("other")
    await leases.release("job")
    assert await leases.overdue() == (0, [])
