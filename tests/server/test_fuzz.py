"""Input that nobody thought of: at the parser, and as bytes at the socket."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executor_app.protocol import CLIENT_TYPES, Message, ProtocolError, encode, parse_client
from tests.server.client import connect, says_hello
from tests.stack import Stack

pytestmark = pytest.mark.slow

FIELDS = (
    *("type", "language", "code", "files", "name", "content", "encoding", "stdin", "tty", "cols"),
    *("rows", "args", "limits", "cpu_time", "memory", "flow_control", "request_id", "job_id"),
    *("after", "data", "signal", "seq", "reason"),
)
WORDS = (*CLIENT_TYPES, "python", "base64", "utf-8", "SIGINT", "", "\0", "../x", "🎺", "%%%")
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(WORDS),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(FIELDS) | st.text(), inner),
    max_leaves=20,
)
objects = st.dictionaries(st.sampled_from(FIELDS) | st.text(), values)
messages = st.builds(lambda body, kind: {**body, "type": kind}, objects, st.sampled_from(WORDS))


def parse(text: str) -> Message | None:
    """What came of it; anything but a ProtocolError is a mistake of ours."""
    said: ProtocolError
    try:
        return parse_client(text)
    except ProtocolError as error:
        said = error
    assert said.code
    assert 0 < len(said.message) < 1000
    return None


@settings(max_examples=100, deadline=None)
@given(messages)
def test_any_object_is_a_message_or_a_protocol_error(message: dict[str, Any]) -> None:
    parsed = parse(json.dumps(message))
    if parsed is not None:
        # What is written for others to read is read as the same.
        assert parse_client(encode(parsed)) == parsed


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters()) | values.map(json.dumps))
def test_any_text_is_a_message_or_a_protocol_error(text: str) -> None:
    parse(text)


@settings(max_examples=100, deadline=None)
@given(messages.map(json.dumps), st.integers(0), st.text(max_size=3))
def test_a_damaged_message_is_a_message_or_a_protocol_error(
    text: str, place: int, noise: str
) -> None:
    at = place % len(text)
    parse(text[:at] + noise + text[at + 1 :])


async def test_thousands_of_odd_frames_leave_the_job_and_the_server_well(codr: Stack) -> None:
    """Everything but what would rightly end or feed the program, seeded, so that it can be had
    again."""
    chance = random.Random(20240229)
    async with connect(codr.socket_url) as client:
        await client.execute("python", "print(input('? '))")
        await client.until("input_request")
        for _ in range(3000):
            await client.socket.send(odd_frame(chance))
        await client.answer("well")
        assert (await client.until("complete"))["status"] == "completed"
    assert "well\n" in client.text()
    assert len(client.of("error")) == 3000
    await says_hello(codr.socket_url)


def odd_frame(chance: random.Random) -> str | bytes:
    """A frame that cannot be a message: its type is wrong, or its text is not JSON."""
    match chance.randrange(4):
        case 0:
            return chance.randbytes(chance.randrange(200))
        case 1:
            return "".join(chr(chance.randrange(32, 0xD800)) for _ in range(chance.randrange(100)))
        case 2:
            keys = chance.choices(FIELDS[1:], k=5)
            return json.dumps({key: chance.choice([None, 5, "x", [], {}]) for key in keys})
        case _:
            text = json.dumps({"type": chance.choice(CLIENT_TYPES), "data": "x", "seq": "x"})
            return text[: chance.randrange(1, len(text) - 1)]


async def test_odd_first_frames_are_each_refused(codr: Stack) -> None:
    chance = random.Random(20240301)
    for _ in range(150):
        async with connect(codr.socket_url) as client:
            await client.socket.send(odd_frame(chance))
            assert (await client.refused())[1] == 4400
    await says_hello(codr.socket_url)
