"""A job's events and input through a real Redis: nothing twice, nothing lost, nobody late."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest
from django.conf import settings
from django.test.utils import override_settings
from redis.asyncio.client import Pipeline
from redis.exceptions import ConnectionError

from executor_app.protocol import (
    Cancel,
    Complete,
    FinalStatus,
    InputResponse,
    Output,
    parse_event,
)
from executor_app.relay import inputs, keys, leases, presence
from executor_app.relay.client import client, layer, patiently
from executor_app.relay.events import (
    LAST_ATTEMPT,
    Publisher,
    SupersededError,
    last_event,
    read_events,
)
from executor_app.relay.inputs import InputReader, publish_input_response, read_inputs
from tests.relay.conftest import Server


@pytest.fixture
def job_id() -> str:
    return uuid.uuid4().hex


def line(text: str) -> InputResponse:
    return InputResponse(type="input_response", data=text)


async def texts(job_id: str, after: int = 0) -> list[str]:
    events = [parse_event(entry.frame) async for entry in read_events(job_id, after)]
    return [event.data for event in events if isinstance(event, Output)]


async def heard(reader: InputReader, count: int) -> list[str]:
    messages = [await asyncio.wait_for(anext(reader), 10) for _ in range(count)]
    return [message.data for message in messages if isinstance(message, InputResponse)]


async def test_events_are_numbered_without_holes_and_read_back_in_order(job_id: str) -> None:
    publisher = Publisher(job_id, attempt=1, seq=0)
    for n in range(0, 300, 3):
        await publisher.publish(
            [Output.of("stdout", "run", str(n + more).encode()) for more in range(3)]
        )
    entries = [entry async for entry in read_events(job_id, 0)]
    assert [entry.seq for entry in entries] == list(range(1, 301))
    assert await texts(job_id, after=298) == ["298", "299"]


async def test_a_stale_attempt_cannot_write(job_id: str) -> None:
    first = Publisher(job_id, attempt=1, seq=0)
    await first.publish_output("stdout", "run", b"first")
    await Publisher(job_id, attempt=2, seq=1).publish_output("stdout", "run", b"second")
    with pytest.raises(SupersededError):
        await first.publish_output("stdout", "run", b"late")
    assert await texts(job_id) == ["first", "second"]


async def test_what_the_journal_refused_is_not_published(job_id: str) -> None:
    channel = await layer().new_channel()
    await layer().group_add(keys.output_group(job_id), channel)
    end = Complete(status=FinalStatus.CANCELLED)
    await Publisher(job_id, LAST_ATTEMPT, 0).publish_complete(end)
    with pytest.raises(SupersededError):
        await Publisher(job_id, attempt=1, seq=1).publish_output("stdout", "run", b"late")
    await asyncio.wait_for(layer().receive(channel), 5)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(layer().receive(channel), 0.3)


async def test_the_journal_is_bounded(job_id: str) -> None:
    with override_settings(CODR={**settings.CODR, "journal_bytes": 10_000}):
        publisher = Publisher(job_id, attempt=1, seq=0)
        for _ in range(50):
            await publisher.publish_output("stdout", "run", b"x" * 1000)
    entries = [entry async for entry in read_events(job_id, 0)]
    assert 5 <= len(entries) <= 10
    assert entries[-1].seq == 50


async def test_input_typed_before_anybody_listens_arrives_once_and_in_order(job_id: str) -> None:
    for n in range(5):
        await publish_input_response(job_id, line(str(n)))
    async with InputReader(job_id) as reader:
        for n in range(5, 10):
            await publish_input_response(job_id, line(str(n)))
        assert await heard(reader, 10) == [str(n) for n in range(10)]


async def test_several_who_type_at_once_are_put_into_one_order(job_id: str) -> None:
    async with InputReader(job_id) as reader:
        await asyncio.gather(*(publish_input_response(job_id, line(str(n))) for n in range(100)))
        assert sorted(await heard(reader, 100), key=int) == [str(n) for n in range(100)]


@pytest.mark.slow
async def test_input_that_the_group_loses_is_found_in_the_journal(
    job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with InputReader(job_id) as reader:
        await publish_input_response(job_id, line("heard"))
        # The network's failure: the group's message is gone, the journal's entry is there.
        with monkeypatch.context() as lossy:
            lossy.setattr(keys, "input_group", lambda job: f"nowhere.{job}")
            await publish_input_response(job_id, line("lost"))
        assert await heard(reader, 2) == ["heard", "lost"]


@pytest.mark.parametrize("heard_before", [True, False])
async def test_an_input_whose_answer_was_lost_is_appended_once(
    job_id: str, monkeypatch: pytest.MonkeyPatch, heard_before: bool
) -> None:
    await publish_input_response(f"{job_id}0", line("now Redis knows the script"))
    real, tries = client().evalsha, []

    async def lossy(*arguments: object) -> int:
        tries.append(arguments)
        answer = 0 if len(tries) == 1 and not heard_before else await real(*arguments)
        if len(tries) == 1:
            raise ConnectionError("the network's failure")
        return int(answer)

    monkeypatch.setattr(client(), "evalsha", lossy)
    assert await publish_input_response(job_id, line("one")) == 1
    assert await publish_input_response(job_id, line("one")) == 2
    assert len(tries) == 3
    sent = [message for _, message in await read_inputs(job_id)]
    assert [m.data for m in sent if isinstance(m, InputResponse)] == ["one", "one"]


@pytest.mark.slow
async def test_connections_that_redis_has_dropped_are_made_anew(job_id: str) -> None:
    async with InputReader(job_id) as reader:
        await publish_input_response(job_id, line("before"))
        await client().client_kill_filter(skipme=False)
        await publish_input_response(job_id, line("after"))
        assert await heard(reader, 2) == ["before", "after"]


async def test_no_command_fails_because_redis_was_restarted_since_the_last_one(
    job_id: str, redis_server: Server
) -> None:
    await asyncio.gather(*(presence.be_present(f"{job_id}{n}") for n in range(20)))
    assert len(client().connection_pool._available_connections) > 5
    await asyncio.to_thread(redis_server.stop)
    await asyncio.to_thread(redis_server.start)
    await asyncio.gather(*(presence.be_present(f"{job_id}{n}") for n in range(20)))


async def test_presence_goes_when_nobody_renews_it(job_id: str) -> None:
    with override_settings(CODR={**settings.CODR, "client_grace_s": 0.2}):
        await presence.be_present(job_id)
        assert await presence.abandoned([job_id]) == set()
        async with asyncio.timeout(10):
            # Redis tells nobody that a key has gone.
            while not await presence.abandoned([job_id]):  # noqa: ASYNC110
                await asyncio.sleep(0.05)


async def test_an_executor_is_listed_while_it_announces_itself() -> None:
    await presence.announce_executor("one", {"languages": {}})
    assert "one" in await presence.executors()
    await presence.remove_executor("one")
    assert await presence.executors() == {}


async def test_the_age_of_an_announcement_begins_anew_with_each() -> None:
    async def age_s() -> float:
        return (await presence.heartbeats())["one"].age_s

    await presence.announce_executor("one", {"slots": 1})
    async with asyncio.timeout(10):
        while await age_s() < 0.2:  # noqa: ASYNC110 - Redis tells nobody
            await asyncio.sleep(0.02)
    await presence.announce_executor("one", {"slots": 2})
    assert await age_s() < 0.2
    assert (await presence.heartbeats())["one"].facts == {"slots": 2}
    await presence.remove_executor("one")
    assert await presence.heartbeats() == {}


async def test_an_executor_that_comes_back_as_its_absence_is_noted_is_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await presence.announce_executor("one", {"languages": {}})
    await client().delete(keys.executor("one"))
    execute, answers = Pipeline.execute, []

    async def slow(asking: Pipeline) -> list[Any]:
        answer: list[Any] = await execute(asking)
        answers.append(answer)
        if len(answers) == 1:
            await presence.announce_executor("one", {"languages": {}})
        return answer

    monkeypatch.setattr(Pipeline, "execute", slow)
    assert await presence.executors() == {}
    assert list(await presence.executors()) == ["one"]
    await presence.remove_executor("one")


@pytest.mark.parametrize("appends", [True, False])
async def test_a_redis_that_is_away_is_asked_again_in_growing_pauses(
    job_id: str, monkeypatch: pytest.MonkeyPatch, appends: bool
) -> None:
    """Soon, since most outages are short, and then seldom: hundreds of jobs ask at once."""
    publisher = Publisher(job_id, attempt=1, seq=0)
    await publisher.publish_output("stdout", "run", b"before")
    ask, pauses = client().evalsha, list[float]()

    async def away(*arguments: object) -> object:
        if len(pauses) < 8:
            raise ConnectionError("the network's failure")
        return await ask(*arguments)

    async def note(pause_s: float) -> None:
        pauses.append(pause_s)

    monkeypatch.setattr(client(), "evalsha", away)
    with monkeypatch.context() as clock:
        clock.setattr("executor_app.relay.client.asyncio.sleep", note)
        if appends:
            await publisher.publish_output("stdout", "run", b"after")
        else:
            await patiently(lambda: leases.alive([job_id]))
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    assert await texts(job_id) == (["before", "after"] if appends else ["before"])


async def test_an_append_whose_answer_was_lost_may_be_asked_about_more_than_once(
    job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis is restarted, and goes away again while it is asked whether it had heard us."""
    publisher = Publisher(job_id, attempt=1, seq=0)
    await publisher.publish_output("stdout", "run", b"before")
    append, ask = client().evalsha, client().xrevrange
    lost: list[str] = []

    async def lossy(*arguments: object) -> object:
        answer = await append(*arguments)
        if not lost:
            lost.append("append")
            raise ConnectionError("the network's failure")
        return answer

    async def away(*arguments: object, **more: object) -> object:
        if len(lost) == 1:
            lost.append("question")
            raise ConnectionError("the network's failure")
        return await ask(*arguments, **more)

    monkeypatch.setattr(client(), "evalsha", lossy)
    monkeypatch.setattr(client(), "xrevrange", away)
    await publisher.publish_output("stdout", "run", b"once")
    await publisher.publish_output("stdout", "run", b"after")
    assert lost == ["append", "question"]
    assert await texts(job_id) == ["before", "once", "after"]


