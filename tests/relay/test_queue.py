"""The queue through a real Redis: oldest first for one owner, in turns between several."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from executor_app.protocol import Complete, FinalStatus, Status, parse_event
from executor_app.relay import keys, leases, queue
from executor_app.relay.client import client
from executor_app.relay.events import SupersededError, last_events, publish_end
from executor_app.relay.scripts import Script


@pytest.fixture(autouse=True)
async def empty() -> AsyncIterator[None]:
    yield
    await client().flushdb()


async def put(owner: str, *jobs: str) -> None:
    for job in jobs:
        await queue.put(job, owner, f"order of {job}")


async def take() -> str:
    taken = await queue.take("one")
    return taken[0].removeprefix("order of ") if taken else ""


async def take_all() -> list[str]:
    taken = []
    while job := await take():
        taken.append(job)
    return taken


async def test_an_owners_jobs_are_taken_in_the_order_in_which_they_came() -> None:
    await put("ada", *(f"a{n}" for n in range(20)))
    assert await queue.take("one") == ("order of a0", 1)
    assert await take_all() == [f"a{n}" for n in range(1, 20)]
    assert await queue.take("one") is None


async def test_owners_take_turns() -> None:
    await put("ada", "a1", "a2", "a3", "a4")
    await put("bob", "b1", "b2")
    await put("eve", "e1")
    assert await take_all() == ["a1", "b1", "e1", "a2", "b2", "a3", "a4"]


async def test_who_comes_is_next_however_many_jobs_another_has_waiting() -> None:
    await put("ada", *(f"a{n}" for n in range(500)))
    for n in range(7):
        assert await take() == f"a{n}"
    await put("bob", "b1")
    assert await take() == "b1"
    assert await take() == "a7"


async def test_who_sends_the_next_job_when_one_has_begun_gets_no_more_than_a_turn() -> None:
    """A second owner in the manner of a loop must not keep a first one's backlog waiting."""
    await put("ada", *(f"a{n}" for n in range(40)))
    taken = Counter[str]()
    for n in range(40):
        await put("bob", f"b{n}")
        taken[(await take())[0]] += 1
    assert abs(taken["a"] - taken["b"]) <= 1


async def test_an_owner_who_was_away_is_owed_nothing() -> None:
    await put("bob", "b0")
    assert await take() == "b0"
    await put("ada", *(f"a{n}" for n in range(100)))
    for n in range(50):
        assert await take() == f"a{n}"
    await put("bob", "b1", "b2", "b3")
    assert [await take() for _ in range(6)] == ["b1", "a50", "b2", "a51", "b3", "a52"]


async def test_a_job_that_is_taken_has_a_lease_at_once() -> None:
    await put("ada", "a1")
    assert await leases.alive(["a1"]) == set()
    assert (await queue.waiting_since(["a1", "a2"])).keys() == {"a1"}
    await take()
    assert await leases.alive(["a1"]) == {"a1"}
    assert await queue.waiting_since(["a1"]) == {}


async def test_every_job_is_taken_once_by_many_takers_at_once() -> None:
    for owner in "abcde":
        await put(owner, *(f"{owner}{n}" for n in range(40)))
    taken = await asyncio.gather(*(take() for _ in range(250)))
    assert Counter(taken) == {
        **{f"{owner}{n}": 1 for owner in "abcde" for n in range(40)},
        "": 50,
    }


async def test_a_job_that_is_withdrawn_is_not_taken_and_costs_no_turn() -> None:
    await put("ada", "a1", "a2", "a3")
    await put("bob", "b1")
    assert await queue.withdraw("a1") == "order of a1"
    assert await queue.withdraw("a1") is None
    assert await queue.withdraw("a job that never was") is None
    assert await queue.withdraw("b1") == "order of b1"
    await put("bob", "b2")
    assert await take_all() == ["a2", "b2", "a3"]


async def test_an_order_that_has_expired_is_passed_over_and_costs_no_turn() -> None:
    await put("ada", "a1", "a2", "a3")
    await put("bob", "b1")
    await client().delete(keys.order("a1"))
    assert await take_all() == ["a2", "b1", "a3"]


async def test_the_place_in_the_queue_is_the_number_of_jobs_that_are_taken_before() -> None:
    owners = ["ada"] * 5 + ["bob"] * 2 + ["ada", "eve", "bob", "eve", "eve", "eve", "joe"]
    for served in range(4):
        places = {}
        for n, owner in enumerate(owners):
            job = f"{served}.{owner}{n}"
            places[job] = await queue.put(job, owner, f"order of {job}")
        # What is true of the last one of each owner stays true: nobody came later.
        order = await take_all()
        last = f"{served}.joe13"
        assert places[last] == order.index(last), served
        assert places[f"{served}.ada0"] == 0
        assert places[f"{served}.ada1"] == 1


async def test_a_job_that_waits_knows_its_place_whoever_came_later_or_went() -> None:
    await put("ada", *(f"a{n}" for n in range(6)))
    await put("bob", "b1", "b2", "b3")
    await put("eve", "e1")
    assert [await take() for _ in range(4)] == ["a0", "b1", "e1", "a1"]
    await queue.withdraw("b2")
    await leases.take_back("a0", given_by="one")
    await put("joe", "j1", "j2")
    named = ["a0", *(f"a{n}" for n in range(2, 6)), "b3", "j1", "j2"]
    places = {job: await queue.place_of(job) for job in named}
    assert places == {job: place for place, job in enumerate(await take_all())}


