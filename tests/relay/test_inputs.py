"""Input that its sender numbers: sent again after a drop it is taken once, whatever was lost."""

from __future__ import annotations

import asyncio
import random
import uuid
from typing import Any

import pytest
from redis.exceptions import ConnectionError

from executor_app.protocol import Eof, InputResponse, Stdin
from executor_app.relay import inputs, keys, lookout
from executor_app.relay.client import client, layer
from executor_app.relay.inputs import (
    InputReader,
    publish_ack,
    publish_input_response,
    read_inputs,
    read_inputs_after,
)
from executor_app.relay.remains import forget_later
from executor_app.relay.window import Window


@pytest.fixture
def job_id() -> str:
    return uuid.uuid4().hex


def piece(number: int, sender: str = "tab") -> Stdin:
    return Stdin(type="stdin", data=f"{sender}{number} ", sender=sender, input_id=number)


def unnumbered(number: int) -> Stdin:
    return Stdin(type="stdin", data=f"{number} ")


async def kept(job_id: str) -> str:
    sent = [message for _, message in await read_inputs(job_id)]
    return "".join(message.data for message in sent if isinstance(message, Stdin))


async def heard(reader: InputReader, count: int) -> str:
    messages = [await asyncio.wait_for(anext(reader), 10) for _ in range(count)]
    return "".join(message.data for message in messages if isinstance(message, Stdin))


async def nothing_more(reader: InputReader) -> None:
    """What was said after it is the next that comes."""
    await publish_input_response(reader._job_id, Eof(type="eof"))
    assert isinstance(await asyncio.wait_for(anext(reader), 10), Eof)


async def test_what_is_sent_again_is_taken_once(job_id: str) -> None:
    async with InputReader(job_id) as reader:
        assert await publish_input_response(job_id, piece(1)) == 1
        assert await publish_input_response(job_id, piece(2)) == 2
        for number in (1, 2):
            assert await publish_input_response(job_id, piece(number)) == 0
        assert await publish_input_response(job_id, piece(5)) == 3  # a secret was never kept
        assert await heard(reader, 3) == "tab1 tab2 tab5 "
        await nothing_more(reader)


async def test_every_sender_and_every_typist_counts_for_themselves(job_id: str) -> None:
    for sender in ("one", "two"):
        for typist in ("user:1", "user:2"):
            message = piece(7, sender)
            assert await publish_input_response(job_id, message, typist=typist)
            assert await publish_input_response(job_id, message, typist=typist) == 0
    assert await kept(job_id) == "one7 one7 two7 two7 "


async def test_a_line_an_end_and_keys_are_numbered_alike(job_id: str) -> None:
    line = InputResponse(type="input_response", data="x", sender="tab", input_id=1)
    end = Eof(type="eof", sender="tab", input_id=2)
    for _ in range(2):
        for message in (line, end, piece(3)):
            await publish_input_response(job_id, message)
    assert [message.type for _, message in await read_inputs(job_id)] == [
        *("input_response", "eof", "stdin"),
    ]


async def test_as_often_as_connections_drop_each_piece_arrives_once_and_in_order(
    job_id: str,
) -> None:
    """Connections that are cut anywhere, some after the server had heard and before it could say
    so; what an old one still holds arrives late, among what the new one sends again."""
    chance = random.Random(20)
    taken = 0
    late: list[Stdin] = []
    async with InputReader(job_id) as reader:
        while taken < 60:
            unsent = [piece(number) for number in range(taken + 1, taken + 9)]
            for message in unsent[: chance.randrange(9)]:
                while late and chance.random() < 0.5:
                    await publish_input_response(job_id, late.pop(0))
                await publish_input_response(job_id, message)
                if chance.random() < 0.7:
                    assert message.input_id is not None
                    taken = message.input_id  # the client was told
                else:
                    late += unsent[: chance.randrange(3)]
                    break
        count = len(await read_inputs(job_id))
        assert await heard(reader, count) == "".join(f"tab{n} " for n in range(1, count + 1))
        assert count >= 60


