"""Whether a journal has what its group has lost, for everybody who waits in this process.

The group is at most once, so whoever follows a journal looks at it now and then. A thousand who ask
Redis each for themselves cost a third of a core while nothing happens: one on each event loop asks
for all of them, and wakes those who miss something. The same question says that somebody follows a
job.
"""

from __future__ import annotations

import asyncio
import json
import logging
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, Self

from redis.exceptions import RedisError

from executor_app.conf import conf

from . import keys
from .scripts import Script

logger = logging.getLogger(__name__)

LOOK_AGAIN_S: Final = 2.0
# Redis answers nobody else meanwhile: so many take it a millisecond.
MOST_AT_ONCE: Final = 200
# Between one who misses something and the next: after an outage of Redis these are all, and each
# asks it on a connection of their own.
WAKE_PAUSE_S: Final = 0.005

# What is to be done with the key beside a journal.
NOTHING: Final = "nothing"
BE_PRESENT: Final = "be present"
READ: Final = "read"

# ARGV: for how many milliseconds a presence holds; then in one (a thousand arguments take a client
# longer than their answer) for each journal itself, the key beside it and what to do with that. Of
# each journal the last entry's id, or '', and its name where it has one; and what the key beside
# has, where that is asked.
LOOK: Final = Script("""
local found, asked = {}, cjson.decode(ARGV[2])
for n = 1, #asked / 3 do
  local journal, beside, what, number = asked[3 * n - 2], asked[3 * n - 1], asked[3 * n], false
  if what == 'be present' then redis.call('SET', beside, '1', 'PX', ARGV[1]) end
  if what == 'read' then number = redis.call('GET', beside) end
  local id, name = '', ''
  local last = redis.call('XREVRANGE', journal, '+', '-', 'COUNT', 1)[1]
  if last then
    id = last[1]
    for i = 1, #last[2], 2 do
      if last[2][i] == 'k' then name = last[2][i + 1] end
    end
  end
  found[n] = {id, name, number or '0'}
end
return found
""")


@dataclass(frozen=True, slots=True)
class Found:
    """The last entry of a journal, with zeros where there is none, and up to which event its
    reader has acknowledged."""

    attempt: int
    number: int
    name: str
    acknowledged: int

    @classmethod
    def of(cls, raw_id: bytes, name: bytes, acknowledged: bytes) -> Found:
        attempt, _, number = raw_id.partition(b"-")
        return cls(int(attempt or 0), int(number or 0), name.hex(), int(acknowledged))


class Watch:
    """One who is woken where they miss something. It is looked for within the context."""

    def __init__(
        self, journal: str, misses: Callable[[Found], bool], *, beside: str, what: str
    ) -> None:
        """`misses`: whether whoever has found this in their journal has to look themselves."""
        self._named = (journal, beside)
        self._what = what
        self._present_until = 0.0
        self.misses = misses
        self._woken = asyncio.Event()
        self._lookout: _Lookout | None = None

    def __enter__(self) -> Self:
        self._lookout = _of_this_loop()
        self._lookout.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """From now on nothing is looked for, and nobody is said to be there."""
        if self._lookout is not None:
            self._lookout.remove(self)
            self._lookout = None

    @property
    def is_on(self) -> bool:
        return self._lookout is not None

    def question(self, now: float) -> tuple[str, str, str]:
        """What to ask at this time of the loop: the journal, and what to do with the key beside."""
        said = self._what == BE_PRESENT and now < self._present_until
        return *self._named, NOTHING if said else self._what

    def asked(self, question: tuple[str, str, str], present_until: float) -> None:
        """That was said; a presence that holds for long is not said in each look."""
        if question[2] == BE_PRESENT:
            self._present_until = present_until

    async def missed(self) -> None:
        """Until something seems to be missed; perhaps it has come meanwhile."""
        await self._woken.wait()
        self._woken.clear()

    def wake(self) -> None:
        self._woken.set()


