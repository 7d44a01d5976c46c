"""A job's transcript, made from its journals: what was said, in the order of its times."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import Any, Final

from .protocol import Eof, InputResponse, Output, Restarted, Signal, Stdin, parse_event
from .relay.events import Entry
from .relay.inputs import JobMessage

Item = dict[str, Any]
# An entry besides its text, roughly: its time, stream and stage as JSON.
ITEM_BYTES: Final = 64


def build(
    events: Sequence[Entry], inputs: Iterable[tuple[int, JobMessage]], limit_bytes: int
) -> tuple[list[Item], int]:
    """The entries (`models.Transcript`) and how many bytes of output were left out.

    Within `limit_bytes` all is kept; past it the beginning and the end, half each, since that is
    where a program says what it is about and why it failed.
    """
    events = _last_attempt(events)
    items = [item for entry in events if (item := _from_event(entry)) is not None]
    items += [item for at, message in inputs if (item := _from_input(at, message)) is not None]
    items = sorted((item for item in items if item["data"]), key=lambda item: item["t"])
    items, left_out = _bounded(items, limit_bytes)
    if events and events[0].seq > 1 and not _is_restart(events[0]):
        # The journal is bounded too; how much it let go nobody has counted.
        items.insert(0, _note(events[0].at_ms, "The beginning was too long to be kept"))
    return items, left_out


def kept_frames(events: Sequence[Entry], limit_bytes: int) -> list[tuple[int, str]]:
    """The events for who follows the job later, with their times; past `limit_bytes` the first and
    the last, half each. What is left out shows as a hole in their numbers."""
    frames = [(entry.at_ms, entry.frame) for entry in events]
    if sum(len(frame) for _, frame in frames) <= limit_bytes:
        return frames
    half = limit_bytes // 2
    head = _first_frames(frames, half)
    tail = _first_frames(frames[len(head) :][::-1], half)[::-1]
    # The end says how the job went, however long it is.
    return [*head, *(tail or frames[-1:])]


def _first_frames(frames: Sequence[tuple[int, str]], limit_bytes: int) -> list[tuple[int, str]]:
    used = 0
    for count, (_, frame) in enumerate(frames):
        used += len(frame)
        if used > limit_bytes:
            return list(frames[:count])
    return list(frames)


def _last_attempt(events: Sequence[Entry]) -> Sequence[Entry]:
    """What was said since the job last began again: what an attempt before had said is void."""
    for n in range(len(events) - 1, -1, -1):
        if _is_restart(events[n]):
            return events[n:]
    return events


def _is_restart(entry: Entry) -> bool:
    return '"type":"restarted"' in entry.frame[:48]


def _from_event(entry: Entry) -> Item | None:
    event = parse_event(entry.frame)
    if isinstance(event, Restarted):
        return _note(entry.at_ms, event.reason)
    if not isinstance(event, Output):
        return None
    item = {"t": entry.at_ms, "stream": event.stream, "stage": event.stage, "data": event.data}
    return item if event.encoding is None else item | {"encoding": event.encoding}


def _from_input(at: int, message: JobMessage) -> Item | None:
    item: Item = {"t": at, "stream": "input", "stage": "run"}
    match message:
        case InputResponse() | Stdin():
            try:
                return item | {"data": message.raw.decode("utf-8")}
            except UnicodeDecodeError:
                # With the newline that a line was given, which its own base64 has not.
                text = base64.b64encode(message.raw).decode("ascii")
                return item | {"data": text, "encoding": "base64"}
        case Eof():
            return item | {"stream": "note", "data": "end of input"}
        case Signal():
            return item | {"stream": "note", "data": message.signal}
        case _:
            return None


def _bounded(items: list[Item], limit_bytes: int) -> tuple[list[Item], int]:
    if sum(map(_cost, items)) <= limit_bytes:
        return items, 0
    half = limit_bytes // 2
    # Sixteen pieces of the whole at least, so that one long one is not all or nothing. A multiple
    # of four, which is where base64 can be cut.
    most = max(4, limit_bytes // 16 // 4 * 4)
    pieces = [piece for item in items for piece in _pieces(item, most)]
    head = _within(pieces, half)
    rest = pieces[len(head) :]
    tail = _within(rest[::-1], half)[::-1]
    between = rest[: len(rest) - len(tail)]
    left_out = sum(map(_size, between))
    note = _note(between[0]["t"], f"{left_out} bytes left out here")
    return [*head, note, *tail], left_out


def _pieces(item: Item, most: int) -> list[Item]:
    data = item["data"]
    return [item | {"data": data[at : at + most]} for at in range(0, len(data), most)]


def _within(items: list[Item], limit_bytes: int) -> list[Item]:
    """As many of the first as fit."""
    used = 0
    for count, item in enumerate(items):
        used += _cost(item)
        if used > limit_bytes:
            return items[:count]
    return items


def _size(item: Item) -> int:
    """In bytes as the program wrote them."""
    data: str = item["data"]
    if "encoding" in item:
        return len(data) * 3 // 4 - data[-2:].count("=")
    return len(data.encode("utf-8"))


def _cost(item: Item) -> int:
    """What keeping it takes: a program that writes a million single bytes must not take 100 MB."""
    return _size(item) + ITEM_BYTES


def _note(at_ms: int, text: str) -> Item:
    return {"t": at_ms, "stream": "note", "stage": "run", "data": text}
