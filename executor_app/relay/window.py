"""How far a job's output may run ahead of who reads it (flow control by acknowledgement)."""

from __future__ import annotations

import asyncio
from collections import deque


class Window:
    """Counts what was sent and not acknowledged yet, in bytes. For one event loop."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._sent: deque[tuple[int, int]] = deque()
        self._unacknowledged = 0
        self._room = asyncio.Event()
        self._room.set()
        self._open = False

    @property
    def full(self) -> bool:
        return not self._room.is_set()

    def sent(self, seq: int, size: int) -> None:
        """Events up to `seq` were sent, `size` bytes since the last call."""
        self._sent.append((seq, size))
        self._unacknowledged += size
        self._look()

    def acknowledged(self, seq: int) -> None:
        """Everything up to `seq` has been dealt with. An old or repeated one changes nothing."""
        while self._sent and self._sent[0][0] <= seq:
            self._unacknowledged -= self._sent.popleft()[1]
        self._look()

    def open(self) -> None:
        """From now on nothing is held back: the rest is short, or nobody reads any more."""
        self._open = True
        self._look()

    async def wait(self, within_s: float) -> None:
        """Until there is room. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            await self._room.wait()

    def _look(self) -> None:
        if self._open or self._unacknowledged < self._limit:
            self._room.set()
        else:
            self._room.clear()
