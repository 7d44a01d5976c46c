"""The journals of jobs that are over: kept a while for who still reads, within one bound for all.

Without the bound, who lets one flood follow the other would fill Redis in minutes.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from executor_app.conf import conf
from executor_app.protocol import is_complete

from . import keys
from .client import client
from .scripts import Script

# So many journals are asked about at once.
PAGE: Final = 500
# What stands before and after a job's id in the names of its two journals.
BEFORE, AFTER_OUTPUT = keys.output_journal("\0").split("\0")
_, AFTER_INPUT = keys.input_journal("\0").split("\0")

# KEYS: ended jobs by time, their sizes, their sum; output journal, input journal, presence, ack,
# senders.
# ARGV: job, bytes, time and keeping time in milliseconds, bound, then BEFORE, AFTER_OUTPUT and
# AFTER_INPUT. The oldest go first, and this one never.
FORGET: Final = Script("""
redis.call('PEXPIRE', KEYS[4], ARGV[4])
redis.call('PEXPIRE', KEYS[5], ARGV[4])
redis.call('DEL', KEYS[6], KEYS[7])
redis.call('PEXPIRE', KEYS[8], ARGV[4])
local sum = tonumber(redis.call('GET', KEYS[3]) or '0')
local size = tonumber(ARGV[2])
local input = redis.call('XREVRANGE', KEYS[5], '+', '-', 'COUNT', 1)[1]
for i = 1, input and #input[2] or 0, 2 do
  if input[2][i] == 's' then size = size + input[2][i + 1] end
end
if redis.call('HSETNX', KEYS[2], ARGV[1], size) == 1 then
  redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
  sum = sum + size
end
while true do
  local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  if not oldest[1] or oldest[1] == ARGV[1] then break end
  local too_old = tonumber(oldest[2]) < ARGV[3] - ARGV[4]
  if not too_old then
    if sum <= tonumber(ARGV[5]) then break end
    redis.call('UNLINK', ARGV[6] .. oldest[1] .. ARGV[7], ARGV[6] .. oldest[1] .. ARGV[8])
  end
  sum = sum - redis.call('HGET', KEYS[2], oldest[1])
  redis.call('HDEL', KEYS[2], oldest[1])
  redis.call('ZREM', KEYS[1], oldest[1])
end
redis.call('SET', KEYS[3], sum)
for n = 1, 3 do redis.call('PEXPIRE', KEYS[n], ARGV[4] * 2) end
return sum
""")


async def forget_later(job_id: str, size_bytes: int = 0) -> int:
    """The job is recorded: its journals stay for who is still reading, then go.

    `size_bytes` is what the output's holds; the input's says it itself. Returns what all that are
    kept hold together.
    """
    named = [
        *(keys.ENDED, keys.ENDED_SIZES, keys.ENDED_SUM),
        *(keys.output_journal(job_id), keys.input_journal(job_id)),
        *(keys.presence(job_id), keys.acknowledged(job_id), keys.senders(job_id)),
    ]
    settings = conf()
    return int(
        await FORGET.run(
            named,
            [
                *(job_id, size_bytes, int(time.time() * 1000)),
                *(max(1000, int(settings.journal_keep_s * 1000)), settings.ended_journals_bytes),
                *(BEFORE, AFTER_OUTPUT, AFTER_INPUT),
            ],
        )
    )


async def overlooked(for_s: float) -> list[str]:
    """Jobs that have been over for so long, and whose journals nobody has let go."""
    pattern = BEFORE + "*" + AFTER_OUTPUT
    names = [name.decode() async for name in client().scan_iter(pattern, count=PAGE)]
    job_ids = [name.removeprefix(BEFORE).removesuffix(AFTER_OUTPUT) for name in names]
    found: list[str] = []
    for start in range(0, len(job_ids), PAGE):
        page = job_ids[start : start + PAGE]
        let_go = await client().hmget(keys.ENDED_SIZES, page)
        kept = [job_id for job_id, size in zip(page, let_go, strict=True) if size is None]
        async with client().pipeline(transaction=False) as pipe:
            for job_id in kept:
                pipe.xrevrange(keys.output_journal(job_id), count=1)
            last = await pipe.execute()
        found += [
            job_id
            for job_id, entries in zip(kept, last, strict=True)
            if entries and _has_been_over(entries[0][1], for_s)
        ]
    return found


def _has_been_over(fields: Mapping[bytes, bytes], for_s: float) -> bool:
    return is_complete(fields[b"f"].decode()) and time.time() - int(fields[b"t"]) / 1000 > for_s
