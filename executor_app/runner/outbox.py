"""What a job says, on its way out: output gathered into pieces, and events, in their order.

Output is gathered for as long as the sink is busy with what came before: an echo leaves at once,
a flood in pieces of 64 KiB. A character of UTF-8 is never cut in two.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from executor_app.protocol import Event, Output, Stage, Stream

Emit = Callable[[Sequence[Event]], Awaitable[None]]

PIECE_BYTES: Final = 64 * 1024
# Past this the program's own writes block until the sink has caught up.
HIGH_WATER_BYTES: Final = 512 * 1024
LOW_WATER_BYTES: Final = 128 * 1024
# One hand-over to the sink: a few pieces cost it little more than one.
BATCH_PIECES: Final = 4
# Beside other jobs a flood goes in single pieces, and rests after each for so many times as long as
# the sink took: that leaves room for everybody's echoes at every step of the way.
REST: Final = 1.0
# How long an event that nobody waits for may wait for company.
PATIENT_S: Final = 0.02


class _Piece:
    __slots__ = ("data", "stage", "stream")

    def __init__(self, stream: Stream, stage: Stage, data: bytes) -> None:
        self.stream = stream
        self.stage = stage
        self.data = bytearray(data)


class Outbox:
    """A queue with one consumer (`run`). `on_room` is called when it is no longer full."""

    def __init__(
        self, emit: Emit, on_room: Callable[[], None], crowded: Callable[[], bool] = lambda: False
    ) -> None:
        """`crowded` says whether other jobs use the same sink now."""
        self._emit = emit
        self._on_room = on_room
        self.crowded = crowded
        self._queue: deque[_Piece | Event] = deque()
        self._bytes = 0
        self._tails: dict[Stream, bytes] = {}
        self._wake = asyncio.Event()
        self._closed = False
        self._room = asyncio.Event()
        self._room.set()
        self._loop = asyncio.get_running_loop()
        # Somebody else who is told of all output, as it was written.
        self.listener: Callable[[Stream, bytes], None] | None = None

    @property
    def full(self) -> bool:
        """Whether reading the program's output has to pause."""
        if self._bytes < HIGH_WATER_BYTES or self._closed:
            return False
        self._room.clear()
        return True

    async def wait_for_room(self) -> None:
        await self._room.wait()

    def write(self, stream: Stream, stage: Stage, data: bytes) -> None:
        """Takes output; the bytes of a character that has not ended wait for the rest."""
        if self.listener is not None:
            self.listener(stream, data)
        whole, tail = _split_utf8(self._tails.pop(stream, b"") + data)
        if tail:
            self._tails[stream] = tail
        if whole:
            self._put_bytes(stream, stage, whole)

    def flush_tails(self, stage: Stage) -> None:
        """Nothing more will come for now: let go of characters that never ended."""
        for stream, tail in self._tails.items():
            self._put_bytes(stream, stage, tail)
        self._tails.clear()

    def put(self, event: Event, *, patient: bool = False) -> None:
        """An event after all output so far. A patient one leaves with the next, or soon."""
        if self._closed:
            return
        self._queue.append(event)
        if patient:
            self._loop.call_later(PATIENT_S, self._wake.set)
        else:
            self._wake.set()

    def close(self) -> None:
        """No more will be put; `run` returns when everything has gone."""
        self._closed = True
        self._wake.set()

    async def run(self) -> None:
        """Raises what `emit` raises; after that everything put is dropped."""
        try:
            while not (self._closed and not self._queue):
                await self._wake.wait()
                self._wake.clear()
                while self._queue:
                    await self._emit_some()
                    if self._bytes <= LOW_WATER_BYTES:
                        self._make_room()
        finally:
            self._closed = True
            self._make_room()

    async def _emit_some(self) -> None:
        if self._bytes <= PIECE_BYTES or not self.crowded():
            await self._emit(self._take(BATCH_PIECES))
            return
        began = self._loop.time()
        await self._emit(self._take(1))
        await asyncio.sleep(REST * (self._loop.time() - began))

    def _make_room(self) -> None:
        if not self._room.is_set():
            self._room.set()
            self._on_room()

    def _put_bytes(self, stream: Stream, stage: Stage, data: bytes) -> None:
        while len(data) > PIECE_BYTES:
            # Behind a whole character: a byte that goes on with one is 10xxxxxx.
            cut = next(
                (n for n in range(PIECE_BYTES, PIECE_BYTES - 4, -1) if data[n] & 0xC0 != 0x80),
                PIECE_BYTES,
            )
            self._put_piece(stream, stage, data[:cut])
            data = data[cut:]
        self._put_piece(stream, stage, data)

    def _put_piece(self, stream: Stream, stage: Stage, data: bytes) -> None:
        if self._closed:
            return
        self._bytes += len(data)
        last = self._queue[-1] if self._queue else None
        if (
            isinstance(last, _Piece)
            and last.stream == stream
            and last.stage == stage
            and len(last.data) + len(data) <= PIECE_BYTES
        ):
            last.data += data
        else:
            self._queue.append(_Piece(stream, stage, data))
        self._wake.set()

    def _take(self, most: int) -> list[Event]:
        batch: list[Event] = []
        pieces = 0
        while self._queue and pieces < most:
            item = self._queue.popleft()
            if isinstance(item, _Piece):
                self._bytes -= len(item.data)
                pieces += 1
                batch.append(Output.of(item.stream, item.stage, bytes(item.data)))
            else:
                batch.append(item)
        return batch


def _split_utf8(data: bytes) -> tuple[bytes, bytes]:
    """`data` without, and only, the beginning of a last character that has not ended."""
    for back in range(1, min(3, len(data)) + 1):
        byte = data[-back]
        if byte < 0x80:
            break
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            # 0xF5 and above begin no character.
            return (data[:-back], data[-back:]) if byte < 0xF5 and length > back else (data, b"")
    return data, b""
