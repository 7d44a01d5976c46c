"""The web process's visits to the database. None of them keeps anybody waiting for long.

They take turns in one thread. One that the database does not answer holds it up until the database
is back, or the kernel has given the connection up; those behind it are told meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, ParamSpec, TypeVar

from channels.db import database_sync_to_async

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")
# A crowd's turns take a second or two, and the kernel gives a connection up after five.
PATIENCE_S: Final = 8.0


async def visit(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Raises TimeoutError. What has begun by then goes on: `work` may still come to its end."""
    async with asyncio.timeout(PATIENCE_S):
        return await database_sync_to_async(work)(*args, **kwargs)


# Those that nobody waits for any more: the loop alone would not keep them.
_late: set[asyncio.Task[None]] = set()


async def visit_or_undo(work: Callable[[], T], undo: Callable[[T], Awaitable[None]]) -> T:
    """The same for what must not happen behind the back of whoever was told that it did not: where
    `work` comes to its end after the TimeoutError, `undo` gets what it returned."""
    visiting = asyncio.ensure_future(database_sync_to_async(work)())
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await asyncio.shield(visiting)
    except TimeoutError:
        undoing = asyncio.create_task(_undo(visiting, undo))
        _late.add(undoing)
        undoing.add_done_callback(_late.discard)
        raise


async def _undo(visiting: asyncio.Future[T], undo: Callable[[T], Awaitable[None]]) -> None:
    try:
        await undo(await visiting)
    except Exception:
        logger.exception("what came too late for the database could not be undone")
