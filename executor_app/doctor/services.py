"""The parts that processes share: Redis, the channel layer, the database, the executors."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from typing import Final

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from redis.exceptions import RedisError

from executor_app.protocol import Complete, FinalStatus, InputResponse
from executor_app.relay import keys, presence
from executor_app.relay.client import client, layer
from executor_app.relay.events import Publisher, read_events
from executor_app.relay.inputs import InputReader, publish_input_response
from executor_app.relay.remains import forget_later

from .findings import Finding

PATIENCE_S: Final = 5.0
START_REDIS = "start Redis, or set REDIS_URL to where it is; `make run` brings its own"


async def look_at_services() -> AsyncIterator[Finding]:
    redis = await look_at_redis()
    yield redis
    if redis.well:
        yield await look_at_the_relay()
    if settings.ROLE == "executor":
        yield Finding("database", "none, as it has to be in an executor")
    else:
        yield await sync_to_async(look_at_the_database)()
    if redis.well:
        for finding in await look_at_executors():
            yield finding


async def look_at_redis() -> Finding:
    began = time.perf_counter()
    try:
        info = await client().info("server")
    except (RedisError, OSError) as error:
        return Finding("Redis", problem=str(error), advice=START_REDIS)
    took = (time.perf_counter() - began) * 1000
    return Finding("Redis", f"version {info['redis_version']}, answered in {took:.1f} ms")


async def look_at_the_relay() -> Finding:
    """One made-up job said and answered through journal and group, both ways."""
    job_id = f"doctor-{uuid.uuid4().hex}"
    began = time.perf_counter()
    try:
        async with asyncio.timeout(PATIENCE_S):
            await _hold_a_conversation(job_id)
    except (RedisError, OSError, TimeoutError, AssertionError) as error:
        return Finding(
            "relay",
            problem=f"a message did not come round: {error!r}",
            advice="see that all processes have the same REDIS_URL and that Redis allows PUBLISH, "
            "SUBSCRIBE and scripts",
        )
    finally:
        await forget_later(job_id)
    took = (time.perf_counter() - began) * 1000
    return Finding("relay", f"output, question, answer and end came round in {took:.1f} ms")


async def _hold_a_conversation(job_id: str) -> None:
    channel = await layer().new_channel()
    await layer().group_add(keys.output_group(job_id), channel)
    publisher = Publisher(job_id, attempt=1, seq=0)
    async with InputReader(job_id) as reader:
        await publisher.publish_output("stdout", "run", b"name? ")
        await publisher.publish_input_request("name? ")
        assert (await layer().receive(channel))["first"] == 1, "the group is out of order"
        answer = InputResponse(type="input_response", data="Ada")
        await publish_input_response(job_id, answer)
        heard = await reader.wait_for_input_response()
        assert heard == answer, "the answer was changed"
    await publisher.publish_complete(Complete(status=FinalStatus.COMPLETED, exit_code=0))
    seqs = [entry.seq async for entry in read_events(job_id, 0)]
    assert seqs == [1, 2, 3], f"the journal has {seqs}"
    await layer().group_discard(keys.output_group(job_id), channel)


def look_at_the_database() -> Finding:
    kind = connection.vendor
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return Finding(
            "database",
            problem=str(error).strip(),
            advice="see that it runs and that DATABASE_URL names it",
        )
    if waiting:
        return Finding(
            "database",
            problem=f"{len(waiting)} migrations are not applied",
            advice="run `python manage.py migrate`",
        )
    return Finding("database", f"{kind}, all migrations applied")


async def look_at_executors() -> list[Finding]:
    there = await presence.executors()
    if not there:
        advice = "start one (`make run`, or the executor's line of the Procfile); its log says more"
        return [Finding("executors", problem="none is connected", advice=advice)]
    findings = []
    for name, facts in there.items():
        offered = [n for n, offer in facts["languages"].items() if not offer["reason"]]
        detail = f"{facts['sandbox']}, {facts['running']} of {facts['slots']} slots used, "
        findings.append(Finding(f"executor {name}", detail + f"offers {', '.join(offered)}"))
        for language, offer in facts["languages"].items():
            if offer["reason"]:
                advice = "install its toolchain on that host and start the executor again"
                findings.append(
                    Finding(f"executor {name}: {language}", problem=offer["reason"], advice=advice)
                )
        findings += [
            Finding(f"executor {name}", problem=warning, weak=True) for warning in facts["warnings"]
        ]
    return findings
