"""The queue of jobs that no executor has taken yet, fair between their owners.

What Celery carries is a ticket; which job it runs is decided when it starts. Each owner has a turn
number, as in start-time fair queueing (Goyal, Vin, Cheng 1996): an owner who comes is due in the
turn that is being served, or after the turns that they have just had, and each job moves them one
turn on. So who sends 500 jobs delays another's first job by no more than the jobs that run already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic, time
from typing import Final

from redis.exceptions import ResponseError

from executor_app.conf import conf
from executor_app.protocol import Status, encode_event

from . import keys, leases, versions
from .client import client, group_channel, patiently
from .events import FORGOTTEN_S, SupersededError, is_behind
from .scripts import Argument, Script

# Owners who arrive in the same turn are served in the order of their arrival: it is the fraction
# of their score, which a double keeps apart for nine billion turns.
ARRIVALS_PER_TURN: Final = 1_000_000
# Of the event that says that a job is queued: its first, from before any attempt.
QUEUED_SEQ: Final = 1

# KEYS: waiting owners, turn, next turns, leases. ARGV: prefix of waiting jobs, of orders, of held
# jobs, the executor, the lease's milliseconds. Order and lease change hands in one step, so there
# is no moment in which nobody has the job.
TAKE: Final = Script(
    leases.NOW
    + """
while true do
  local first = redis.call('ZPOPMIN', KEYS[1])
  if not first[1] then return false end
  local owner, score = first[1], tonumber(first[2])
  local jobs = ARGV[1] .. owner
  local job = redis.call('LPOP', jobs)
  local turn = math.floor(score)
  local order = job and redis.call('HGET', ARGV[2] .. job, 'order')
  if order then
    redis.call('SET', KEYS[2], turn)
    redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', turn)
    redis.call('ZADD', KEYS[3], turn + 1, owner)
    score = score + 1
  end
  if redis.call('EXISTS', jobs) == 1 then
    redis.call('ZADD', KEYS[1], string.format('%.17g', score), owner)
  end
  if order then
    redis.call('RENAME', ARGV[2] .. job, ARGV[3] .. job)
    redis.call('HSET', ARGV[3] .. job, 'executor', ARGV[4])
    redis.call('ZADD', KEYS[4], now + ARGV[5], job)
    return {order, redis.call('HGET', ARGV[3] .. job, 'attempt')}
  end
end
"""
)

# KEYS: waiting owners, turn, leases, held job, the order. ARGV: job, prefix of waiting jobs, the
# executor that cannot read it. The last of its owner, who waits for the next turn: whoever comes
# again and again does not keep the others from being taken.
PUT_BACK: Final = Script("""
local owner, executor = unpack(redis.call('HMGET', KEYS[4], 'owner', 'executor'))
if not owner or executor ~= ARGV[3] then return 0 end
redis.call('RENAME', KEYS[4], KEYS[5])
redis.call('HDEL', KEYS[5], 'executor')
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('RPUSH', ARGV[2] .. owner, ARGV[1])
redis.call('ZADD', KEYS[1], 'NX', (redis.call('GET', KEYS[2]) or '0') + 1, owner)
return 1
""")

# KEYS: waiting owners, the order. ARGV: prefix of waiting jobs, job.
WITHDRAW: Final = Script("""
local owner, order = unpack(redis.call('HMGET', KEYS[2], 'owner', 'order'))
if not owner then return false end
redis.call('DEL', KEYS[2])
redis.call('LREM', ARGV[1] .. owner, 1, ARGV[2])
if redis.call('EXISTS', ARGV[1] .. owner) == 0 then redis.call('ZREM', KEYS[1], owner) end
return order
""")

# A job with `own` of its owner's before it, whose next one has the turn `score`, has the turn
# `due`; what others have before that comes first.
BEFORE: Final = """
local function before(owners, prefix, owner, own, score)
  local due, ahead = score + own, own
  local others = redis.call('ZRANGEBYSCORE', owners, '-inf', due, 'WITHSCORES', 'LIMIT', 0, 1000)
  for i = 1, #others, 2 do
    if others[i] ~= owner then
      local turns = math.ceil(due - tonumber(others[i + 1]))
      ahead = ahead + math.min(redis.call('LLEN', prefix .. others[i]), turns)
    end
  end
  return ahead
end
"""

# How many will be taken before one that an owner queues now, as the last to arrive in its turn.
AHEAD: Final = (
    BEFORE
    + """
local function ahead_of(owners, turn, next_turns, waiting, prefix, owner)
  local score = redis.call('ZSCORE', owners, owner)
  if not score then
    local served = tonumber(redis.call('GET', turn) or '0')
    local own = tonumber(redis.call('ZSCORE', next_turns, owner) or '0')
    score = math.max(served, own) + 1
  end
  return before(owners, prefix, owner, redis.call('LLEN', waiting), tonumber(score))
