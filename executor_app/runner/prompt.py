"""The question that a program is asking: the unfinished last line that it wrote."""

from __future__ import annotations

import re
import time
from typing import Final

from executor_app.protocol import Stream

# A longer line is no question; what is kept of it is its end.
KEPT_BYTES: Final = 4096
PROMPT_CHARS: Final = 1000
# Output of both streams read within this time has no known order.
ONE_BURST_S: Final = 0.02

# ECMA-48: control sequences (CSI), strings (OSC, DCS, APC, PM, SOS), other escapes.
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)"
    r"|\x1b[ -/]*[0-~]",
    re.DOTALL,
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]")


class Prompt:
    def __init__(self) -> None:
        self._lines: dict[Stream, bytes] = {"stdout": b"", "stderr": b""}
        self._written_at: dict[Stream, float] = {"stdout": 0.0, "stderr": 0.0}
        self._last: Stream = "stdout"

    @property
    def stream(self) -> Stream:
        """The stream that was written last.

        Two terminals have no common order: what was read from both at nearly the same time may
        have been written either way round. Then it is the one whose line is unfinished.
        """
        other: Stream = "stderr" if self._last == "stdout" else "stdout"
        apart = self._written_at[self._last] - self._written_at[other]
        if not self._lines[self._last] and self._lines[other] and apart < ONE_BURST_S:
            return other
        return self._last

    def wrote(self, stream: Stream, data: bytes) -> None:
        self._last = stream
        self._written_at[stream] = time.monotonic()
        newline = data.rfind(b"\n")
        line = data[newline + 1 :] if newline >= 0 else self._lines[stream] + data
        self._lines[stream] = line[-KEPT_BYTES:]

    def answered(self) -> None:
        """What was typed ended the line on the screen, on whichever stream it stood."""
        self._lines = {"stdout": b"", "stderr": b""}

    def text(self) -> str:
        """Plain text, without control sequences; `""` where the last line was finished."""
        return plain_line(self._lines[self.stream].decode("utf-8", "replace"))


def plain_line(text: str) -> str:
    """A line as a terminal shows it after carriage returns, without control sequences."""
    text = _ESCAPES.sub("", text)
    parts = [part for part in text.split("\r") if part]
    return _CONTROLS.sub("", parts[-1] if parts else "")[-PROMPT_CHARS:]
