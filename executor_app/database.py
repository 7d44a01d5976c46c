"""The web process's visits to the database. None of them keeps anybody waiting for long.

They take turns in one thread. One that the database does not answer holds it up until the kernel
has given the connection up, or we have: a PostgreSQL that is frozen has a kernel that answers for
it, and none of the time-outs of a connection ever runs out. Those behind it are told meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final, ParamSpec, TypeVar

import psycopg
from channels.db import database_sync_to_async
from django.db.backends.signals import connection_created

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")
# A crowd's turns take a second or two, and the kernel gives a connection up after five.
PATIENCE_S: Final = 8.0
# No page and no socket asks for what takes so long. In a web process alone: a migration may.
ANSWER_S: Final = 30.0


def bound_answers() -> None:
    """From now on no connection to PostgreSQL of this process waits longer for an answer."""
    connection_created.connect(_bound, dispatch_uid="bound answers")


def _bound(connection: Any, **_: Any) -> None:
    """`statement_timeout` would be the server's to keep, which is what does not answer."""
    if connection.vendor != "postgresql":
        return
    postgres: psycopg.Connection[Any] = connection.connection
    wait = postgres.wait

    def wait_within(*args: Any, **options: Any) -> Any:
        try:
            return wait(*args, **{**options, "timeout": options.get("timeout") or ANSWER_S})
        except psycopg.errors._WaitTimeout as error:
            postgres.close()  # nobody knows what it is in the middle of
            raise psycopg.OperationalError(
                f"PostgreSQL has not answered for {ANSWER_S:g} s; the connection is given up"
            ) from error

    postgres.wait = wait_within  # type: ignore[method-assign]


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
