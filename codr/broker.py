"""Celery's way to Redis: kombu's, with one client for each channel.

kombu makes a new client for each thing that it says to Redis, with a table of some hundred answers
each time, which was a fifth of what a message cost. A client has no state but its pool, and may be
used by several threads.
"""

from __future__ import annotations

from typing import Any, Final

from kombu.transport import TRANSPORT_ALIASES, redis


class Channel(redis.Channel):
    _kept: Any = None

    def _create_client(self, asynchronous: bool = False) -> Any:
        if asynchronous:
            # Holds the connection that waits for the next message.
            return super()._create_client(asynchronous)  # type: ignore[misc]
        client, pool = self._kept, self.pool
        # A channel that was closed, or came over a fork, has another pool.
        if client is None or client.connection_pool is not pool:
            client = self._kept = super()._create_client()  # type: ignore[misc]
        return client

    def _disconnect_pools(self) -> None:
        self._kept = None
        super()._disconnect_pools()  # type: ignore[misc]


class Transport(redis.Transport):
    Channel = Channel


NAME: Final = f"{__name__}:{Transport.__name__}"


def use() -> None:
    """From now on, for the addresses of Redis."""
    # Not by Celery's `broker_transport`, which would keep the scheme, and with it TLS, from kombu.
    TRANSPORT_ALIASES.update({"redis": NAME, "rediss": NAME})
