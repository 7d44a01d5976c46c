"""Where the `limits` library keeps its windows: in our Redis, over connections that are there."""

from __future__ import annotations

import weakref
from typing import Any

from limits.aio.storage import RedisStorage

from . import keys
from .client import client

# Making one takes half a millisecond; each belongs to a client, and so to a loop.
_storages: weakref.WeakKeyDictionary[Any, RedisStorage] = weakref.WeakKeyDictionary()


def storage() -> RedisStorage:
    own = client()
    if own not in _storages:
        # The address is parsed and not used, since there are connections already.
        _storages[own] = RedisStorage(
            "redis://",
            implementation="redispy",
            key_prefix=keys.WINDOWS_PREFIX,
            connection_pool=own.connection_pool,
        )
    return _storages[own]
