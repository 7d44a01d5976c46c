"""Who is there: executors by heartbeat, viewers by presence.

Each is a key that expires, written anew by whoever it speaks for.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from executor_app.conf import conf

from . import keys
from .client import client
from .leases import WELL, well_ms
from .scripts import Script

HEARTBEAT_S: Final = 2.0
# Three heartbeats may be lost before an executor counts as gone.
EXECUTOR_KEPT_S: Final = 4 * HEARTBEAT_S

# KEYS: since when executors have reached Redis. ARGV: for how long they must have; presences, in
# one. Which of these are not there, counted from 0.
ABANDONED: Final = Script(
    WELL
    + """
local gone = {}
for i, presence in ipairs(cjson.decode(ARGV[2])) do
  if redis.call('EXISTS', presence) == 0 then table.insert(gone, i - 1) end
end
return gone
"""
)

# KEYS: executors. ARGV: prefix of announcements, names. One may have come back meanwhile.
FORGET: Final = Script("""
for i = 2, #ARGV do
  if redis.call('EXISTS', ARGV[1] .. ARGV[i]) == 0 then redis.call('SREM', KEYS[1], ARGV[i]) end
end
""")


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What an executor last announced, and how long ago that was."""

    facts: dict[str, Any]
    age_s: float


async def announce_executor(name: str, facts: dict[str, Any]) -> None:
    """`facts`: languages with versions, sandbox, slots; see `executor.py`."""
    async with client().pipeline(transaction=False) as pipe:
        pipe.set(keys.executor(name), json.dumps(facts), px=int(EXECUTOR_KEPT_S * 1000))
        pipe.sadd(keys.EXECUTORS, name)
        await pipe.execute()


async def remove_executor(name: str) -> None:
    async with client().pipeline(transaction=False) as pipe:
        pipe.delete(keys.executor(name))
        pipe.srem(keys.EXECUTORS, name)
        await pipe.execute()


async def executors() -> dict[str, dict[str, Any]]:
    """The executors that are there now, by name."""
    return {name: heard.facts for name, heard in (await heartbeats()).items()}


async def heartbeats() -> dict[str, Heartbeat]:
    """The same with the age of each announcement: it is what of its time in Redis has gone."""
    redis = client()
    names = sorted(name.decode() for name in await redis.smembers(keys.EXECUTORS))
    if not names:
        return {}
    async with redis.pipeline(transaction=False) as pipe:
        pipe.mget([keys.executor(name) for name in names])
        for name in names:
            pipe.pttl(keys.executor(name))
        values, *left_ms = await pipe.execute()
    gone = [name for name, value in zip(names, values, strict=True) if value is None]
    if gone:
        await FORGET.run([keys.EXECUTORS], [keys.executor(""), *gone])
    return {
        name: Heartbeat(json.loads(value), max(0.0, EXECUTOR_KEPT_S - max(0, left) / 1000))
        for name, value, left in zip(names, values, left_ms, strict=True)
        if value is not None
    }


async def be_present(job_id: str) -> None:
    """Somebody follows the job; to be said again well within the grace period."""
    await client().set(keys.presence(job_id), b"1", px=int(conf().client_grace_s * 1000))


async def abandoned(job_ids: Sequence[str], *, well_for_s: float | None = None) -> set[str]:
    """Which of these jobs nobody has followed for the grace period.

    `well_for_s`: none before executors have reached Redis for so long without a pause. In an outage
    whoever follows a job cannot say so, and a Redis that lost its memory has forgotten all of them.
    """
    if not job_ids:
        return set()
    presences = json.dumps([keys.presence(job_id) for job_id in job_ids])
    places = await ABANDONED.run([keys.WELL_SINCE], [well_ms(well_for_s), presences])
    return {job_ids[place] for place in places}
