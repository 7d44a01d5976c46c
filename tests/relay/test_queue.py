"""The queue through a real Redis: oldest first for one owner, in turns between several."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from executor_app.relay import keys, leases, queue
from executor_app.relay.client import client


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
            places[f"{owner}{n}"] = await queue.ahead_of(owner)
            await put(owner, f"{owner}{n}")
        # What is true of the last one of each owner stays true: nobody came later.
        order = await take_all()
        assert places["joe13"] == order.index("joe13"), served
        assert places["ada0"] == 0
        assert places["ada1"] == 1


async def test_it_says_how_much_waits_and_whether_there_are_tickets_for_it() -> None:
    assert await queue.length() == queue.Length(jobs=0, owners=0, tickets=0)
    await put("ada", "a1", "a2")
    await put("bob", "b1")
    assert await queue.length() == queue.Length(jobs=3, owners=2, tickets=0)
    await client().rpush(keys.TICKETS, "a ticket")
    assert await queue.length() == queue.Length(jobs=3, owners=2, tickets=1)


async def test_nothing_stays_behind_but_the_count_of_turns() -> None:
    await put("ada", "a1", "a2")
    await take_all()
    await put("ada", "a3")
    await queue.withdraw("a3")
    for job in ("a1", "a2"):
        await leases.release(job)
    left = {key.decode() for key in await client().keys("*")}
    assert left == {keys.TURN, keys.NEXT_TURNS, keys.ARRIVALS}
    assert await client().zcard(keys.NEXT_TURNS) == 1
