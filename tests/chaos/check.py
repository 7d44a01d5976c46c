"""Holds what each client saw against what the program must have written, and against the row."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from .client import Frame, Record
from .plays import Play

# Our fault, in words: executors were lost with it too often, or Redis or the web process went away
# in the very moment of its being sent.
FAILURES: Final = (
    "stopped answering, so it is not tried again",
    "queue this program",
)
SHOWN_BYTES: Final = 60


@dataclass(frozen=True, slots=True)
class Difference:
    """The first thing that is not as it must be. `what` says which kind of fault it is."""

    what: str
    detail: str

    def __str__(self) -> str:
        return f"{self.what}: {self.detail}"


@dataclass(slots=True)
class Output:
    """What one attempt wrote, by stream."""

    stdout: bytearray
    stderr: bytearray


def attempts(record: Record) -> list[Output]:
    """The output of each attempt that the client saw, the last one last."""
    found = [Output(bytearray(), bytearray())]
    for told in record.told:
        frame = told.frame
        if frame["type"] == "restarted":
            found.append(Output(bytearray(), bytearray()))
        elif frame["type"] == "output" and frame["stage"] == "run":
            getattr(found[-1], frame["stream"]).extend(raw(frame))
    return found


def raw(frame: Frame) -> bytes:
    if frame.get("encoding") == "base64":
        return base64.b64decode(frame["data"])
    return str(frame["data"]).encode()


def compared_bytes(record: Record) -> int:
    return sum(len(each.stdout) + len(each.stderr) for each in attempts(record))


def check_record(play: Play, record: Record) -> Difference | None:
    """Of one client, whose numbers it has checked itself as they came."""
    gaps = [told.frame for told in record.told if told.frame["type"] == "gap"]
    if gaps:
        return Difference("lost", f"a gap that nothing has caused: {gaps[0]}")
    complete = record.complete
    if complete is None:
        return Difference("no end", "no `complete` came")
    outputs = attempts(record)
    *void, last = outputs
    for number, output in enumerate(void, 1):
        wrong = _not_beginning(play, output, f"attempt {number}, which is void,")
        if wrong:
            return wrong
    if complete["status"] == "completed":
        if complete["exit_code"] != 0:
            return Difference("ended wrongly", f"{complete}")
        return _not_all(play, last)
    wrong = _not_beginning(play, last, f"the job, which {complete['status']},")
    return wrong or _unless_expected(play, complete)


def _unless_expected(play: Play, complete: Frame) -> Difference | None:
    if complete["status"] == "cancelled" and play.cancel_after_s is not None:
        return None
    if complete["status"] == "time_limit":
        return None  # of a machine that had no time for it; the report counts them
    if complete["status"] == "failed" and any(why in complete["message"] for why in FAILURES):
        return None
    return Difference("ended wrongly", f"{complete}")


def _not_all(play: Play, output: Output) -> Difference | None:
    for name, expected in (("stdout", play.stdout), ("stderr", play.stderr)):
        got = bytes(getattr(output, name))
        if got != expected:
            return _first_difference(name, expected, got)
    return None


def _not_beginning(play: Play, output: Output, whose: str) -> Difference | None:
    for name, expected in (("stdout", play.stdout), ("stderr", play.stderr)):
        got = bytes(getattr(output, name))
        if not expected.startswith(got):
            found = _first_difference(name, expected, got)
            return Difference(found.what, f"of {whose} {found.detail}")
    return None


def _first_difference(name: str, expected: bytes, got: bytes) -> Difference:
    same = next(
        (n for n, (a, b) in enumerate(zip(expected, got, strict=False)) if a != b),
        min(len(expected), len(got)),
    )
    what = "lost" if len(got) < len(expected) else "doubled" if len(got) > len(expected) else "else"
    return Difference(
        what,
        f"{name} has {len(got)} bytes instead of {len(expected)}, and differs at byte {same}: "
        f"{_around(got, same)!r} instead of {_around(expected, same)!r}",
    )


def _around(data: bytes, place: int) -> bytes:
    return data[max(0, place - SHOWN_BYTES) : place + SHOWN_BYTES]


def check_agreement(records: Sequence[Record]) -> Difference | None:
    """Every client was told the same, frame by frame."""
    first, *others = records
    for other in others:
        for one, two in zip(first.told, other.told, strict=False):
            if one.frame != two.frame:
                return Difference("else", f"two clients saw {one.frame} and {two.frame}")
        if len(first.told) != len(other.told):
            return Difference("lost", f"{len(first.told)} and {len(other.told)} events")
    return None


def check_row(play: Play, record: Record, rows: Sequence[dict[str, Any]]) -> Difference | None:
    """One row, with the end that the clients saw."""
    if len(rows) != 1:
        return Difference("doubled" if rows else "lost", f"{len(rows)} rows of one request: {rows}")
    [row], complete = rows, record.complete
    assert complete is not None
    if row["status"] != complete["status"]:
        return Difference("two ends", f"the row has {row['status']}, clients saw {complete}")
    kept = row["transcript"]
    if complete["status"] == "completed" and kept is not None:
        for name, expected in (("stdout", play.stdout), ("stderr", play.stderr)):
            if kept[name] != expected:
                found = _first_difference(f"{name} of the transcript", expected, kept[name])
                return found
    if kept is None and row["worker"]:
        return Difference("lost", f"there is no transcript: {row}")
    return None
