"""What is left of a conversation that is longer than is kept: its beginning, its end, a word."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executor_app.protocol import (
    Cancel,
    Eof,
    InputResponse,
    Output,
    Resize,
    Signal,
    Status,
    Stdin,
    encode_event,
)
from executor_app.relay.events import Entry
from executor_app.transcripts import ITEM_BYTES, Item, build


def journal(*outputs: bytes, first: int = 1) -> list[Entry]:
    return [
        Entry(first + n, 1, encode_event(Output.of("stdout", "run", raw), first + n), 1000 + n)
        for n, raw in enumerate(outputs)
    ]


def raw(item: Item) -> bytes:
    data: str = item["data"]
    return base64.b64decode(data) if "encoding" in item else data.encode()


def kept(items: list[Item]) -> list[Item]:
    return [item for item in items if item["stream"] != "note"]


def test_nothing_said_is_an_empty_transcript() -> None:
    status = Entry(1, 1, encode_event(Status(status="running"), 1), 1000)
    assert build([status], [], 1024) == ([], 0)


def test_input_without_a_byte_is_nothing_said_however_often_it_is_sent() -> None:
    silent = [(at, Stdin(type="stdin", data="")) for at in range(1000)]
    items, left_out = build(journal(b"hello"), silent, 1024)
    assert [item["data"] for item in items] == ["hello"]
    assert left_out == 0


def test_what_is_exactly_as_long_as_is_kept_is_whole() -> None:
    limit = 10 * (100 + ITEM_BYTES)
    events = journal(*[b"x" * 100] * 10)
    assert build(events, [], limit)[1] == 0
    assert build(events, [], limit - 1)[1] > 0


def test_one_long_output_is_cut_in_its_middle() -> None:
    text = b"the beginning" + b"." * 1_000_000 + b"the end"
    items, left_out = build(journal(text), [], 10_000)
    assert raw(items[0]).startswith(b"the beginning")
    assert raw(items[-1]).endswith(b"the end")
    assert sum(len(raw(item)) for item in kept(items)) + left_out == len(text)


def test_output_that_is_not_text_is_cut_where_it_can_be_read_again() -> None:
    noise = bytes(range(255, -1, -1)) * 40
    items, left_out = build(journal(noise), [], 4096)
    [note] = [n for n, item in enumerate(items) if item["stream"] == "note"]
    head, tail = b"".join(map(raw, items[:note])), b"".join(map(raw, items[note + 1 :]))
    assert head == noise[: len(head)]
    assert tail == noise[-len(tail) :]
    assert len(head) + left_out + len(tail) == len(noise)


def test_what_is_left_out_is_counted_in_bytes_as_the_program_wrote_them() -> None:
    for one in (b"\xff", b"\xff\xff", b"\xff\xff\xff", "é".encode(), "🦄".encode()):
        items, left_out = build(journal(*[one] * 100), [], 1024)
        assert left_out == (100 - len(kept(items))) * len(one)


def test_many_small_outputs_cost_more_than_their_bytes() -> None:
    items, left_out = build(journal(*[b"x"] * 10_000), [], 10_000)
    assert len(kept(items)) * (ITEM_BYTES + 1) <= 10_000
    assert len(kept(items)) + left_out == 10_000


# Some of it text, some of it not; much and little of each.
SAID = st.binary(max_size=900) | st.binary(max_size=4) | st.text(max_size=900).map(str.encode)
OUTPUTS = st.lists(SAID, max_size=60)


@settings(deadline=None)
@given(outputs=OUTPUTS, limit=st.integers(1024, 8192))
def test_what_is_kept_is_the_beginning_and_the_end_within_the_bound(
    outputs: list[bytes], limit: int
) -> None:
    items, left_out = build(journal(*outputs), [], limit)
    whole = b"".join(outputs)
    notes = [n for n, item in enumerate(items) if item["stream"] == "note"]
    if left_out == 0:
        assert not notes
        assert b"".join(map(raw, items)) == whole
        return
    [at] = notes
    head, tail = b"".join(map(raw, items[:at])), b"".join(map(raw, items[at + 1 :]))
    assert whole.startswith(head)
    assert whole.endswith(tail)
    assert sum(len(raw(item)) + ITEM_BYTES for item in kept(items)) <= limit
    assert left_out == len(whole) - len(head) - len(tail)
    assert items[at]["data"] == f"{left_out} bytes left out here"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (InputResponse(type="input_response", data="Ada"), ("input", "Ada\n", None)),
        (Stdin(type="stdin", data="Ada \0🦄"), ("input", "Ada \0🦄", None)),
        (Stdin(type="stdin", data="/w==", encoding="base64"), ("input", "/w==", "base64")),
        (Stdin(type="stdin", data="QQ==", encoding="base64"), ("input", "A", None)),
        (Eof(type="eof"), ("note", "end of input", None)),
        (Signal(type="signal", signal="SIGINT"), ("note", "SIGINT", None)),
        (Resize(type="resize", cols=1, rows=1), None),
        (Cancel(type="cancel", reason="enough"), None),
    ],
)
def test_what_was_sent_is_told(
    message: InputResponse | Stdin | Eof | Signal | Resize | Cancel,
    expected: tuple[str, str, str | None] | None,
) -> None:
    items, _ = build([], [(5, message)], 1024)
    told = [(item["stream"], item["data"], item.get("encoding")) for item in items]
    assert told == ([expected] if expected else [])


def test_a_line_that_is_not_text_is_told_as_the_program_got_it() -> None:
    message = InputResponse(type="input_response", data="/w==", encoding="base64")
    [item], _ = build([], [(5, message)], 1024)
    assert raw(item) == b"\xff\n"


def test_output_and_input_are_in_the_order_of_their_times() -> None:
    typed = [(at, InputResponse(type="input_response", data=f"{at}")) for at in (1001, 1003)]
    items, _ = build(journal(b"0", b"1", b"2", b"3"), typed, 10_000)
    assert [item["data"] for item in items] == ["0", "1", "1001\n", "2", "3", "1003\n"]