def watch_events(job_id: str, misses: Callable[[Found], bool], *, be_present: bool) -> Watch:
    """`be_present`: say too that somebody follows the job."""
    what = BE_PRESENT if be_present else NOTHING
    return Watch(keys.output_journal(job_id), misses, beside=keys.presence(job_id), what=what)


def watch_input(job_id: str, misses: Callable[[Found], bool], *, acknowledged: bool) -> Watch:
    """`acknowledged`: find out too what the job's reader has acknowledged."""
    what = READ if acknowledged else NOTHING
    return Watch(keys.input_journal(job_id), misses, beside=keys.acknowledged(job_id), what=what)


class _Lookout:
    """Looks for all watches of one event loop, each `LOOK_AGAIN_S`; not at all while none is there:
    most jobs are over before the first look."""

    def __init__(self) -> None:
        self._watches: dict[Watch, None] = {}  # in the order in which they came
        self._timer: asyncio.TimerHandle | None = None
        self._looking: asyncio.Task[None] | None = None
        self._fails = False

    def add(self, watch: Watch) -> None:
        self._watches[watch] = None
        if self._timer is None and self._looking is None:
            self._look_in(_period_s())

    def remove(self, watch: Watch) -> None:
        self._watches.pop(watch, None)
        if not self._watches and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_in(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._begin)

    def _begin(self) -> None:
        self._timer = None
        self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        now, period_s = asyncio.get_running_loop().time, _period_s()
        began = now()
        try:
            missing = await self._ask(list(self._watches))
            for n, watch in enumerate(missing):
                await asyncio.sleep(min(WAKE_PAUSE_S, period_s / 2 / len(missing)) if n else 0)
                watch.wake()
        finally:
            self._looking = None
            if self._watches:
                self._look_in(max(0.0, began + period_s - now()))

    async def _ask(self, watches: Sequence[Watch]) -> list[Watch]:
        """Those who miss something. It raises nothing: the next look is the remedy."""
        missing: list[Watch] = []
        failure: Exception | None = None
        try:
            # A connection that has gone silent may not take the time of all who are there: the
            # next look takes another one.
            async with asyncio.timeout(max(LOOK_AGAIN_S, conf().client_grace_s / 3)):
                for n in range(0, len(watches), MOST_AT_ONCE):
                    try:
                        missing += await _ask_of(watches[n : n + MOST_AT_ONCE])
                    except (RedisError, OSError) as error:
                        failure = error
        except TimeoutError as error:
            failure = error
        except Exception:
            logger.exception("the journals of %d jobs cannot be looked at", len(watches))
            return list(watches)  # each for themselves: where that fails too, they can say so
        if failure is not None and not self._fails:
            logger.warning("Redis does not say what is in the journals: %r", failure)
        self._fails = failure is not None
        return missing


async def _ask_of(watches: Sequence[Watch]) -> list[Watch]:
    # Whoever has ended while others were asked about is there no more, and is not said to be.
    watches = [watch for watch in watches if watch.is_on]
    if not watches:
        return []
    now = asyncio.get_running_loop().time()
    questions = [watch.question(now) for watch in watches]
    grace_s = conf().client_grace_s
    present_until, grace_ms = now + grace_s / 6, int(grace_s * 1000)
    answers = await LOOK.run([], [grace_ms, json.dumps(list(chain.from_iterable(questions)))])
    missing = []
    for watch, question, answer in zip(watches, questions, answers, strict=True):
        watch.asked(question, present_until)
        if watch.misses(Found.of(*answer)):
            missing.append(watch)
    return missing


def _period_s() -> float:
    """Presence has to be said well within the grace period, which may be short."""
    return min(LOOK_AGAIN_S, conf().client_grace_s / 3)


_lookouts: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Lookout] = (
    weakref.WeakKeyDictionary()
)


def _of_this_loop() -> _Lookout:
    return _lookouts.setdefault(asyncio.get_running_loop(), _Lookout())