async def test_an_append_that_was_not_answered_is_made_once(
    job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, tries = client().evalsha, []

    async def lossy(*arguments: object) -> int:
        tries.append(arguments)
        answer = int(await real(*arguments))
        if len(tries) == 1:
            raise ConnectionError("the network's failure")
        return answer

    await publish_input_response(job_id, piece(1, "warm"))  # the script is known
    monkeypatch.setattr(client(), "evalsha", lossy)
    assert await publish_input_response(job_id, piece(1)) == 0
    assert len(tries) == 2
    assert await kept(job_id) == "warm1 tab1 "


async def test_what_the_executor_has_it_does_not_take_again_from_a_redis_without_memory(
    job_id: str,
) -> None:
    async with InputReader(job_id) as reader:
        for number in (1, 2, 3):
            await publish_input_response(job_id, piece(number))
        assert await heard(reader, 3) == "tab1 tab2 tab3 "
        await client().flushall()
        # The third was not confirmed. The new journal's fourth entry is no successor of the old
        # one's third, whoever hears of it first.
        for number in (3, 4, 5, 6):
            assert await publish_input_response(job_id, piece(number))
        assert await heard(reader, 3) == "tab4 tab5 tab6 "
        await nothing_more(reader)


async def test_what_comes_while_the_journal_is_looked_at_is_no_other_journal(
    job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over a slow link: an answer about the entry before comes after the next has been taken."""
    async with InputReader(job_id) as reader:
        asked = client().xrange

        async def slow(journal: str, **place: str) -> list[Any]:
            answer: list[Any] = await asked(journal, **place)
            if place["min"] == "0-1":
                await publish_input_response(job_id, unnumbered(2))
                assert await heard(reader, 1) == "2 "
            return answer

        await publish_input_response(job_id, unnumbered(1))
        assert await heard(reader, 1) == "1 "
        monkeypatch.setattr(client(), "xrange", slow)
        await reader.begin_again()
        await nothing_more(reader)


async def send_what_is_not_known(job_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second of three."""
    await publish_input_response(job_id, unnumbered(1))
    with monkeypatch.context() as later:
        later.setattr(inputs, "encode", lambda message: '{"type":"paste","data":"unheard of"}')
        await publish_input_response(job_id, unnumbered(2))
    await publish_input_response(job_id, unnumbered(3))


@pytest.mark.parametrize(
    "comes", ["before it listens", "as it listens", "where only the journal tells"]
)
async def test_an_entry_of_a_kind_that_it_does_not_know_is_passed_over_and_said_so_once(
    job_id: str,
    comes: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As of a later release. Whatever comes after it still arrives: a cancel above all."""

    async def send() -> None:
        await send_what_is_not_known(job_id, monkeypatch)

    if comes == "before it listens":
        await send()
    async with InputReader(job_id) as reader:
        if comes == "as it listens":
            await send()
        elif comes == "where only the journal tells":
            with monkeypatch.context() as lossy:
                lossy.setattr(keys, "input_group", lambda job: f"nowhere.{job}")
                await send()
            await reader.begin_again()
        assert await heard(reader, 2) == "1 3 "
        await reader.begin_again()
        await nothing_more(reader)
    [told] = [record for record in caplog.records if record.levelname == "ERROR"]
    assert job_id in told.getMessage()
    assert "unheard of" not in caplog.text
    assert await kept(job_id) == "1 3 "


async def test_who_shows_input_passes_over_what_it_does_not_know_as_the_executor_does(
    job_id: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its number is known all the same: what comes next does not look like one behind a hole."""
    await send_what_is_not_known(job_id, monkeypatch)
    found = [(number, message) async for number, _, message in read_inputs_after(job_id, 1)]
    assert found == [(2, None), (3, unnumbered(3))]
    [told] = [record for record in caplog.records if record.levelname == "ERROR"]
    assert job_id in told.getMessage()
    assert "unheard of" not in caplog.text


async def test_a_look_at_the_journal_that_fails_is_not_the_last(
    job_id: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever it met: the group may have lost a message that only the journal tells of."""
    monkeypatch.setattr(lookout, "LOOK_AGAIN_S", 0.02)
    async with InputReader(job_id) as reader:
        asked, looks = client().xrange, []

        async def fails_once(journal: str, **place: Any) -> list[Any]:
            looks.append(place)
            if len(looks) == 1:
                raise ValueError("an answer that makes no sense")
            answer: list[Any] = await asked(journal, **place)
            return answer

        monkeypatch.setattr(client(), "xrange", fails_once)
        monkeypatch.setattr(keys, "input_group", lambda job: f"nowhere.{job}")
        await publish_input_response(job_id, unnumbered(1))
        assert await heard(reader, 1) == "1 "
    assert len(looks) > 1
    assert "an answer that makes no sense" in caplog.text


async def test_a_message_that_it_does_not_understand_is_not_the_last_that_it_hears(
    job_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with InputReader(job_id) as reader:
        await layer().group_send(keys.input_group(job_id), {"type": "job.unheard_of"})
        await publish_input_response(job_id, unnumbered(1))
        assert await heard(reader, 1) == "1 "
        assert not any(task.done() for task in reader._tasks)
    assert job_id in caplog.text


@pytest.mark.slow
async def test_an_acknowledgement_is_found_that_came_while_redis_had_forgotten_the_job(
    job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program stands still until it comes, so there is no journal before it; and whoever
    listens has just lost the connection on which it is told."""
    window = Window(limit_bytes=1)
    async with InputReader(job_id, window=window):
        window.sent(1, 100)
        with monkeypatch.context() as lossy:
            lossy.setattr(keys, "input_group", lambda job: f"nowhere.{job}")
            await publish_ack(job_id, 1)
        await window.wait(20)


async def test_a_job_has_no_more_senders_than_it_may(
    job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "MAX_SENDERS", 3)
    for n in range(3):
        await publish_input_response(job_id, piece(1, f"s{n}"))
    with pytest.raises(inputs.TooManySendersError):
        await publish_input_response(job_id, piece(1, "another"))
    assert await publish_input_response(job_id, piece(2, "s0")) == 4
    assert await kept(job_id) == "s01 s11 s21 s02 "


async def test_what_is_known_of_senders_goes_with_the_job(job_id: str) -> None:
    await publish_input_response(job_id, piece(1))
    assert await client().ttl(keys.senders(job_id)) > 3600
    await forget_later(job_id)
    assert 0 < await client().ttl(keys.senders(job_id)) <= 3600
