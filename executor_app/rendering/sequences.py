"""From what a program wrote to calls on the screen: text, control characters, escape sequences.

pyte's own parser raises on sequences that are merely odd (`ESC [ ? 5 A`, three numbers where it
knows one, a digit that is not ASCII) and takes one character at a time. This one lets through what
it knows, with numbers within bounds, and drops every other sequence whole.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Final

from pyte import modes

from .screen import TranscriptScreen

_TOKEN: Final = re.compile(
    # In pieces, since the time is looked at between two tokens.
    r"(?P<text>[^\x00-\x1f\x7f-\x9f]{1,1000})"
    r"|\x1b\[(?P<params>[0-?]*)(?P<between>[ -/]*)(?P<final>[@-~])"
    # Titles, palettes, links: strings that end with BEL or ST. No such thing is shown.
    r"|(?P<string>\x1b[\]PX^_][^\x07\x18\x1a\x1b]*(?:\x07|\x1b\\))"
    r"|\x1b(?P<escape>[ -/]+[0-~]|[0-OQ-WYZ\\`-~])"
    # One that another sequence cuts off.
    r"|(?P<cut>\x1b\[[0-?]*[ -/]*(?=\x1b))"
    r"|(?P<control>[\x00-\x1f\x7f-\x9f])"
)
_UNFINISHED: Final = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x18\x1a\x1b]*\x1b?|[ -/]*)\Z"
)
# A sequence may be spread over several writes, but no honest one is longer than this.
_SEQUENCE_CHARS: Final = 4096
_MOST_PARAMETERS: Final = 32
_LARGEST: Final = 9999
_FULL_SCREEN: Final = frozenset({47, 1047, 1049})
_PRIVATE_MODES: Final = frozenset({5, 6, 7, 25})

# Methods of the screen that take one number, which counts from 1.
_COUNTED: Final = {
    "@": "insert_characters",
    "A": "cursor_up",
    "B": "cursor_down",
    "C": "cursor_forward",
    "D": "cursor_back",
    "E": "cursor_down1",
    "F": "cursor_up1",
    "G": "cursor_to_column",
    "L": "insert_lines",
    "M": "delete_lines",
    "P": "delete_characters",
    "X": "erase_characters",
    "`": "cursor_to_column",
    "a": "cursor_forward",
    "d": "cursor_to_line",
    "e": "cursor_down",
}
_ESCAPES: Final = {
    "7": "save_cursor",
    "8": "restore_cursor",
    "D": "index",
    "E": "linefeed",
    "H": "set_tab_stop",
    "M": "reverse_index",
    "c": "reset",
}
_CONTROLS: Final = {
    "\b": "backspace",
    "\t": "tab",
    "\n": "linefeed",
    "\v": "linefeed",
    "\f": "linefeed",
    "\r": "carriage_return",
}


class OutOfTimeError(Exception):
    """The page has spent what it may on one transcript."""


class Interpreter:
    """Plays one stream onto a screen; an unfinished sequence waits for the stream's next piece."""

    def __init__(self, screen: TranscriptScreen, deadline: float) -> None:
        self._screen = screen
        self._deadline = deadline
        self._pending = ""
        self._simple: dict[str, Callable[[], None]] = {
            char: getattr(screen, name) for char, name in _CONTROLS.items()
        }

    def feed(self, text: str) -> None:
        """Raises OutOfTimeError, checked at each sequence: some cost far more than their length."""
        # The one-character form of ESC [ .
        text = self._pending + text.replace("\x9b", "\x1b[")
        rest = _UNFINISHED.search(text, max(0, len(text) - _SEQUENCE_CHARS))
        self._pending = rest[0] if rest else ""
        for token in _TOKEN.finditer(text, 0, rest.start() if rest else len(text)):
            if time.monotonic() > self._deadline:
                raise OutOfTimeError
            self._play(token)

    def _play(self, token: re.Match[str]) -> None:
        match token.lastgroup:
            case "text":
                self._screen.draw(token[0])
            case "final":
                self._control_sequence(token["params"], token["between"], token["final"])
            case "escape":
                name = _ESCAPES.get(token["escape"])
                if name is not None:
                    getattr(self._screen, name)()
            case "control":
                simple = self._simple.get(token[0])
                if simple is not None:
                    simple()

    def _control_sequence(self, text: str, between: str, final: str) -> None:
        if between:
            return
        if text[:1] == "?":
            if final in "hl":
                self._private_modes(_numbers(text[1:]), final == "h")
            return
        if text[:1] in ("<", "=", ">"):
            return
        numbers = _numbers(text)
        first = numbers[0] if numbers else 0
        screen = self._screen
        if final in _COUNTED:
            getattr(screen, _COUNTED[final])(first or None)
        elif final == "m":
            screen.select_graphic_rendition(*numbers)
        elif final in "Hf":
            row, column = [*numbers, 0, 0][:2]
            screen.cursor_position(row or None, column or None)
        elif final == "J" and first <= 3:
            screen.erase_in_display(first)
        elif final == "K" and first <= 2:
            screen.erase_in_line(first)
        elif final == "r":
            top, bottom = [*numbers, 0, 0][:2]
            screen.set_margins(top or None, bottom or None)
        elif final == "g":
            screen.clear_tab_stop(first)
        elif final == "s":
            screen.save_cursor()
        elif final == "u":
            screen.restore_cursor()
        elif final in "hl" and modes.IRM in numbers:
            (screen.set_mode if final == "h" else screen.reset_mode)(modes.IRM)

    def _private_modes(self, numbers: list[int], on: bool) -> None:
        known = [number for number in numbers if number in _PRIVATE_MODES]
        if known:
            (self._screen.set_mode if on else self._screen.reset_mode)(*known, private=True)
        if not _FULL_SCREEN.isdisjoint(numbers):
            (self._screen.enter_full_screen if on else self._screen.leave_full_screen)()


def _numbers(text: str) -> list[int]:
    """The parameters of a sequence; `38:2::1:2:3` and `38;2;1;2;3` are the same."""
    numbers: list[int] = []
    for part in text.split(";")[:_MOST_PARAMETERS]:
        head, *others = part.split(":")
        numbers.append(_number(head))
        # `4:3` is a wavy underline: what is to be seen of it is the 4.
        if head in ("38", "48"):
            numbers += [_number(other) for other in others if other]
    return numbers if text else []


def _number(text: str) -> int:
    digits = text.lstrip("0")
    if not digits.isdecimal():
        return 0
    return min(int(digits[:5]), _LARGEST)
