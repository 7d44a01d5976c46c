"""One Redis connection pool for each event loop, and the channel layer."""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
import time
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, Final, TypeVar

import redis.asyncio
import uvloop
from channels.layers import get_channel_layer
from redis.exceptions import ConnectionError, TimeoutError

from executor_app.conf import keepalive, redis_url

logger = logging.getLogger(__name__)

T = TypeVar("T")
# Who asks for more at once is failed; the library's own bound, 100, is less than a class that
# presses Run together. A pool that waits instead costs each command 60 microseconds.
MOST_CONNECTIONS: Final = 1000
CANCEL_AGAIN_S: Final = 0.5
# How long an executor waits for a Redis that is away before it gives a job up, with its output.
PATIENCE_S: Final = 60.0
FIRST_PAUSE_S: Final = 0.05
LONGEST_PAUSE_S: Final = 2.0

_clients: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, redis.asyncio.Redis] = (
    weakref.WeakKeyDictionary()
)


class _Connection(redis.asyncio.Connection):
    """Sees that the other side has closed it before it is used, and not by losing a command.

    After a restart of Redis the first command of every connection in the pool would fail, and a
    command that appends must not simply be sent again. The pool asks `can_read` of each connection
    that it hands out, and makes a new one where that raises ConnectionError.
    """

    async def can_read(self, *args: Any, **options: Any) -> bool:
        reader, writer = self._reader, self._writer
        if reader is None or writer is None or reader.at_eof() or writer.is_closing():
            raise ConnectionError("the other side has closed this connection")
        return bool(await super().can_read(*args, **options))


def client() -> Any:
    """The running loop's client. Answers are bytes, which its own types do not know."""
    loop = asyncio.get_running_loop()
    found = _clients.get(loop)
    if found is None:
        found = redis.asyncio.Redis.from_url(
            redis_url(),
            connection_class=_Connection,
            max_connections=MOST_CONNECTIONS,
            health_check_interval=30,
            socket_keepalive=True,
            socket_keepalive_options=keepalive(),
        )
        _clients[loop] = found
    return found


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    """For threads without a loop, such as Celery's: runs `work` on one that is kept for them.

    A loop for each call, as `async_to_sync` makes them, would be a new connection each time.
    """
    with _background_lock:
        loop = _background_loop()
    return asyncio.run_coroutine_threadsafe(work, loop).result()


_background_lock = threading.Lock()


@functools.cache
def _background_loop() -> asyncio.AbstractEventLoop:
    loop = uvloop.new_event_loop()
    threading.Thread(target=loop.run_forever, name="relay", daemon=True).start()
    return loop


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Tries again while Redis is away, for `PATIENCE_S`; doing `work` twice has to be harmless."""
    deadline = time.monotonic() + PATIENCE_S
    pause = FIRST_PAUSE_S
    while True:
        try:
            return await work()
        except (ConnectionError, TimeoutError, OSError) as error:
            if time.monotonic() > deadline:
                raise
            logger.warning("Redis does not answer, trying again in %.2f s: %s", pause, error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)


async def end_tasks(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancels them until they are over.

    Once may not be enough: where a cancel comes as a timeout runs out, which the library of Redis
    sets to nothing for each connection that it takes, asyncio can take it for that of the timeout.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)
        for task in done:
            if not task.cancelled():
                task.exception()  # which nobody asks for any more


def layer() -> Any:
    found = get_channel_layer()
    assert found is not None, "CHANNEL_LAYERS has no default"
    return found


_listening: weakref.WeakSet[asyncio.AbstractEventLoop] = weakref.WeakSet()


async def keep_listening() -> None:
    """Subscribes the running loop to something, once and for good.

    While nothing is subscribed the layer looks ten times a second whether that has changed, and
    the first event of a job would wait for it.
    """
    loop = asyncio.get_running_loop()
    if loop not in _listening:
        await layer().new_channel()
        _listening.add(loop)


def group_channel(group: str) -> str:
    """Where the layer publishes for a group. It has no public name for that."""
    channel: str = layer()._get_group_channel_name(group)
    return channel