end
"""
)

# KEYS: waiting owners, turn, next turns, arrivals, the owner's waiting jobs, the order, the
# journal, the presence, tickets. ARGV: owner, job, order, expiry, arrivals per turn, prefix of
# waiting jobs, group's channel, time, the event before and after its place in the queue, version,
# the presence's milliseconds, ticket or ''. XADD comes first and refuses: of a job that is over
# already, or that was put before, nothing is queued.
PUT: Final = Script(
    leases.NOW
    + AHEAD
    + """
local ahead = ahead_of(KEYS[1], KEYS[2], KEYS[3], KEYS[5], ARGV[6], ARGV[1])
local frame = ARGV[9] .. string.format('%d', ahead) .. ARGV[10]
redis.call('XADD', KEYS[7], '0-1', 'f', frame, 't', ARGV[8], 'v', ARGV[11])
redis.call('EXPIRE', KEYS[7], ARGV[4])
redis.call('SET', KEYS[8], '1', 'PX', ARGV[12])
redis.call('HSET', KEYS[6], 'owner', ARGV[1], 'order', ARGV[3], 'attempt', 1, 't',
           string.format('%d', now))
redis.call('EXPIRE', KEYS[6], ARGV[4])
redis.call('RPUSH', KEYS[5], ARGV[2])
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  local turn = tonumber(redis.call('GET', KEYS[2]) or '0')
  local own = tonumber(redis.call('ZSCORE', KEYS[3], ARGV[1]) or '0')
  local arrival = redis.call('INCR', KEYS[4]) % tonumber(ARGV[5])
  local score = math.floor(math.max(turn, own)) + arrival / tonumber(ARGV[5])
  redis.call('ZADD', KEYS[1], string.format('%.17g', score), ARGV[1])
end
local message = {type = 'job.events', first = 1, frames = {frame}, v = tonumber(ARGV[11])}
redis.call('PUBLISH', ARGV[7], cmsgpack.pack(message))
if ARGV[13] ~= '' then redis.call('LPUSH', KEYS[9], ARGV[13]) end
return ahead
"""
)

# KEYS: waiting owners, the order. ARGV: prefix of waiting jobs, job.
PLACE: Final = Script(
    BEFORE
    + """
local owner = redis.call('HGET', KEYS[2], 'owner')
local own = owner and redis.call('LPOS', ARGV[1] .. owner, ARGV[2])
local score = own and redis.call('ZSCORE', KEYS[1], owner)
if not score then return false end
return before(KEYS[1], ARGV[1], owner, own, tonumber(score))
"""
)


# KEYS: waiting owners. ARGV: prefix of waiting jobs, of orders, how many owners to look at. Each of
# those who come next, with how many jobs they have waiting and since when the oldest does, in
# milliseconds. In front of an owner's list are those that were taken back, the latest first; the
# oldest is the last of them, or the first of the others.
WAITING: Final = Script(
    leases.NOW
    + """
local found = {}
for _, owner in ipairs(redis.call('ZRANGE', KEYS[1], 0, ARGV[3] - 1)) do
  local jobs, n, oldest = ARGV[1] .. owner, 0, now
  repeat
    local job = redis.call('LINDEX', jobs, n)
    local order = job and redis.call('HMGET', ARGV[2] .. job, 't', 'attempt')
    if order and order[1] then oldest = math.min(oldest, tonumber(order[1])) end
    n = n + 1
  until not job or order[2] == '1'
  table.insert(found, {owner, redis.call('LLEN', jobs), now - oldest})
