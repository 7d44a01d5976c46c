"""The terminal's screen: pyte's, with a scrollback, and with who wrote each character.

pyte's own `HistoryScreen` wraps every call, and its `draw` gives up at the first character without
a width and lets combining characters pile up on one cell without a bound; hence ours.
"""

from __future__ import annotations

import copy
import unicodedata
from collections import deque
from typing import Any, Final, Literal, NamedTuple

from pyte import modes
from pyte.screens import Margins, Screen, wcwidth

# What a client gets that names no size of its own; a job's row does not keep the size it had.
COLUMNS: Final = 80
ROWS: Final = 24
SCROLLBACK: Final = 5000
# More marks than any script puts on one letter.
CELL_CHARS: Final = 8
ZERO_WIDTH_JOINER: Final = "\u200d"

Origin = Literal["stdout", "stderr", "input", "note"]


class Cell(NamedTuple):
    """One character on the screen: pyte's fields, and where the character came from."""

    data: str
    fg: str = "default"
    bg: str = "default"
    bold: bool = False
    italics: bool = False
    underscore: bool = False
    strikethrough: bool = False
    reverse: bool = False
    blink: bool = False
    origin: Origin = "stdout"


Line = dict[int, Cell]


class TranscriptScreen(Screen):
    """`origin` is who writes now; `lines_gone` counts what the scrollback could not keep."""

    # pyte declares its own cells for both; all of ours are `Cell`.
    buffer: Any
    cursor: Any

    def __init__(self) -> None:
        self.origin: Origin = "stdout"
        self.scrollback: deque[Line] = deque(maxlen=SCROLLBACK)
        self.lines_gone = 0
        self.was_cleared = False
        self._primary: list[Line] | None = None
        super().__init__(COLUMNS, ROWS)

    @property
    def default_char(self) -> Cell:  # type: ignore[override]
        return Cell(" ", reverse=modes.DECSCNM in self.mode, origin=self.origin)

    @property
    def all_lines(self) -> list[Line]:
        """The scrollback and the screen down to the last line that has something on it."""
        used = [y for y, line in self.buffer.items() if line and y < self.lines]
        shown = [self.buffer[y] for y in range(max([*used, self.cursor.y]) + 1)]
        return [*self.scrollback, *shown]

    @property
    def is_full_screen(self) -> bool:
        """The program draws on the other screen, as editors and games do."""
        return self._primary is not None

    def write_as(self, origin: Origin) -> None:
        self.origin = origin
        self.cursor.attrs = self.cursor.attrs._replace(origin=origin)

    def start_line(self) -> None:
        if self.cursor.x:
            self.linefeed()

    def prompt_was_no_error(self) -> None:
        """The unfinished line is a question after all: CPython's `input()` asks on stderr."""
        line = self.buffer[self.cursor.y]
        for x, cell in list(line.items()):
            if cell.origin == "stderr":
                line[x] = cell._replace(origin="stdout")

    # --- what pyte does otherwise, or not at all -------------------------------------------------

    def reset(self) -> None:
        if self.scrollback or any(self.buffer.values()):
            self.was_cleared = True
        super().reset()
        self._primary = None
        self.cursor.attrs = self.default_char
        self.savepoints.clear()

    def draw(self, data: str) -> None:
        if self.cursor.attrs.origin != self.origin:
            self.write_as(self.origin)
        if data.isascii() and modes.DECAWM in self.mode and modes.IRM not in self.mode:
            self._draw_ascii(data)
            return
        for char in data:
            self._draw_char(char)

    def _draw_ascii(self, data: str) -> None:
        make = self.cursor.attrs._replace
        cells = {char: make(data=char) for char in set(data)}
        position = 0
        while position < len(data):
            if self.cursor.x >= self.columns:
                self.linefeed()
            room = self.columns - self.cursor.x
            part = data[position : position + room]
            line = self.buffer[self.cursor.y]
            self._part_wide(line, self.cursor.x, self.cursor.x + len(part))
            line.update(zip(range(self.cursor.x, self.columns), map(cells.get, part), strict=False))
            self.cursor.x += len(part)
            position += len(part)

    def _draw_char(self, char: str) -> None:
        width = wcwidth(char)
        if width <= 0:
            self._combine(char)
            return
        if self.cursor.x + width > self.columns:
            if modes.DECAWM in self.mode:
                self.linefeed()
            else:
                self.cursor.x = self.columns - width
        if modes.IRM in self.mode:
            self.insert_characters(width)
        line = self.buffer[self.cursor.y]
        self._part_wide(line, self.cursor.x, self.cursor.x + width)
        line[self.cursor.x] = self.cursor.attrs._replace(data=char)
        if width == 2:
            line[self.cursor.x + 1] = self.cursor.attrs._replace(data="")
        self.cursor.x += width

    def _part_wide(self, line: Line, start: int, end: int) -> None:
        """Of a wide character that is written over by half the other half becomes blank."""
        for x, other in ((start, start - 1), (end, end)):
            half = line.get(x)
            if half is not None and not half.data:
                line[other] = half._replace(data=" ")

    def _combine(self, char: str) -> None:
        """Marks join the character before them. What has no width and is no mark is not drawn:
        among it is what turns the direction of a line round."""
        if unicodedata.category(char) not in ("Mn", "Me") and char != ZERO_WIDTH_JOINER:
            return
        line = self.buffer[self.cursor.y]
        for x in (self.cursor.x - 1, self.cursor.x - 2):
            before = line.get(x)
            if before is not None and before.data:
                if len(before.data) < CELL_CHARS:
                    line[x] = before._replace(data=before.data + char)
                return

    def linefeed(self) -> None:
        """A new line from its beginning: the jobs' terminals leave the carriage return to us."""
        self.index()
        self.carriage_return()

    def index(self) -> None:
        if self.margins is not None or self.cursor.y < self.lines - 1:
            if self.margins is not None and self._leaves_the_top():
                self._keep(self.buffer[0])
            super().index()
            return
        # The usual case by itself: pyte moves every row, also those with nothing on them.
        self._keep(self.buffer.pop(0, {}))
        moved = {y - 1: line for y, line in self.buffer.items()}
        self.buffer.clear()
        self.buffer.update(moved)

    def _leaves_the_top(self) -> bool:
        top, bottom = self.margins or Margins(0, self.lines - 1)
        return top == 0 and self.cursor.y == bottom

    def _keep(self, line: Line) -> None:
        if self.is_full_screen:
            return
        if len(self.scrollback) == SCROLLBACK:
            self.lines_gone += 1
        self.scrollback.append(line)

    def insert_characters(self, count: int | None = None) -> None:
        super().insert_characters(count)
        # pyte keeps one column too many.
        self.buffer[self.cursor.y].pop(self.columns, None)

    def cursor_to_line(self, line: int | None = None) -> None:
        # pyte's takes for granted that there are margins where the origin is relative to them.
        top = self.margins.top if self.margins and modes.DECOM in self.mode else 0
        self.cursor.y = top + (line or 1) - 1
        self.ensure_vbounds()

    # What is erased keeps the background colour, as on the terminals of today, and no more.

    def erase_characters(self, count: int | None = None) -> None:
        self._erase(self.cursor.y, self.cursor.x, self.cursor.x + (count or 1))

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:
        x = min(self.cursor.x, self.columns - 1)
        start, end = ((x, self.columns), (0, x + 1), (0, self.columns))[how]
        self._erase(self.cursor.y, start, end)

    def erase_in_display(self, how: int = 0, *args: object, **kwargs: object) -> None:
        y = self.cursor.y
        if how == 3:
            # The scrollback alone, as in xterm.
            self._note_clearing(bool(self.scrollback))
            self.scrollback.clear()
            return
        if how == 2 or (how == 0 and (self.cursor.x, y) == (0, 0)):
            self._note_clearing(any(self.buffer.values()))
        for line in (range(y + 1, self.lines), range(y), range(self.lines))[how]:
            self._erase(line, 0, self.columns)
        if how < 2:
            self.erase_in_line(how)

    def _note_clearing(self, something: bool) -> None:
        if something and not self.is_full_screen:
            self.was_cleared = True

    def _erase(self, y: int, start: int, end: int) -> None:
        blank = self.default_char._replace(bg=self.cursor.attrs.bg)
        line = self.buffer[y]
        end = min(end, self.columns)
        self._part_wide(line, start, end)
        if blank == line.default:
            for x in range(start, end):
                line.pop(x, None)
        else:
            line.update(dict.fromkeys(range(start, end), blank))

    # One saved place, as terminals have, and not a stack that a program can make grow.

    def save_cursor(self) -> None:
        self.savepoints.clear()
        super().save_cursor()

    def restore_cursor(self) -> None:
        kept = copy.deepcopy(self.savepoints)
        super().restore_cursor()
        self.savepoints = kept

    def enter_full_screen(self) -> None:
        if self._primary is None:
            self.save_cursor()
            self._primary = [self.buffer[y] for y in range(self.lines)]
            self.buffer.clear()

    def leave_full_screen(self) -> None:
        if self._primary is not None:
            self.buffer.clear()
            self.buffer.update(enumerate(self._primary))
            self._primary = None
            self.restore_cursor()
