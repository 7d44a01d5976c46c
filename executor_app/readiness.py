"""Whether Codr is well: what `/readyz` says, by which load balancers and operators go."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Mapping
from typing import Any, Final

from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from redis.exceptions import RedisError

from .answers import Checks, ExecutorsCount, QueueLength, Readiness
from .database import visit
from .relay import presence, queue
from .relay.client import client

logger = logging.getLogger(__name__)

QUEUE_FRESH_S: Final = 1.0
# When it was looked at, and what was found.
_last_queue: tuple[float, QueueLength | None] = (0.0, None)

Executors = Mapping[str, Mapping[str, Any]]


async def look() -> Readiness:
    redis = await _redis_answers()
    there = await _executors() if redis == "ok" else None
    database, pending = await _database()
    checks = Checks(redis=redis, database=database, executors=_executors_answer(there))
    return Readiness(
        ready=all(state == "ok" for state in checks.model_dump().values()),
        checks=checks,
        executors=None if there is None else _count(there),
        queue=await _queue() if redis == "ok" else None,
        migrations_pending=pending,
    )


async def _database() -> tuple[str, int | None]:
    try:
        return await visit(_look_at_database)
    except TimeoutError:
        return "the database does not answer in time", None


async def _redis_answers() -> str:
    try:
        await client().ping()
    except (RedisError, OSError) as error:
        return f"Redis does not answer: {type(error).__name__}"
    return "ok"


async def _executors() -> Executors | None:
    try:
        return await presence.executors()
    except (RedisError, OSError):
        return None


def _executors_answer(there: Executors | None) -> str:
    if there is None:
        return "unknown while Redis does not answer"
    usable = [f for f in there.values() if any(not o["reason"] for o in f["languages"].values())]
    return "ok" if usable else "no executor that offers a language is connected"


def _count(there: Executors) -> ExecutorsCount:
    taking = [facts for facts in there.values() if not facts.get("stopping")]
    slots = [(facts.get("slots", 0), facts.get("running", 0)) for facts in taking]
    return ExecutorsCount(
        connected=len(there),
        draining=len(there) - len(taking),
        slots=sum(all_of_them for all_of_them, _ in slots),
        slots_free=sum(max(0, all_of_them - used) for all_of_them, used in slots),
    )


async def _queue() -> QueueLength | None:
    """Anybody may ask as often as they like, and a thousand owners keep Redis busy for 8 ms: what
    was found holds for a moment."""
    global _last_queue
    at, found = _last_queue
    if found is None or time.monotonic() - at > QUEUE_FRESH_S:
        found = await _look_at_queue()
        _last_queue = (time.monotonic(), found)
    return found


async def _look_at_queue() -> QueueLength | None:
    try:
        length, waiting = await queue.length(), await queue.waiting()
    except (RedisError, OSError):
        return None
    return QueueLength(
        jobs=length.jobs,
        owners=length.owners,
        oldest_wait=max((each.oldest_wait_s for each in waiting), default=None),
    )


def _look_at_database() -> tuple[str, int | None]:
    """What is to be said of it, and how many migrations are not applied there."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM executor_app_job LIMIT 1")
        applied = MigrationRecorder(connection).applied_migrations()
    except Exception as error:
        # Whatever the driver raises is the answer here; it is shown without its details.
        logger.exception("/readyz: the database does not answer")
        return f"the database does not answer: {type(error).__name__}", None
    return "ok", len(_migrations() - applied.keys())


@functools.cache
def _migrations() -> frozenset[tuple[str, str]]:
    """All that this version has, by application and name."""
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)
