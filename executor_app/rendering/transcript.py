"""A transcript as HTML: what was on the person's terminal, and who had written it."""

from __future__ import annotations

import base64
import binascii
import logging
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final, NamedTuple, get_args

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from .screen import Cell, Line, Origin, TranscriptScreen
from .sequences import Interpreter, OutOfTimeError

logger = logging.getLogger(__name__)

# What one page draws of a transcript: its beginning and, since that is where a program says why
# it failed, more of its end. The rest is in the download.
HEAD_CHARS: Final = 64 * 1024
TAIL_CHARS: Final = 192 * 1024
HTML_CHARS: Final = 2 * 1024 * 1024
TIME_S: Final = 2.0
# The time is looked at between two such pieces.
DRAWN_AT_ONCE: Final = 1000

_ORIGINS: Final = frozenset(get_args(Origin))
_TITLES: Final = {"compile": "The compiler", "run": "The program"}
# pyte's names; its yellow is brown, and one of its names has a slip.
_COLOURS: Final = {
    name: name.replace("brown", "yellow").replace("bf", "b")
    for base in ("black", "red", "green", "brown", "blue", "magenta", "cyan", "white")
    for name in (base, f"bright{base}")
} | {"bfightmagenta": "brightmagenta"}
_RGB: Final = re.compile(r"[0-9a-f]{6}")
_UNSEEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


Item = Mapping[str, Any]


class Piece(NamedTuple):
    origin: Origin
    stage: str
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """One terminal. `remarks` say what of it is not to be seen."""

    title: str
    html: SafeString
    remarks: Sequence[str] = field(default_factory=list)


def raw(item: Item) -> bytes:
    """The bytes of one transcript entry."""
    data = item.get("data")
    if not isinstance(data, str):
        return b""
    if item.get("encoding") == "base64":
        try:
            return base64.b64decode(data)
        except (binascii.Error, ValueError):
            return b""
    return data.encode("utf-8", "replace")


def render(items: Sequence[Item], time_s: float = TIME_S) -> list[Block]:
    """A block for each stage that has something to show."""
    deadline = time.monotonic() + time_s
    pieces = _within_bounds(items)
    blocks = []
    for stage, title in _TITLES.items():
        said = [piece for piece in pieces if piece.stage == stage]
        if said:
            blocks.append(_block(title, said, deadline))
    return blocks


def _piece(item: Item) -> Piece | None:
    origin: Any = item.get("stream")
    text = raw(item).decode("utf-8", "replace")
    if origin not in _ORIGINS or not text:
        return None
    return Piece(origin, "compile" if item.get("stage") == "compile" else "run", text)


def _within_bounds(items: Iterable[Item]) -> list[Piece]:
    """All pieces, or those at both ends."""
    pieces = [piece for item in items if (piece := _piece(item)) is not None]
    left_out = sum(len(piece.text) for piece in pieces) - HEAD_CHARS - TAIL_CHARS
    if left_out <= 0:
        return pieces
    head = list(_first(pieces, HEAD_CHARS, from_end=False))
    tail = list(_first(reversed(pieces), TAIL_CHARS, from_end=True))[::-1]
    note = f"{left_out} characters are not drawn here; the downloads have them"
    return [*head, Piece("note", tail[0].stage, note), *tail]


def _first(pieces: Iterable[Piece], chars: int, *, from_end: bool) -> Iterator[Piece]:
    for piece in pieces:
        if len(piece.text) >= chars:
            yield piece._replace(text=piece.text[-chars:] if from_end else piece.text[:chars])
            return
        chars -= len(piece.text)
        yield piece


def _block(title: str, pieces: Sequence[Piece], deadline: float) -> Block:
    screen = TranscriptScreen()
    remarks: list[str] = []
    try:
        left = _play(screen, pieces, deadline)
        if left:
            remarks.append(
                f"Drawing this took too long: up to {left} characters at its end are not shown. "
                "The downloads have them."
            )
        html, hidden = _html(screen.all_lines)
    except Exception:
        # Whatever a program found to say, the page stays usable.
        logger.exception("a transcript could not be drawn")
        return Block(title, _plain(pieces), ["This could not be drawn as a terminal would."])
    if hidden or screen.lines_gone:
        remarks.append(
            f"The first {hidden + screen.lines_gone} lines are not shown. The downloads have them."
        )
    if screen.was_cleared:
        remarks.append(
            "The program cleared its screen. What stood there before is in the downloads."
        )
    return Block(title, html, remarks)


