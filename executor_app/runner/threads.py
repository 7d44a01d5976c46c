"""Work that waits for the kernel, in a thread, so that the one event loop of all jobs does not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def make_in_thread(make: Callable[[], T], undo: Callable[[T], object]) -> T:
    """What `make` makes. Cancelled meanwhile, it sees the end of it and has it undone."""
    making = asyncio.get_running_loop().run_in_executor(None, make)
    try:
        return await asyncio.shield(making)
    except asyncio.CancelledError:
        await asyncio.wait([making])
        if not making.exception():
            await asyncio.to_thread(undo, making.result())
        raise
