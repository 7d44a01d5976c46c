"""One look for all who wait in a process: it finds what each misses, and costs next to nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.test.utils import override_settings

from executor_app.protocol import InputResponse
from executor_app.relay import keys, lookout, presence
from executor_app.relay.client import client
from executor_app.relay.events import Publisher
from executor_app.relay.inputs import InputReader, publish_ack, publish_input_response
from executor_app.relay.lookout import Found, watch_events
from executor_app.relay.window import Window
from tests.relay.conftest import Server

SOON_S = 0.05


@pytest.fixture(autouse=True)
async def empty(relay_settings: None, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    monkeypatch.setattr(lookout, "LOOK_AGAIN_S", SOON_S)
    yield
    await client().flushdb()


class Follower:
    """Follows a job of its own, and has its events up to `has`."""

    def __init__(self, name: str, *, be_present: bool = False) -> None:
        self.job_id = f"job-{name}"
        self.has = 0
        self.found: list[Found] = []
        self.watch = watch_events(self.job_id, self._misses, be_present=be_present)
        self._publisher = Publisher(self.job_id, attempt=1, seq=0)

    def _misses(self, found: Found) -> bool:
        self.found.append(found)
        return found.number != self.has

    async def say(self) -> None:
        """What the group loses: nobody here hears it."""
        await self._publisher.publish_output("stdout", "run", b"x")

    async def missed(self) -> None:
        await asyncio.wait_for(self.watch.missed(), 20)

    async def looked_at(self, times: int = 1) -> None:
        """So often from now on."""
        until_now = len(self.found)
        await until(lambda: len(self.found) >= until_now + times)

    async def is_present(self) -> bool:
        return not await presence.abandoned([self.job_id])


@contextmanager
def followers(count: int, *, be_present: bool = False) -> Iterator[list[Follower]]:
    all_of_them = [Follower(str(n), be_present=be_present) for n in range(count)]
    with ExitStack() as leaving:
        for each in all_of_them:
            leaving.enter_context(each.watch)
        yield all_of_them


async def until(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not what():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


async def scripts_run() -> int:
    """How many scripts Redis has run since it was last asked to forget that."""
    ran = await client().info("commandstats")
    return sum(ran.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in ("eval", "evalsha"))


@contextmanager
def asked(
    monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[int], Awaitable[None]]
) -> Iterator[None]:
    """What happens between a question, counted from 1, and its answer."""
    ask, times = client().evalsha, 0

    async def slowly(digest: str, *arguments: Any) -> Any:
        nonlocal times
        if digest != lookout.LOOK.digest:
            return await ask(digest, *arguments)
        times += 1
        answer = await ask(digest, *arguments)
        await meanwhile(times)
        return answer

    with monkeypatch.context() as during:
        during.setattr(client(), "evalsha", slowly)
        yield


async def test_only_who_misses_something_is_woken() -> None:
    with followers(3) as (one, another, third):
        await another.say()
        await another.missed()
        another.has = 1
        await third.looked_at(times=2)
        # Once woken, another may be so again by the look in which it had not said what it has.
        assert not one.watch._woken.is_set()
        assert not third.watch._woken.is_set()
    assert {found.number for found in one.found} == {0}
    assert another.found[-1] == Found(attempt=1, number=1, name="", acknowledged=0)


async def test_more_jobs_than_one_question_may_have_take_more_questions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lookout, "MOST_AT_ONCE", 3)
    with followers(10) as all_of_them:
        for each in all_of_them[::3]:
            await each.say()
        await asyncio.gather(*(each.missed() for each in all_of_them[::3]))
    for n, each in enumerate(all_of_them):
        assert each.found[-1].number == (n % 3 == 0)


async def test_three_hundred_who_wait_are_two_questions_in_each_look() -> None:
    with followers(300, be_present=True) as all_of_them:
        await all_of_them[-1].looked_at()  # now Redis knows the script
        await client().config_resetstat()
        before = len(all_of_them[0].found)
        await all_of_them[-1].looked_at(times=5)
        looks = len(all_of_them[0].found) - before
        ran = await scripts_run()
        assert 2 * looks - 2 <= ran <= 2 * looks + 2
        everything = await client().info("commandstats")
        assert not {f"cmdstat_{name}" for name in ("get", "xrange", "exists")} & set(everything)


@pytest.mark.parametrize("when", ["between two looks", "during a look"])
async def test_nobody_asks_while_nobody_waits(when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    look = lookout._of_this_loop()
    with followers(1) as (last,):

        async def leave(question: int) -> None:
            if when == "during a look":
                last.watch.end()

        with asked(monkeypatch, leave):
            await last.looked_at()
            await until(lambda: look._looking is None)
    assert look._timer is None
    await client().config_resetstat()
    await asyncio.sleep(5 * SOON_S)  # by the loop's own clock, which would have begun five looks
    assert await scripts_run() == 0
    with followers(1) as (again,):
        await again.looked_at()
        assert await scripts_run() > 0


async def test_who_comes_while_others_wait_is_looked_at_as_soon_as_they_are() -> None:
    """What one misses is found within one period, whenever one came."""
    with followers(1) as (old,):
        await old.looked_at()
        for n in range(5):
            young = Follower(f"young-{n}")
            with young.watch:
                await old.looked_at()
                assert young.found


async def test_who_comes_while_others_are_asked_about_has_their_turn_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    late = Follower("late")
    await late.say()
    with followers(2) as (one, another), ExitStack() as leaving:
        await another.say()

        async def come(question: int) -> None:
            if question == 1:
                leaving.enter_context(late.watch)
                assert not late.found

        with asked(monkeypatch, come):
            await another.missed()
            await late.missed()
    assert {found.number for found in one.found} == {0}
    assert {found.number for found in another.found} == {1}


async def test_who_leaves_while_others_are_asked_about_is_not_said_to_be_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lookout, "MOST_AT_ONCE", 1)
    with followers(3, be_present=True) as (one, leaver, third):

        async def leave(question: int) -> None:
            if question == 1:
                leaver.watch.end()

        with asked(monkeypatch, leave):
            await third.looked_at(times=2)
        assert await one.is_present()
        assert await third.is_present()
        assert not await leaver.is_present()
        assert not leaver.found


async def test_who_only_reads_is_not_said_to_be_there() -> None:
    with override_settings(CODR={**settings.CODR, "client_grace_s": 7.0}):
        owner, reader = Follower("owned", be_present=True), Follower("read")
        with owner.watch, reader.watch:
            await reader.looked_at()
            assert 0 < await client().pttl(keys.presence(owner.job_id)) <= 7000
            assert not await reader.is_present()


async def test_a_presence_that_holds_for_long_is_not_said_in_each_look() -> None:
    with followers(2, be_present=True) as (one, other):
        await one.looked_at()
        assert await one.is_present()
        await client().delete(keys.presence(one.job_id), keys.presence(other.job_id))
        await one.looked_at(times=3)
        assert not await one.is_present()
        with override_settings(CODR={**settings.CODR, "client_grace_s": 0.3}):
            soon = Follower("soon", be_present=True)
            with soon.watch:
                for _ in range(3):
                    await soon.looked_at(times=2)
                    await client().delete(keys.presence(soon.job_id))
                    await soon.looked_at(times=2)
                    assert await soon.is_present()


async def test_a_grace_period_that_is_short_makes_looks_as_frequent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lookout, "LOOK_AGAIN_S", 3600.0)
    short = override_settings(CODR={**settings.CODR, "client_grace_s": 0.3})
    with short, followers(1, be_present=True) as (one,):
        await one.looked_at(times=2)


async def test_an_outage_of_redis_is_said_once_and_over_with_the_next_look(
    redis_server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    failed = 0

    def failing() -> bool:
        return any(record.name == lookout.__name__ for record in caplog.records)

    with followers(2) as (one, another):
        await one.looked_at()
        await asyncio.to_thread(redis_server.stop)
        try:
            await until(failing)
            look = lookout._of_this_loop()
            while failed < 3:  # looks that begin after it was said
                await until(lambda: look._looking is not None)
                await until(lambda: look._looking is None)
                failed += 1
        finally:
            await asyncio.to_thread(redis_server.start)
        await another.say()
        await another.missed()
    [said] = [record for record in caplog.records if record.name == lookout.__name__]
    assert said.levelno == logging.WARNING


async def test_a_connection_that_has_gone_silent_does_not_keep_the_next_look(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:

    async def silent(question: int) -> None:
        if question == 1:
            await asyncio.Event().wait()

    short = override_settings(CODR={**settings.CODR, "client_grace_s": 0.3})
    with short, followers(1) as (one,), asked(monkeypatch, silent):
        await one.say()
        await one.missed()
    assert "Redis does not say" in caplog.text


async def test_of_all_questions_one_that_fails_leaves_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lookout, "MOST_AT_ONCE", 1)
    with followers(2) as (broken, one):
        await client().set(keys.output_journal(broken.job_id), "no journal")
        await one.say()
        await one.missed()
    assert not broken.found


async def test_after_a_surprise_everybody_looks_for_themselves_and_the_looks_go_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with followers(2) as (one, another):

        async def surprise(question: int) -> None:
            if question == 1:
                raise ValueError("an answer that makes no sense")

        with asked(monkeypatch, surprise):
            await asyncio.gather(one.missed(), another.missed())
            assert not one.found
            await one.looked_at()
    assert "an answer that makes no sense" in caplog.text


async def test_many_who_miss_something_are_not_woken_in_one_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each of them asks Redis at once, on a connection of its own."""
    monkeypatch.setattr(lookout, "LOOK_AGAIN_S", 1.0)
    monkeypatch.setattr(lookout, "WAKE_PAUSE_S", 0.02)
    now, woken = asyncio.get_running_loop().time, []

    async def wait(follower: Follower) -> None:
        await follower.missed()
        woken.append(now())

    with followers(20) as all_of_them:
        for each in all_of_them:
            each.has = 1
        await asyncio.gather(*map(wait, all_of_them))
    assert woken[-1] - woken[0] >= 0.9 * 19 * 0.02


async def test_an_executor_finds_another_journal_of_the_same_length(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Redis lost its memory, and the group what was the first entry after that."""
    async with InputReader("job") as reader:
        await publish_input_response("job", InputResponse(type="input_response", data="before"))
        await asyncio.wait_for(anext(reader), 20)
        with monkeypatch.context() as lossy:
            lossy.setattr(keys, "input_group", lambda job: f"nowhere.{job}")
            await client().flushdb()
            again = InputResponse(type="input_response", data="after")
            await publish_input_response("job", again)
        assert await asyncio.wait_for(anext(reader), 20) == again


async def test_an_executor_finds_an_acknowledgement_and_then_has_nothing_to_look_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window = Window(limit_bytes=1)
    other = Follower("beside")
    async with InputReader("job", window=window) as reader:
        window.sent(7, 100)
        with monkeypatch.context() as lossy:
            lossy.setattr(keys, "input_group", lambda job: f"nowhere.{job}")
            await publish_ack("job", 7)
        await window.wait(20)
        looks: list[None] = []
        look = reader._read_journal

        async def counted() -> None:
            looks.append(None)
            await look()

        monkeypatch.setattr(reader, "_read_journal", counted)
        with other.watch:
            await other.looked_at(times=3)
        assert not looks
