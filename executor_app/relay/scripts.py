"""What the relay does inside Redis in one step: append to a journal, then tell its group.

One round trip instead of two, and nobody hears of an event that the journal refused. The group's
message is packed as the channel layer packs it (MessagePack), so that its `receive` reads it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from redis.exceptions import NoScriptError

from .client import client

Argument = str | bytes | int


@dataclass(frozen=True, slots=True)
class Script:
    """Lua that Redis keeps by its digest."""

    text: str
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", hashlib.sha1(self.text.encode()).hexdigest())

    async def run(self, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """Raises what Redis answers, and the errors of the network."""
        try:
            return await client().evalsha(self.digest, len(keys), *keys, *arguments)
        except NoScriptError:
            # A Redis that was restarted has forgotten it; this makes it known again.
            return await client().eval(self.text, len(keys), *keys, *arguments)


# KEYS: journal, then the active jobs of whoever has this one's place back with the event. ARGV:
# group's channel, time, attempt, number of the first, expiry in seconds, the oldest id to keep or
# '', version, job, then the frames. XADD refuses an id that is not above the last. Any append may
# be a journal's first, where Redis has lost its memory.
PUBLISH: Final = Script("""
local frames = {}
for i = 9, #ARGV do
  redis.call('XADD', KEYS[1], ARGV[3] .. '-' .. (ARGV[4] + i - 9), 'f', ARGV[i], 't', ARGV[2],
             'v', ARGV[7])
  frames[i - 8] = ARGV[i]
end
if redis.call('TTL', KEYS[1]) < ARGV[5] / 2 then redis.call('EXPIRE', KEYS[1], ARGV[5]) end
if ARGV[6] ~= '' then redis.call('XTRIM', KEYS[1], 'MINID', ARGV[6]) end
for i = 2, #KEYS do redis.call('ZREM', KEYS[i], ARGV[8]) end
local message = {type = 'job.events', first = tonumber(ARGV[4]), frames = frames,
                 v = tonumber(ARGV[7])}
redis.call('PUBLISH', ARGV[1], cmsgpack.pack(message))
""")

# Something said from outside (an end, a restart), which must hold against an executor that may be
# speaking still: it takes the number after the last event, above the attempts before, unless the
# job has an end or an attempt as high.
# KEYS: journal. ARGV: group's channel, time, attempt, the frame after its number, expiry, version.
PUBLISH_NEXT: Final = Script("""
local n = 0
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if last then
  local attempt, seq = string.match(last[1], '^(%d+)-(%d+)$')
  if tonumber(attempt) >= tonumber(ARGV[3]) then return 0 end
  n = tonumber(seq)
  for i = 1, #last[2], 2 do
    if last[2][i] == 'f' and string.find(last[2][i + 1], '^{"seq":%d+,"type":"complete"') then
      return 0
    end
  end
end
n = n + 1
local frame = '{"seq":' .. n .. ARGV[4]
redis.call('XADD', KEYS[1], ARGV[3] .. '-' .. n, 'f', frame, 't', ARGV[2], 'v', ARGV[6])
redis.call('EXPIRE', KEYS[1], ARGV[5])
local message = {type = 'job.events', first = n, frames = {frame}, v = tonumber(ARGV[6])}
redis.call('PUBLISH', ARGV[1], cmsgpack.pack(message))
return n
""")

# KEYS: journal, senders. ARGV: group's channel, time, frame, expiry, most entries, most bytes, the
# append's own name, how far to look back for it, sender or '', their number, most senders. The
# bytes so far stand in the last entry: a bound needs no key of its own. 0 is what was taken before.
# The group is told the names of this entry and of the one before: a number alone may be that of
# another entry, from before Redis lost its memory.
PUBLISH_INPUT: Final = Script("""
local function hex(name)
  return (string.gsub(name, '.', function(c) return string.format('%02x', string.byte(c)) end))
end
local known = ARGV[9] ~= '' and redis.call('HGET', KEYS[2], ARGV[9])
if known and tonumber(ARGV[10]) <= tonumber(known) then return 0 end
if ARGV[9] ~= '' and not known and redis.call('HLEN', KEYS[2]) >= tonumber(ARGV[11]) then
  return -2
end
if ARGV[8] ~= '0' then
  for _, entry in ipairs(redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', ARGV[8])) do
    for i = 1, #entry[2], 2 do
      if entry[2][i] == 'k' and entry[2][i + 1] == ARGV[7] then
        return tonumber(string.sub(entry[1], 3))
      end
    end
  end
end
local n, sum, before = 1, 0, ''
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if last then
  n = tonumber(string.sub(last[1], 3)) + 1
  for i = 1, #last[2], 2 do
    if last[2][i] == 's' then sum = tonumber(last[2][i + 1]) end
    if last[2][i] == 'k' then before = hex(last[2][i + 1]) end
  end
end
sum = sum + #ARGV[3]
if n > tonumber(ARGV[5]) or sum > tonumber(ARGV[6]) then return -1 end
redis.call('XADD', KEYS[1], '0-' .. n, 'f', ARGV[3], 't', ARGV[2], 's', sum, 'k', ARGV[7])
if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[4]) end
if ARGV[9] ~= '' then
  redis.call('HSET', KEYS[2], ARGV[9], ARGV[10])
  if not known then redis.call('EXPIRE', KEYS[2], ARGV[4]) end
end
local message = {type = 'job.input', n = n, frame = ARGV[3], name = hex(ARGV[7]), before = before}
redis.call('PUBLISH', ARGV[1], cmsgpack.pack(message))
return n
""")

# KEYS: acknowledged, journal. ARGV: group's channel, number, milliseconds. The number is kept,
# since the group may lose the message, for as long as the journal is, and only grows: several may
# read. Where Redis has lost the journal, which may grow only when this is heard, it is kept for the
# milliseconds.
PUBLISH_ACK: Final = Script("""
local seq = tonumber(ARGV[2])
if seq <= tonumber(redis.call('GET', KEYS[1]) or '0') then return 0 end
local left = redis.call('PTTL', KEYS[2])
redis.call('SET', KEYS[1], seq, 'PX', left > 0 and left or ARGV[3])
redis.call('PUBLISH', ARGV[1], cmsgpack.pack({type = 'job.ack', seq = seq}))
return 1
""")
