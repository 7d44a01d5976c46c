"""What Redis keeps of jobs that are over: a while, and never more than its bound."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from django.conf import settings
from django.test.utils import override_settings

from executor_app.protocol import Eof, Stdin, encode
from executor_app.relay import keys
from executor_app.relay.client import client
from executor_app.relay.events import Publisher
from executor_app.relay.inputs import publish_ack, publish_input_response
from executor_app.relay.remains import forget_later

BOUND = 1000


@pytest.fixture(autouse=True)
def a_small_bound(relay_settings: None) -> Iterator[None]:
    codr = {**settings.CODR, "ended_journals_bytes": BOUND, "journal_keep_s": 60}
    with override_settings(CODR=codr):
        yield


@pytest.fixture(autouse=True)
async def empty() -> AsyncIterator[None]:
    yield
    await client().flushdb()


async def ended(job_id: str, size: int) -> int:
    await Publisher(job_id, attempt=1, seq=0).publish_output("stdout", "run", b"x")
    typed = Eof(type="eof")
    await publish_input_response(job_id, typed)
    return await forget_later(job_id, size - len(encode(typed)))


async def kept(*job_ids: str) -> set[str]:
    return {job for job in job_ids if await client().exists(keys.output_journal(job))}


async def test_the_oldest_go_as_soon_as_all_together_are_too_much() -> None:
    assert await ended("a", 400) == 400
    assert await ended("b", 400) == 800
    assert await kept("a", "b") == {"a", "b"}
    assert await ended("c", 400) == 800
    assert await kept("a", "b", "c") == {"b", "c"}
    assert not await client().exists(keys.input_journal("a"))
    assert await client().exists(keys.input_journal("b"))


async def test_one_that_is_too_much_by_itself_stays_until_the_next() -> None:
    assert await ended("a", 5000) == 5000
    assert await kept("a") == {"a"}
    assert await ended("b", 10) == 10
    assert await kept("a", "b") == {"b"}


async def test_the_same_job_counts_once() -> None:
    assert await ended("a", 400) == 400
    assert [await forget_later("a", 400) for _ in range(5)] == [400] * 5, "as it was at first"


async def test_what_has_gone_by_itself_is_not_counted_any_more() -> None:
    with override_settings(CODR={**settings.CODR, "journal_keep_s": 1}):
        await ended("a", 900)
        async with asyncio.timeout(10):
            while await kept("a"):  # noqa: ASYNC110 - Redis tells nobody
                await asyncio.sleep(0.05)
        assert await ended("b", 100) == 100


async def test_nothing_of_it_stays_for_ever() -> None:
    await ended("a", 400)
    assert all([await client().pttl(key) > 0 for key in await client().keys("*")])


async def test_what_goes_on_after_redis_lost_its_memory_goes_too_where_nobody_ends_it() -> None:
    publisher = Publisher("a", attempt=1, seq=0)
    for _ in range(2):
        await publisher.publish_output("stdout", "run", b"x")
        await publish_input_response("a", Stdin(type="stdin", data="x", sender="tab", input_id=1))
        await publish_ack("a", publisher.seq)
        found = await client().keys("*")
        assert len(found) == 4
        assert all([await client().pttl(key) > 0 for key in found])
        await client().flushall()


async def test_what_is_still_written_does_not_go() -> None:
    publisher = Publisher("a", attempt=1, seq=0)
    await publisher.publish_output("stdout", "run", b"x")
    await client().expire(keys.output_journal("a"), 60)
    await publisher.publish_output("stdout", "run", b"x")
    assert await client().ttl(keys.output_journal("a")) > 3600


async def test_an_acknowledgement_that_comes_late_goes_with_the_journal_or_soon() -> None:
    await ended("a", 10)
    await publish_ack("a", 1)
    assert 0 < await client().pttl(keys.acknowledged("a")) <= 60_000
    await client().delete(keys.output_journal("a"))
    await publish_ack("a", 2)
    assert 0 < await client().pttl(keys.acknowledged("a")) <= 60_000
