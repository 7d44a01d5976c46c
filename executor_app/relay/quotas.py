"""What each payer has used: submissions in a minute, jobs at once, CPU time in an hour.

A payer is an owner, or all who come from one address. The windows are kept by the `limits` library,
by scripts inside Redis, so they are exact however many web processes count. Whose limits are how
high is not known here.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from limits.aio.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter

from . import keys
from .client import client
from .events import FORGOTTEN_S
from .scripts import Script
from .windows import storage

# The library's key of a window has its limit in it. This one only counts, in milliseconds: the
# limit may be changed meanwhile, and whoever counts need not know it.
CPU_WINDOW: Final = RateLimitItemPerHour(10**15)
# How long an admitted job may be neither in the queue nor held: the time to put it there.
ON_ITS_WAY_MS: Final = 30_000

# KEYS: active jobs. ARGV: job, time in milliseconds, most, prefix of orders, of held jobs,
# milliseconds on its way, expiry. A job whose end was not told, as of a killed executor,
# is neither queued nor held, and counts no more as soon as its place is wanted.
ADMIT: Final = Script("""
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then
  local old = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[2] - ARGV[6])
  for _, job in ipairs(old) do
    if redis.call('EXISTS', ARGV[4] .. job, ARGV[5] .. job) == 0 then
      redis.call('ZREM', KEYS[1], job)
    end
  end
end
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[7])
return 1
""")


@dataclass(frozen=True, slots=True)
class CpuUse:
    """CPU time of the hour that is running, and when the next begins, both in seconds."""

    used_s: float
    next_hour_in_s: float


async def count_submission(payer: str, per_minute: int) -> float:
    """Counts one more, unless there were as many within a minute: then the seconds to wait."""
    limiter = MovingWindowRateLimiter(storage())
    window = RateLimitItemPerMinute(per_minute)
    if await limiter.hit(window, "submissions", payer):
        return 0.0
    free_at = (await limiter.get_window_stats(window, "submissions", payer)).reset_time
    return max(0.1, free_at - time.time())


async def cpu_use(payer: str) -> CpuUse:
    """An hour begins with the first CPU time that is charged in it."""
    limiter = FixedWindowRateLimiter(storage())
    now = await limiter.get_window_stats(CPU_WINDOW, "cpu", payer)
    used_ms = CPU_WINDOW.amount - now.remaining
    return CpuUse(used_ms / 1000, max(0.0, now.reset_time - time.time()))


async def charge_cpu(payers: Sequence[str], seconds: float) -> None:
    limiter = FixedWindowRateLimiter(storage())
    for payer in payers:
        await limiter.hit(CPU_WINDOW, "cpu", payer, cost=max(1, round(seconds * 1000)))


async def admit(job_id: str, payer: str, most: int) -> bool:
    """Whether the payer may have one more job that waits or runs; then this one counts as that."""
    admitted = await ADMIT.run(
        [keys.active(payer)],
        [
            *(job_id, int(time.time() * 1000), most, keys.ORDER_PREFIX, keys.HELD_PREFIX),
            *(ON_ITS_WAY_MS, FORGOTTEN_S),
        ],
    )
    return bool(admitted)


async def release(job_id: str, payers: Sequence[str]) -> None:
    """The job waits and runs no more."""
    async with client().pipeline(transaction=False) as pipe:
        for payer in payers:
            pipe.zrem(keys.active(payer), job_id)
        await pipe.execute()