@pytest.mark.slow
async def test_a_redis_that_restarts_is_waited_for(job_id: str, redis_server: Server) -> None:
    publisher = Publisher(job_id, attempt=1, seq=0)
    await publisher.publish_output("stdout", "run", b"before")
    redis_server.stop()
    publishing = asyncio.create_task(publisher.publish_output("stdout", "run", b"during"))
    await asyncio.sleep(0.2)
    await asyncio.to_thread(redis_server.start)
    await asyncio.wait_for(publishing, 20)
    await publisher.publish_output("stdout", "run", b"after")
    assert await texts(job_id) == ["before", "during", "after"]
    last = await last_event(job_id)
    assert last is not None
    assert last.seq == 3
    await client().ping()


async def test_a_cancel_arrives_although_no_other_input_may(
    job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "MAX_ENTRIES", 2)
    for text in "ab":
        await publish_input_response(job_id, line(text))
    with pytest.raises(inputs.TooMuchInputError):
        await publish_input_response(job_id, line("c"))
    await publish_input_response(job_id, Cancel(type="cancel"), bounded=False)
    assert [message.type for _, message in await read_inputs(job_id)][-1] == "cancel"


async def test_what_is_sent_after_redis_forgot_everything_is_heard(job_id: str) -> None:
    for text in "abc":
        await publish_input_response(job_id, line(text))
    async with InputReader(job_id) as reader:
        assert await heard(reader, 3) == ["a", "b", "c"]
        await client().delete(keys.input_journal(job_id))
        await publish_input_response(job_id, line("d"))
        await reader.begin_again()
        await publish_input_response(job_id, line("e"))
        assert await heard(reader, 2) == ["d", "e"]


async def test_a_long_input_is_read_in_pages(job_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "READ_COUNT", 3)
    for n in range(10):
        await publish_input_response(job_id, line(str(n)))
    assert len(await read_inputs(job_id)) == 10
    async with InputReader(job_id) as reader:
        assert await heard(reader, 10) == [str(n) for n in range(10)]
