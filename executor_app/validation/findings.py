"""What a check reports: the words of a refusal, where it stands, and how it reaches the person.

The checkers speak in `Hit`s (a file, a byte offset, a construct, a reason), because that is what a
syntax tree knows cheaply. Only the few that are shown become `Finding`s with lines and columns.
"""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

#: One screen of refusals. A person fixes the first and runs again; nobody reads the hundredth.
MAX_FINDINGS = 20


class Policy(enum.StrEnum):
    OFF = "off"
    STANDARD = "standard"
    STRICT = "strict"


@dataclass(frozen=True, slots=True)
class Finding:
    """One refusal. `line` and `column` count from 1; a column counts characters, not bytes."""

    file: str
    line: int
    column: int
    construct: str
    policy: Policy
    message: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a construct is refused (follows its name in a sentence), and what to do instead."""

    why: str
    instead: str


@dataclass(frozen=True, slots=True)
class SourceFile:
    name: str
    code: bytes


class Hit(NamedTuple):
    file: SourceFile
    offset: int
    construct: str
    reason: Reason


class UncheckableError(Exception):
    """The source defeats the parser; carries the one refusal that says so."""

    def __init__(self, file: SourceFile, reason: Reason) -> None:
        super().__init__(reason.why)
        self.hit = Hit(file, 0, file.name, reason)


TOO_DEEP = Reason(
    "nests too deeply to be checked", "Break long chains and nests into smaller steps."
)
TOO_COSTLY = Reason("takes too long to check", "Make the source smaller; read large data as input.")


def findings_from(
    hits: Iterable[Hit], files: Iterable[SourceFile], policy: Policy
) -> list[Finding]:
    """The first `MAX_FINDINGS` hits in reading order, each place and construct once."""
    order = {file: position for position, file in enumerate(files)}
    once = {(order[hit.file], hit.offset, hit.construct): hit for hit in hits}
    return [_finding(once[key], policy) for key in sorted(once)[:MAX_FINDINGS]]


def _finding(hit: Hit, policy: Policy) -> Finding:
    line, column = position(hit.file.code, hit.offset)
    message = (
        f"`{hit.construct}` {hit.reason.why}; the `{policy}` policy does not allow it."
        f" {hit.reason.instead}"
    )
    return Finding(hit.file.name, line, column, hit.construct, policy, message)


def position(code: bytes, offset: int) -> tuple[int, int]:
    """Line and column of a byte offset. Any of the three line ends counts, as in an editor."""
    before = code[:offset].removeprefix(b"\xef\xbb\xbf")
    line = before.count(b"\n") + before.count(b"\r") - before.count(b"\r\n") + 1
    start = max(before.rfind(b"\n"), before.rfind(b"\r")) + 1
    return line, len(before[start:].decode("utf-8", "replace")) + 1