async def test_a_job_that_does_not_wait_has_no_place() -> None:
    await put("ada", "a1", "a2")
    await take()
    await queue.withdraw("a2")
    assert [await queue.place_of(job) for job in ("a1", "a2", "never")] == [None] * 3


async def test_a_place_is_news_once_and_far_behind_it_is_asked_for_less_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr(queue, "monotonic", lambda: now)
    await put("ada", *(f"a{n}" for n in range(101)))
    last, first = queue.Place("a100"), queue.Place("a0")
    assert [await place.news() for place in (last, first)] == [100, 0]
    assert [await place.news() for place in (last, first)] == [None, None]
    await take()
    now += 100 * queue.PAUSE_PER_JOB_S - 0.1
    assert [await place.news() for place in (last, first)] == [None, None]
    now += 0.2
    assert await last.news() == 99


async def test_it_says_how_much_waits_and_whether_there_are_tickets_for_it() -> None:
    assert await queue.length() == queue.Length(jobs=0, owners=0, tickets=0)
    await put("ada", "a1", "a2")
    await put("bob", "b1")
    assert await queue.length() == queue.Length(jobs=3, owners=2, tickets=0)
    await client().rpush(keys.TICKETS, "a ticket")
    assert await queue.length() == queue.Length(jobs=3, owners=2, tickets=1)


async def left_of_the_queue() -> set[str]:
    """What a job has said, and who followed it, has a time of its own."""
    return {key.decode() for key in await client().keys("*") if b":job:" not in key}


async def test_nothing_stays_behind_but_the_count_of_turns() -> None:
    await put("ada", "a1", "a2")
    await take_all()
    await put("ada", "a3")
    await queue.withdraw("a3")
    for job in ("a1", "a2"):
        await leases.release(job)
    left = await left_of_the_queue()
    assert left == {keys.TURN, keys.NEXT_TURNS, keys.ARRIVALS}
    assert await client().zcard(keys.NEXT_TURNS) == 1


async def pass_time(seconds: float) -> None:
    """Until that much has gone by on Redis's clock."""

    async def now() -> float:
        whole, millionths = await client().time()
        return float(whole + millionths / 1e6)

    start = await now()
    async with asyncio.timeout(10):
        while await now() < start + seconds:  # noqa: ASYNC110 - another process's clock
            await asyncio.sleep(0.01)


async def test_who_waits_is_told_in_turn_with_how_many_jobs_and_for_how_long() -> None:
    assert await queue.waiting() == []
    await put("ada", "a1", "a2", "a3")
    await take()
    await pass_time(0.1)
    await put("bob", "b1")
    bob, ada = await queue.waiting()  # she has had a turn
    assert (ada.owner, ada.jobs) == ("ada", 2)
    assert (bob.owner, bob.jobs) == ("bob", 1)
    assert 0 <= bob.oldest_wait_s <= ada.oldest_wait_s - 0.1
    await take_all()
    assert await queue.waiting() == []


async def test_the_oldest_wait_is_found_behind_jobs_that_were_taken_back() -> None:
    """They come first, and have waited for less long than what was there before them."""
    await put("ada", "lost-1", "lost-2", "old")
    assert [await take(), await take()] == ["lost-1", "lost-2"]
    for job in ("lost-1", "lost-2"):
        await pass_time(0.2)
        assert await leases.take_back(job, given_by="one") is not None
    await put("ada", "new")
    (ada,) = await queue.waiting()
    assert ada.jobs == 4
    assert ada.oldest_wait_s >= 0.4
    # Without it, the one that was taken back first has waited for longest.
    await queue.withdraw("old")
    (ada,) = await queue.waiting()
    assert ada.jobs == 3
    assert ada.oldest_wait_s >= 0.2


async def test_an_order_that_has_gone_waits_for_nobody() -> None:
    await put("ada", "a1")
    await client().delete(keys.order("a1"))
    assert await queue.waiting() == [queue.Waiting("ada", 1, 0.0)]


async def test_no_more_owners_are_looked_at_than_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queue, "MOST_OWNERS", 2)
    for n in range(5):
        await put(f"owner-{n}", f"job-{n}")
    assert [each.owner for each in await queue.waiting()] == ["owner-0", "owner-1"]


async def test_what_is_queued_says_so_and_is_followed_in_the_same_step() -> None:
    await put("ada", "a1")
    assert await queue.put("a2", "ada", "order of a2") == 1
    [entry] = await last_events("a2", 10)
    assert (entry.attempt, entry.seq) == (0, queue.QUEUED_SEQ)
    event = parse_event(entry.frame)
    assert isinstance(event, Status)
    assert (event.status, event.queue_position) == ("queued", 1)
    assert await client().pttl(keys.presence("a2")) > 0


async def test_what_is_over_already_is_not_queued() -> None:
    await publish_end("a1", Complete(status=FinalStatus.CANCELLED))
    with pytest.raises(SupersededError):
        await put("ada", "a1")
    assert await queue.length() == queue.Length(jobs=0, owners=0, tickets=0)


async def test_an_answer_that_is_lost_queues_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The network's failure: Redis has done it, and the connection breaks before it says so."""
    run = Script.run
    lost: list[int] = []

    async def lose_the_answer(script: Script, *given: Any) -> Any:
        answer = await run(script, *given)
        if script is queue.PUT and not lost:
            lost.append(answer)
            raise RedisConnectionError("gone")
        return answer

    monkeypatch.setattr(Script, "run", lose_the_answer)
    await put("ada", "a1")
    assert lost == [0]
    assert await take_all() == ["a1"]
    assert len(await last_events("a1", 10)) == 1
