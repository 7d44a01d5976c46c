"""Who holds which job: an executor, in one attempt, for as long as it goes on saying so.

What an executor has taken stays here with its order until the job is over, so that another can take
it up. All times are Redis's own clock: hosts need not agree about theirs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from executor_app.conf import conf

from . import keys
from .events import FORGOTTEN_S
from .scripts import Script

# Executors come once a second; what is shorter is no pause.
SHORTEST_PAUSE_MS: Final = 1500

NOW: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""

# The first key is since when executors have reached Redis, and the first argument for how long they
# must have, without a pause (`well_ms`); else the answer is none. In one step with the look itself:
# between two there may be an outage, after which every lease has run out and nobody is there.
WELL: Final = (
    NOW
    + """
local since = redis.call('GET', KEYS[1])
if (since and now - since or -1) < tonumber(ARGV[1]) then return {} end
"""
)

# KEYS: leases, since when executors have reached Redis. ARGV: prefix of held jobs, of orders,
# executor, lease's milliseconds, the longest pause, then in one (a thousand arguments take a client
# longer than their answer) job and attempt in pairs. Who comes back from the dead finds another's
# name, or a later attempt.
HOLD: Final = Script(
    NOW
    + """
local missing, lost, said = {}, {}, cjson.decode(ARGV[6])
for i = 1, #said, 2 do
  local job, attempt = said[i], said[i + 1]
  local held = redis.call('HMGET', ARGV[1] .. job, 'executor', 'attempt')
  if held[1] == ARGV[3] and held[2] == attempt then
    redis.call('ZADD', KEYS[1], now + ARGV[4], job)
  elseif held[1] or redis.call('EXISTS', ARGV[2] .. job) == 1 then
    table.insert(lost, job)
  else
    table.insert(missing, job)
  end
end
local since = redis.call('GET', KEYS[2]) or string.format('%d', now)
redis.call('SET', KEYS[2], since, 'PX', ARGV[5])
return {missing, lost}
"""
)

# KEYS: leases, held job, order. ARGV: job, owner, order, attempt, executor, milliseconds, expiry.
RESTORE: Final = Script(
    NOW
    + """
if redis.call('EXISTS', KEYS[2], KEYS[3]) > 0 then return 0 end
redis.call('HSET', KEYS[2], 'owner', ARGV[2], 'order', ARGV[3], 'attempt', ARGV[4],
           'executor', ARGV[5])
redis.call('EXPIRE', KEYS[2], ARGV[7])
redis.call('ZADD', KEYS[1], now + ARGV[6], ARGV[1])
return 1
"""
)

# KEYS: leases, held job. ARGV: job, executor, attempt; "" and 0 are anybody's.
RELEASE: Final = Script("""
local held = redis.call('HMGET', KEYS[2], 'executor', 'attempt')
if ARGV[2] ~= '' and (held[1] ~= ARGV[2] or held[2] ~= ARGV[3]) then return 0 end
redis.call('DEL', KEYS[2])
redis.call('ZREM', KEYS[1], ARGV[1])
return 1
""")

# KEYS: leases. ARGV: jobs. Those whose lease has not run out.
ALIVE: Final = Script(
    NOW
    + """
local alive = {}
for _, job in ipairs(ARGV) do
  local ends = redis.call('ZSCORE', KEYS[1], job)
  if ends and tonumber(ends) > now then table.insert(alive, job) end
end
return alive
"""
)

# ARGV: prefix of held jobs; jobs, in one. Those that are held.
HELD: Final = Script("""
local held = {}
for _, job in ipairs(cjson.decode(ARGV[2])) do
  if redis.call('EXISTS', ARGV[1] .. job) == 1 then table.insert(held, job) end
end
return held
""")

# KEYS: since when executors have reached Redis, leases. ARGV: for how long they must have,
# milliseconds since it ran out, at least.
EXPIRED: Final = Script(
    WELL
    + """
return redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[2], 'LIMIT', 0, 100)
"""
)

# KEYS: leases. ARGV: prefix of held jobs. How many there are; of those that ran out, the longest
# ago first: job, executor, attempt, milliseconds since then.
OVERDUE: Final = Script(
    NOW
    + """
local found = {}
for _, job in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 100)) do
  local held = redis.call('HMGET', ARGV[1] .. job, 'executor', 'attempt')
  table.insert(found, {job, held[1] or '', tonumber(held[2] or '0'),
                       now - redis.call('ZSCORE', KEYS[1], job)})
end
return {redis.call('ZCARD', KEYS[1]), found}
"""
)

# KEYS: leases, held job, order, waiting owners, turn. ARGV: job, prefix of waiting jobs, most
# losses or -1, the executor that gives it back or "", milliseconds as above. The owner has had this
# turn already, so the job comes first.
TAKE_BACK: Final = Script(
    NOW
    + """
local ends = redis.call('ZSCORE', KEYS[1], ARGV[1])
local held = redis.call('HMGET', KEYS[2], 'owner', 'order', 'attempt', 'executor', 'losses')
if ARGV[4] ~= '' then
  if held[4] ~= ARGV[4] then return {'elsewhere'} end
elseif not ends or tonumber(ends) > now - ARGV[5] then
  return {'elsewhere'}
