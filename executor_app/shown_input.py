"""What others give a program, told to a client between the events that it was given between.

A program's terminal does not echo, so who watches would see answers without what was answered.
Told is what a terminal would have shown: no passwords, and nothing to a program that draws what is
typed itself.
"""

from __future__ import annotations

import base64
import time
from collections import deque
from collections.abc import Sequence
from typing import Final

from .protocol import InputGiven, InputRequest, InputResponse, Restarted, Stdin, parse_event
from .relay.events import last_events
from .relay.inputs import JobMessage, told_apart

# Of what was given before somebody came, no more than this is told: the latest.
MOST_BYTES: Final = 1024 * 1024
# Where the last question is looked for, for who comes back in the middle.
LOOK_BACK: Final = 64


class ShownInput:
    """For one client. `after` is the number of the last piece that it has been told of."""

    def __init__(self, typist: str, senders: Sequence[str], after: int = 0) -> None:
        self.last = after
        self._own = {told_apart(typist, sender) for sender in senders}
        self._waiting: deque[tuple[int, int, bytes]] = deque()
        self._waiting_bytes = 0
        # Whether the terminal shows what is typed; None where that is not known.
        self._echoes: bool | None = True

    async def come_in(self, job_id: str, after: int) -> None:
        """For who has the events up to `after`: how the last question wanted its answer."""
        if not after:
            return
        self._echoes = None
        for entry in await last_events(job_id, LOOK_BACK):
            if entry.seq <= after:
                self.saw(entry.frame)

    def hear(self, number: int, message: JobMessage | None, at_ms: int | None = None) -> None:
        """A piece of input, in the order of their numbers; without a time it is from now. What this
        release does not know, the None, is passed over as the executor does."""
        if number <= self.last:  # both journal and group have it
            return
        self.last = number
        if not isinstance(message, InputResponse | Stdin) or message.sender in self._own:
            return
        self.hear_bytes(number, message.raw, at_ms)

    def hear_bytes(self, number: int, raw: bytes, at_ms: int | None = None) -> None:
        at = int(time.time() * 1000) if at_ms is None else at_ms
        self._waiting.append((number, at, raw))
        self._waiting_bytes += len(raw)
        while self._waiting_bytes > MOST_BYTES:
            self._waiting_bytes -= len(self._waiting.popleft()[2])

    def saw(self, frame: str) -> None:
        """The client has been sent this event."""
        if '"type":"input_request"' not in frame[:48] and '"type":"restarted"' not in frame[:48]:
            return
        event = parse_event(frame)
        if isinstance(event, InputRequest):
            self._echoes = event.echo and not event.raw
        elif isinstance(event, Restarted):
            self._echoes = True

    def due(self, before_ms: int | None = None) -> list[InputGiven]:
        """What was given before an event of that time; without one, all."""
        told = []
        while self._waiting and (before_ms is None or self._waiting[0][1] <= before_ms):
            number, _, raw = self._waiting.popleft()
            self._waiting_bytes -= len(raw)
            if self._echoes:
                told.append(_given(number, raw))
        return told


def _given(number: int, raw: bytes) -> InputGiven:
    try:
        return InputGiven(number=number, data=raw.decode("utf-8"))
    except UnicodeDecodeError:
        text = base64.b64encode(raw).decode("ascii")
        return InputGiven(number=number, data=text, encoding="base64")
