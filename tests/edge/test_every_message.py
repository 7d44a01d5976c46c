"""Every model of the protocol, filled with what its own types allow: read, written, read again."""

from __future__ import annotations

import json
import types
import typing
from enum import Enum
from typing import Annotated, Any, Literal, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from executor_app.protocol import (
    ClientMessage,
    Event,
    Execute,
    JobInput,
    Message,
    ProtocolError,
    ServerMessage,
    encode,
    encode_event,
    parse_client,
    parse_event,
    parse_input,
)

pytestmark = pytest.mark.slow

CLIENT = get_args(get_args(ClientMessage)[0])
INPUTS = get_args(get_args(JobInput)[0])
SERVER = get_args(get_args(ServerMessage)[0])
from_server: TypeAdapter[Any] = TypeAdapter(ServerMessage)
texts = (
    st.text() | st.text(st.characters(), max_size=5) | st.sampled_from(["", "\0", "a/b", "AAEC"])
)
numbers = st.integers(-2, 1200) | st.integers() | st.sampled_from([2**63 - 1, 2**63])
SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    int: numbers,
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    type(None): st.none(),
}


def of_type(kind: Any) -> st.SearchStrategy[Any]:
    """Plain values of that type. Its constraints are left to the parser to see to."""
    origin = get_origin(kind)
    if origin is Annotated:
        return of_type(get_args(kind)[0])
    if origin is Literal:
        return st.sampled_from(get_args(kind))
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*map(of_type, get_args(kind)))
    if origin is list:
        return st.lists(of_type(get_args(kind)[0]), max_size=3)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return of_model(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from([each.value for each in kind])
    return SCALARS[kind]


def of_model(model: type[BaseModel]) -> st.SearchStrategy[dict[str, Any]]:
    needed: dict[Any, st.SearchStrategy[Any]] = {}
    free: dict[Any, st.SearchStrategy[Any]] = {}
    for name, field in model.model_fields.items():
        into = needed if field.is_required() or name == "type" else free
        into[name] = of_type(field.annotation)
    filled = st.fixed_dictionaries(needed, optional=free)
    return filled.map(_one_program) if model is Execute else filled


def _one_program(values: dict[str, Any]) -> dict[str, Any]:
    """As `code` or as `files`, or hardly anything would be a message."""
    if values.get("files"):
        values.pop("code", None)
    elif not isinstance(values.get("code"), str):
        values["code"] = "print(1)"
    return values


def as_frame(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=True)


def read_or_refused(frame: str) -> Message | None:
    said: ProtocolError
    try:
        return parse_client(frame)
    except ProtocolError as error:
        said = error
    assert said.code
    assert 0 < len(said.message) < 1000
    return None


@pytest.mark.parametrize("model", CLIENT, ids=lambda model: model.__name__)
def test_what_a_client_says_is_read_as_written_or_refused(model: type[Message]) -> None:
    read = 0

    @settings(max_examples=300, deadline=None)
    @given(of_model(model))
    def check(values: dict[str, Any]) -> None:
        nonlocal read
        message = read_or_refused(as_frame(values))
        if message is None:
            return
        read += 1
        assert isinstance(message, model)
        assert parse_client(encode(message)) == message
        if isinstance(message, INPUTS):
            assert parse_input(encode(message)) == message  # from the job's input journal

    check()
    assert read, "nothing was a message: the test has come to test nothing"


@pytest.mark.parametrize("model", SERVER, ids=lambda model: model.__name__)
def test_what_the_server_says_is_read_as_written(model: type[Message]) -> None:
    read = 0

    @settings(max_examples=300, deadline=None)
    @given(of_model(model), st.integers(0, 2**62))
    def check(values: dict[str, Any], seq: int) -> None:
        nonlocal read
        try:
            message = model.model_validate_json(as_frame(values), strict=False)
        except (ValidationError, UnicodeEncodeError):
            return
        read += 1
        try:
            frame = encode(message)
        except UnicodeEncodeError:
            raise AssertionError(f"what no frame can hold: {values}") from None
        assert from_server.validate_json(frame, strict=False) == message
        if isinstance(message, Event):
            numbered = parse_event(encode_event(message, seq))
            assert numbered == message.model_copy(update={"seq": seq})

    check()
    assert read, "nothing was a message: the test has come to test nothing"


def test_nesting_is_bounded_and_costs_nothing() -> None:
    def nested(depth: int, opening: str, closing: str) -> str:
        return '{"type": "eof", "x": ' + opening * depth + "1" + closing * depth + "}"

    for opening, closing in (("[", "]"), ('{"a":', "}")):
        parse_client(nested(150, opening, closing))
        for depth in (201, 300_000):
            with pytest.raises(ProtocolError) as refused:
                parse_client(nested(depth, opening, closing))
            assert refused.value.code == "bad_json"
            assert len(refused.value.message) < 200
