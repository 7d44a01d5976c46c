"""Whether a socket's client takes what it is sent: the door measures it, the consumer heeds it.

A server's `send` does not wait for its client. What the client leaves unread would pile up in this
process, though the job's journal has it all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

# Under this name the door hands it to the application, as ASGI has it for what is not in its text.
EXTENSION: Final = "codr.outlet"


class Outlet:
    """One socket's way out. Full above `most_bytes`, and then until the client has taken all."""

    def __init__(self, most_bytes: int, unread: Callable[[], int]) -> None:
        self._most_bytes = most_bytes
        self._unread = unread
        self._full = False
        self._room = asyncio.Event()

    @property
    def full(self) -> bool:
        if not self._full and self._unread() > self._most_bytes:
            self._full = True
            self._room.clear()
        return self._full

    def drained(self) -> None:
        """The client has taken all that was here."""
        if self._full:
            self._full = False
            self._room.set()

    async def wait(self) -> None:
        """Until it was full and has been drained, once for each time."""
        await self._room.wait()
        self._room.clear()


def outlet_of(scope: Mapping[str, Any]) -> Outlet:
    """Of this socket; one that is never full where no door of ours stands before it."""
    found = scope.get("extensions", {}).get(EXTENSION)
    return found if isinstance(found, Outlet) else Outlet(0, lambda: 0)