def _play(screen: TranscriptScreen, pieces: Sequence[Piece], deadline: float) -> int:
    """Plays the pieces; how many characters there was no time for."""
    streams = {name: Interpreter(screen, deadline) for name in ("stdout", "stderr")}
    for position, piece in enumerate(pieces):
        screen.write_as(piece.origin)
        try:
            if piece.origin in streams:
                streams[piece.origin].feed(piece.text)
            elif not screen.is_full_screen:
                _write_ours(screen, piece, deadline)
        except OutOfTimeError:
            return sum(len(piece.text) for piece in pieces[position:])
    return 0


def _write_ours(screen: TranscriptScreen, piece: Piece, deadline: float) -> None:
    """Input where it was typed, since the terminal did not echo it; a note on its own line."""
    attributes = screen.cursor.attrs
    screen.cursor.attrs = Cell(" ", origin=piece.origin)
    if piece.origin == "note":
        screen.start_line()
        screen.draw(f"── {_UNSEEN.sub('', piece.text)} ──")
        screen.linefeed()
    else:
        screen.prompt_was_no_error()
        for line in piece.text.splitlines(keepends=True):
            shown = _visible(line.rstrip("\r\n"))
            for start in range(0, len(shown), DRAWN_AT_ONCE):
                if time.monotonic() > deadline:
                    raise OutOfTimeError
                screen.draw(shown[start : start + DRAWN_AT_ONCE])
            if line[-1] in "\r\n":
                screen.linefeed()
    screen.cursor.attrs = attributes


def _visible(text: str) -> str:
    """Keys that are no characters, as terminals show them: ^C, ^[[A."""
    return _UNSEEN.sub(lambda found: _caret(found[0]), text).replace("\t", "    ")


def _caret(char: str) -> str:
    code = ord(char)
    return f"^{chr(code ^ 0x40)}" if code < 0x80 else ""


# --- the screen as HTML -------------------------------------------------------------------------


def _html(lines: Sequence[Line]) -> tuple[SafeString, int]:
    """The markup of the lines, and how many at the beginning there was no room for."""
    drawn: list[str] = []
    room = HTML_CHARS
    for line in reversed(lines):
        markup = _line(line)
        room -= len(markup) + 1
        if room < 0:
            break
        drawn.append(markup)
    # Every character of theirs went through `escape` in `_line`.
    return mark_safe("\n".join(reversed(drawn))), len(lines) - len(drawn)


def _line(line: Line) -> str:
    if not line:
        return ""
    width = max(line) + 1
    blank = Cell(" ")
    cells = [line.get(x, blank) for x in range(width)]
    while cells and _is_blank(cells[-1]):
        cells.pop()
    runs = groupby(cells, key=lambda cell: cell[1:])
    return "".join(_span(list(run)) for _, run in runs)


def _is_blank(cell: Cell) -> bool:
    return cell.data in (" ", "") and cell.bg == "default" and not cell.reverse


def _span(cells: Sequence[Cell]) -> str:
    text = escape("".join(cell.data for cell in cells))
    classes, style = _look(cells[0])
    if not classes and not style:
        return text
    attributes = f' class="{" ".join(classes)}"' if classes else ""
    attributes += f' style="{style}"' if style else ""
    return f"<span{attributes}>{text}</span>"


def _look(cell: Cell) -> tuple[list[str], str]:
    """Classes and style from fixed words and six checked digits: nothing of a program's gets in."""
    classes = [] if cell.origin == "stdout" else [f"t-{cell.origin}"]
    flags = ("bold", "italics", "underscore", "strikethrough", "reverse")
    classes += [f"t-{flag}" for flag in flags if getattr(cell, flag)]
    style = []
    front, back = (cell.bg, cell.fg) if cell.reverse else (cell.fg, cell.bg)
    for kind, rule, colour in (("fg", "color", front), ("bg", "background-color", back)):
        if colour in _COLOURS:
            classes.append(f"t-{kind}-{_COLOURS[colour]}")
        elif _RGB.fullmatch(colour):
            style.append(f"{rule}:#{colour}")
    return classes, ";".join(style)


def _plain(pieces: Sequence[Piece]) -> SafeString:
    text = "".join(piece.text for piece in pieces)
    return escape(_UNSEEN.sub("", text))
