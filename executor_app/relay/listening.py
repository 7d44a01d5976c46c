"""The channel layer, whose listener sleeps until there is a message.

Its library's comes back ten times a second to ask for one, which was a third of what a process used
while nothing happened; and for each message it sets a timeout, which nothing needs.
"""

from __future__ import annotations

from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer, RedisSingleShardConnection
from redis.asyncio.client import PubSub


class _Messages(PubSub):
    async def get_message(
        self,
        ignore_subscribe_messages: bool = False,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's
    ) -> Any:
        """Until there is one. What else is sent on this connection does not wait for it."""
        return await super().get_message(ignore_subscribe_messages, timeout=None)


class _Connection(RedisSingleShardConnection):  # type: ignore[misc]
    def _ensure_redis(self) -> None:
        if self._redis is None:
            super()._ensure_redis()
            made: Any = self._redis
            self._pubsub = _Messages(made.connection_pool)


class ChannelLayer(RedisPubSubChannelLayer):  # type: ignore[misc]
    def _get_layer(self) -> Any:
        """The running loop's."""
        layer = super()._get_layer()
        if not isinstance(layer._shards[0], _Connection):  # it has just been made
            layer._shards = [_Connection(shard.host, layer) for shard in layer._shards]
        return layer