end
return found
"""
)
# Redis answers nobody else meanwhile: a thousand owners take it a few milliseconds.
MOST_OWNERS: Final = 1000
# How long to wait, for each job ahead, before a job's place is looked up again.
PAUSE_PER_JOB_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Waiting:
    """An owner with jobs in the queue, and how long the oldest of them has waited."""

    owner: str
    jobs: int
    oldest_wait_s: float


@dataclass(frozen=True, slots=True)
class Length:
    """What waits now: jobs, owners, and tickets that will take a job each."""

    jobs: int
    owners: int
    tickets: int


class Place:
    """A waiting job's place, for one who follows it. Redis walks through the owners ahead, so it is
    asked the less often the more there are: however many wait, it costs next to nothing."""

    def __init__(self, job_id: str) -> None:
        self._job_id = job_id
        self._told: int | None = None
        self._not_before = 0.0

    async def news(self) -> int | None:
        """How many are ahead now, where that is not what it was the last time."""
        if monotonic() < self._not_before:
            return None
        before, self._told = self._told, await place_of(self._job_id)
        self._not_before = monotonic() + (self._told or 0) * PAUSE_PER_JOB_S
        return None if self._told == before else self._told


async def put(job_id: str, owner: str, order: str, ticket: str = "") -> int:
    """Says that the job is queued, its first event, and queues its order with a ticket; without
    one, it has to be sent afterwards. About how many will be taken before it.

    Whoever queued it counts as following it. Raises SupersededError where the job is over already.
    While Redis is away it waits and tries again, for `PATIENCE_S`.
    """
    named = [
        *(keys.WAITING_OWNERS, keys.TURN, keys.NEXT_TURNS, keys.ARRIVALS),
        *(keys.waiting(owner), keys.order(job_id)),
        *(keys.output_journal(job_id), keys.presence(job_id), keys.TICKETS),
    ]
    event = encode_event(Status(status="queued", queue_position=0), QUEUED_SEQ)
    before, place, after = event.partition('"queue_position":0')
    arguments: list[Argument] = [
        *(owner, job_id, order, FORGOTTEN_S, ARRIVALS_PER_TURN, keys.WAITING_PREFIX),
        *(group_channel(keys.output_group(job_id)), int(time() * 1000)),
        *(before + place[:-1], after, versions.WRITTEN, int(conf().client_grace_s * 1000), ticket),
    ]
    tries = 0

    async def try_to_put() -> int:
        nonlocal tries
        tries += 1
        try:
            return int(await PUT.run(named, arguments))
        except ResponseError as error:
            if not is_behind(error):
                raise
            journal = keys.output_journal(job_id)
            if tries == 1 or not await client().xrange(journal, "0-1", "0-1"):
                raise SupersededError(job_id) from error
            return 0  # the answer was lost, and nothing else

    return await patiently(try_to_put)


async def take(executor: str) -> tuple[str, int] | None:
    """The order of the job whose turn it is, now held by that executor, and which attempt it is."""
    taken = await TAKE.run(
        [keys.WAITING_OWNERS, keys.TURN, keys.NEXT_TURNS, keys.LEASES],
        [
            *(keys.WAITING_PREFIX, keys.ORDER_PREFIX, keys.HELD_PREFIX),
            *(executor, int(conf().lease_s * 1000)),
        ],
    )
    return (taken[0].decode(), int(taken[1])) if taken else None


async def put_back(job_id: str, executor: str) -> bool:
    """Gives a job that this executor has just taken to others; a ticket has to be sent for it."""
    named = [
        *(keys.WAITING_OWNERS, keys.TURN, keys.LEASES),
        *(keys.held(job_id), keys.order(job_id)),
    ]
    return bool(await PUT_BACK.run(named, [job_id, keys.WAITING_PREFIX, executor]))


async def withdraw(job_id: str) -> str | None:
    """Takes a job out of the queue and returns its order; None where it is not in it any more."""
    named = [keys.WAITING_OWNERS, keys.order(job_id)]
    order = await WITHDRAW.run(named, [keys.WAITING_PREFIX, job_id])
    return None if order is None else order.decode()


async def place_of(job_id: str) -> int | None:
    """How many jobs will be taken before this one; None where it is not in the queue."""
    named = [keys.WAITING_OWNERS, keys.order(job_id)]
    ahead = await PLACE.run(named, [keys.WAITING_PREFIX, job_id])
    return None if ahead is None else int(ahead)


async def waiting_since(job_ids: Sequence[str]) -> dict[str, float]:
    """Those of these jobs that are in the queue, with the time of their coming, in seconds since
    the epoch."""
    async with client().pipeline(transaction=False) as pipe:
        for job_id in job_ids:
            pipe.hget(keys.order(job_id), "t")
        times = await pipe.execute()
    return {j: int(t) / 1000 for j, t in zip(job_ids, times, strict=True) if t is not None}


async def waiting() -> list[Waiting]:
    """The owners who have jobs in the queue, at most `MOST_OWNERS`; whose turn is next comes first.

    By Redis's clock, as all times of the queue.
    """
    found = await WAITING.run(
        [keys.WAITING_OWNERS], [keys.WAITING_PREFIX, keys.ORDER_PREFIX, MOST_OWNERS]
    )
    return [Waiting(owner.decode(), jobs, wait_ms / 1000) for owner, jobs, wait_ms in found]


async def length() -> Length:
    owners = await client().zrange(keys.WAITING_OWNERS, 0, -1)
    async with client().pipeline(transaction=False) as pipe:
        pipe.llen(keys.TICKETS)
        for owner in owners:
            pipe.llen(keys.waiting(owner.decode()))
        tickets, *jobs = await pipe.execute()
    return Length(jobs=sum(jobs), owners=len(owners), tickets=tickets)
