"""The journals of jobs that are over: kept a while for who still reads, within one bound for all.

Without the bound, who lets one flood follow the other would fill Redis in minutes.
"""

from __future__ import annotations

import time
from typing import Final

from executor_app.conf import conf

from . import keys
from .scripts import Script

# KEYS: ended jobs by time, their sizes, their sum; output journal, input journal, presence, ack,
# senders.
# ARGV: job, bytes, time and keeping time in milliseconds, bound, what stands before and after a
# job's id in the names of its two journals. The oldest go first, and this one never.
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
    before, after_output = keys.output_journal("\0").split("\0")
    _, after_input = keys.input_journal("\0").split("\0")
    settings = conf()
    return int(
        await FORGET.run(
            named,
            [
                *(job_id, size_bytes, int(time.time() * 1000)),
                *(max(1000, int(settings.journal_keep_s * 1000)), settings.ended_journals_bytes),
                *(before, after_output, after_input),
            ],
        )
    )
