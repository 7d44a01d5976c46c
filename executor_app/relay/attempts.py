"""Attempts to sign in, counted in Redis by the `limits` library: exact however many web processes
there are. How many are too many is known here alone."""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import Final

from limits import RateLimitItemPerMinute
from limits.aio.strategies import MovingWindowRateLimiter

from .windows import storage

# For one account ten guesses in ten minutes, which is 500,000 a year: a password that Django's
# validators let pass is not among the first of them. Whoever mistypes theirs is not shut out long.
FOR_A_NAME: Final = RateLimitItemPerMinute(10, 10)
# From one address, over all accounts. Only what failed counts: a class signs in at once.
FROM_AN_ADDRESS: Final = RateLimitItemPerMinute(50, 10)

# A Redis that hangs is as one that is away.
ANSWER_S: Final = 5.0


async def begin(name: str, address: str) -> tuple[str, float]:
    """Counts one more for the name. Where it may not be made: `name` or `address`, which limit it
    was, and the seconds to wait; else an empty text."""
    async with asyncio.timeout(ANSWER_S):
        limiter = MovingWindowRateLimiter(storage())
        if not await limiter.test(FROM_AN_ADDRESS, "address", address):
            return "address", await _wait(limiter, FROM_AN_ADDRESS, "address", address)
        # Counted before the password is looked at: of many guesses at once not one more is.
        if not await limiter.hit(FOR_A_NAME, "name", _hash(name)):
            return "name", await _wait(limiter, FOR_A_NAME, "name", _hash(name))
        return "", 0.0


async def failed(address: str) -> None:
    async with asyncio.timeout(ANSWER_S):
        await MovingWindowRateLimiter(storage()).hit(FROM_AN_ADDRESS, "address", address)


async def succeeded(name: str) -> None:
    async with asyncio.timeout(ANSWER_S):
        await MovingWindowRateLimiter(storage()).clear(FOR_A_NAME, "name", _hash(name))


async def _wait(
    limiter: MovingWindowRateLimiter, limit: RateLimitItemPerMinute, *who: str
) -> float:
    free_at = (await limiter.get_window_stats(limit, *who)).reset_time
    return max(1.0, free_at - time.time())


def _hash(name: str) -> str:
    """Of one length and without meaning: people type passwords into the wrong field."""
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:32]