end
redis.call('ZREM', KEYS[1], ARGV[1])
if not held[2] then return {'elsewhere'} end
local losses = tonumber(held[5] or '0')
if ARGV[4] == '' then losses = losses + 1 end
if tonumber(ARGV[3]) >= 0 and losses > tonumber(ARGV[3]) then
  redis.call('DEL', KEYS[2])
  return {'spent', held[2], held[3], held[4]}
end
redis.call('HSET', KEYS[2], 'attempt', held[3] + 1, 'losses', losses, 'executor', '', 't',
           string.format('%d', now))
redis.call('RENAME', KEYS[2], KEYS[3])
redis.call('LPUSH', ARGV[2] .. held[1], ARGV[1])
redis.call('ZADD', KEYS[4], 'LT', redis.call('GET', KEYS[5]) or '0', held[1])
return {'queued', held[2], held[3] + 1, held[4]}
"""
)


@dataclass(frozen=True, slots=True)
class Check:
    """Of the jobs that an executor thinks it holds: those that Redis has forgotten, and those that
    somebody else has, or nobody needs."""

    missing: Sequence[str]
    lost: Sequence[str]


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A job that lost its executor. `attempt` is the next one, or of a job that has lost too many,
    `spent`, the last one."""

    what: Literal["queued", "spent"]
    order: str
    attempt: int
    executor: str


@dataclass(frozen=True, slots=True)
class Overdue:
    """A job whose executor has not said for longer than its lease that it still runs it."""

    job_id: str
    executor: str
    attempt: int
    for_s: float


async def hold(executor: str, attempts: Mapping[str, int]) -> Check:
    """Says that this executor still runs these jobs, each in that attempt."""
    pairs = [word for job_id, attempt in attempts.items() for word in (job_id, str(attempt))]
    missing, lost = await HOLD.run(
        [keys.LEASES, keys.WELL_SINCE],
        [
            *(keys.HELD_PREFIX, keys.ORDER_PREFIX, executor, _lease_ms()),
            max(_lease_ms() // 2, SHORTEST_PAUSE_MS),
            json.dumps(pairs),
        ],
    )
    return Check([job.decode() for job in missing], [job.decode() for job in lost])


async def restore(job_id: str, owner: str, order: str, attempt: int, executor: str) -> bool:
    """Redis lost its memory, and the job runs on: it is held as before. False where it is held or
    queued after all."""
    named = [keys.LEASES, keys.held(job_id), keys.order(job_id)]
    facts: list[str | int] = [job_id, owner, order, attempt, executor, _lease_ms(), FORGOTTEN_S]
    return bool(await RESTORE.run(named, facts))


async def release(job_id: str, executor: str = "", attempt: int = 0) -> bool:
    """The job is over. With an executor's name only if that one still holds it."""
    named = [keys.LEASES, keys.held(job_id)]
    return bool(await RELEASE.run(named, [job_id, executor, attempt]))


async def alive(job_ids: Sequence[str]) -> set[str]:
    """Which of these jobs an executor holds, and has said so lately."""
    found = await ALIVE.run([keys.LEASES], job_ids) if job_ids else []
    return {job.decode() for job in found}


async def held(job_ids: Sequence[str]) -> set[str]:
    """Which of these jobs an executor has taken, whether it still says so or not."""
    found = await HELD.run([], [keys.HELD_PREFIX, json.dumps(list(job_ids))]) if job_ids else []
    return {job.decode() for job in found}


async def expired(for_s: float = 0.0, *, well_for_s: float | None = None) -> list[str]:
    """Jobs whose executor has said nothing for its lease, and for so long after.

    `well_for_s`: none before executors, whichever, have reached Redis for so long without a pause
    in which leases might have run out although their jobs went on.
    """
    arguments = [well_ms(well_for_s), int(for_s * 1000)]
    found = await EXPIRED.run([keys.WELL_SINCE, keys.LEASES], arguments)
    return [job.decode() for job in found]


async def overdue() -> tuple[int, list[Overdue]]:
    """How many jobs are held; and of those whose lease has run out, a hundred at most."""
    count, found = await OVERDUE.run([keys.LEASES], [keys.HELD_PREFIX])
    return count, [
        Overdue(job.decode(), executor.decode(), attempt, for_ms / 1000)
        for job, executor, attempt, for_ms in found
    ]


async def take_back(
    job_id: str, *, most_losses: int = -1, given_by: str = "", for_s: float = 0.0
) -> TakenBack | None:
    """Puts a job back into the queue, whose executor is lost or gives it back itself.

    One that has lost more than `most_losses` executors is taken out for good instead. None where
    somebody else was first, or it is held after all.
    """
    named = [
        *(keys.LEASES, keys.held(job_id), keys.order(job_id)),
        *(keys.WAITING_OWNERS, keys.TURN),
    ]
    what, *rest = await TAKE_BACK.run(
        named, [job_id, keys.WAITING_PREFIX, most_losses, given_by, int(for_s * 1000)]
    )
    if what == b"elsewhere":
        return None
    order, attempt, executor = rest
    return TakenBack(
        "spent" if what == b"spent" else "queued", order.decode(), int(attempt), executor.decode()
    )


def well_ms(well_for_s: float | None) -> int:
    """The argument of `WELL`; without a time it looks in any case."""
    return -1 if well_for_s is None else int(well_for_s * 1000)


def _lease_ms() -> int:
    return int(conf().lease_s * 1000)
