"""A job's events: appended to its journal, published to its group, read back from either.

A journal entry's id is `attempt-seq`, given by us. Redis refuses an id that is not above the last
one, so a second run of a job that is already ahead, or a late one, fails at its first append.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from redis.exceptions import ResponseError

from executor_app import trace
from executor_app.conf import conf
from executor_app.protocol import (
    Complete,
    Event,
    InputRequest,
    Output,
    Restarted,
    Stage,
    Status,
    Stream,
    encode_event,
    is_complete,
    parse_event,
)

from . import keys, scripts, versions
from .client import client, group_channel, layer, patiently

# A journal that nobody writes to or ends any more goes after a day, or half a one.
FORGOTTEN_S: Final = 24 * 3600
# An append by the recorder or an admin that ends a job is above every attempt of an executor.
LAST_ATTEMPT: Final = 1_000_000
# Of a flood each has 64 KiB or more, and Redis answers nobody else while it copies them.
READ_COUNT: Final = 16


class SupersededError(Exception):
    """The job went on without this attempt: somebody else ended or restarted it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One journalled event: its frame is what clients get. `at_ms` is since the epoch."""

    seq: int
    attempt: int
    frame: str
    at_ms: int

    @classmethod
    def of(cls, raw_id: bytes, fields: Mapping[bytes, bytes]) -> Entry:
        """Raises NewerVersionError."""
        versions.check("an event", int(fields.get(b"v", b"0")))
        attempt, _, seq = raw_id.decode().partition("-")
        return cls(int(seq), int(attempt), fields[b"f"].decode(), int(fields[b"t"]))


def is_behind(error: ResponseError) -> bool:
    """Whether Redis refuses an entry because the journal is at its id already, or above it."""
    return "equal or smaller" in str(error)


class Publisher:
    """Says what happens to one job in one attempt; `seq` is the last one given."""

    def __init__(
        self,
        job_id: str,
        attempt: int,
        seq: int,
        *,
        payers: Sequence[str] = (),
        journal_bytes: int | None = None,
    ) -> None:
        """`payers`: whose job it is no longer with its end (`quotas.py`): who hears of that may
        begin the next at once. `journal_bytes`: how much is kept for who comes later, if less than
        is usual."""
        self.job_id = job_id
        self.attempt = attempt
        self.seq = seq
        self._journal = keys.output_journal(job_id)
        self._active = [keys.active(payer) for payer in payers]
        self._channel = group_channel(keys.output_group(job_id))
        self._limit = min(conf().journal_bytes, journal_bytes or conf().journal_bytes)
        self._kept: deque[tuple[int, int]] = deque()
        self._kept_bytes = 0

    async def publish(self, events: Sequence[Event]) -> int:
        """Journals the events and sends them to everyone attached, in one step; their bytes.

        Raises SupersededError. While Redis is away it waits and tries again, for `PATIENCE_S`.
        """
        first = self.seq + 1
        frames = [encode_event(event, first + n).encode() for n, event in enumerate(events)]
        await self._append(first, frames, is_end=isinstance(events[-1], Complete))
        self.seq += len(frames)
        trace.mark(self.job_id, "relay: has journalled and published it", seq=self.seq)
        return sum(map(len, frames))

    async def publish_status(self, status: Status) -> None:
        await self.publish([status])

    async def publish_output(self, stream: Stream, stage: Stage, raw: bytes) -> None:
        await self.publish([Output.of(stream, stage, raw)])

    async def publish_input_request(self, prompt: str, stream: Stream = "stdout") -> None:
        await self.publish([InputRequest(prompt=prompt, stream=stream)])

    async def publish_complete(self, complete: Complete) -> None:
        await self.publish([complete])

    async def _append(self, first: int, frames: Sequence[bytes], *, is_end: bool) -> None:
        now = int(time.time() * 1000)
        oldest = self._oldest_kept(first, frames)
        arguments: list[scripts.Argument] = [
            self._channel,
            now,
            self.attempt,
            first,
            FORGOTTEN_S,
            oldest,
            versions.WRITTEN,
            self.job_id,
            *frames,
        ]
        named = [self._journal, *(self._active if is_end else ())]
        tries = 0

        async def append() -> None:
            nonlocal tries
            tries += 1
            try:
                await scripts.PUBLISH.run(named, arguments)
            except ResponseError as error:
                if not is_behind(error):
                    raise
                if tries == 1 or not await self._is_ours(first + len(frames) - 1):
                    raise SupersededError(self.job_id) from error

        await patiently(append)

    async def _is_ours(self, seq: int) -> bool:
        """After a lost answer: whether the append that we repeat had arrived after all."""
        last = await client().xrevrange(self._journal, count=1)
        return bool(last) and last[0][0] == f"{self.attempt}-{seq}".encode()

    def _oldest_kept(self, first: int, frames: Sequence[bytes]) -> str:
        """The id below which the journal is cut off; "" while it is within its bound."""
        for n, frame in enumerate(frames):
            self._kept.append((first + n, len(frame)))
            self._kept_bytes += len(frame)
        if self._kept_bytes <= self._limit:
            return ""
        while self._kept_bytes > self._limit and len(self._kept) > 1:
            self._kept_bytes -= self._kept.popleft()[1]
        return f"{self.attempt}-{self._kept[0][0]}"


async def publish_end(job_id: str, complete: Complete) -> bool:
    """Ends a job in the name of its executor; False where it has ended already."""
    return bool(await _publish_next(job_id, LAST_ATTEMPT, complete))


async def publish_restart(job_id: str, attempt: int, reason: str) -> int:
    """Says that this attempt begins: from now on no earlier one can say anything.

    The event's `seq`; 0 where the job has ended, or this attempt has begun already.
    """
    return await _publish_next(job_id, attempt, Restarted(attempt=attempt, reason=reason))


async def _publish_next(job_id: str, attempt: int, event: Event) -> int:
    rest = encode_event(event, 0).removeprefix('{"seq":0')
    now = int(time.time() * 1000)
    seq = await scripts.PUBLISH_NEXT.run(
        [keys.output_journal(job_id)],
        [
            group_channel(keys.output_group(job_id)),
            now,
            attempt,
            rest,
            FORGOTTEN_S,
            versions.WRITTEN,
        ],
    )
    return int(seq)


async def read_events(
    job_id: str, after: int, *, attempt: int = 0, until: int | None = None
) -> AsyncIterator[Entry]:
    """The journalled events with a `seq` above `after` (and below `until`), in order.

    Ids sort by attempt first; `seq` grows through all attempts, so what is too low is skipped.
    `attempt`: one that the event `after` is not below, so that less has to be skipped.
    """
    position = f"({attempt}-{after}"
    while True:
        entries = await client().xrange(keys.output_journal(job_id), min=position, count=READ_COUNT)
        for raw_id, fields in entries:
            entry = Entry.of(raw_id, fields)
            if until is not None and entry.seq >= until:
                return
            if entry.seq > after:
                yield entry
        if len(entries) < READ_COUNT:
            return
        position = "(" + entries[-1][0].decode()


async def last_event(job_id: str) -> Entry | None:
    entries = await last_events(job_id, 1)
    return entries[0] if entries else None


async def last_events(job_id: str, count: int) -> list[Entry]:
    """The latest ones, in order."""
    entries = await client().xrevrange(keys.output_journal(job_id), count=count)
    return [Entry.of(*entry) for entry in reversed(entries)]


async def publish_access_changed(job_id: str) -> None:
    """Has everyone attached look again at what they may. No event, so that it is not journalled;
    a process of the version before takes it for a group of none."""
    message = {"type": "job.events", "first": 0, "frames": [], "access": True}
    await layer().group_send(keys.output_group(job_id), {**message, "v": versions.WRITTEN})


async def read_end(job_id: str) -> Complete | None:
    """The end of the job, if it has one."""
    last = await last_event(job_id)
    event = parse_event(last.frame) if last is not None and is_complete(last.frame) else None
    return event if isinstance(event, Complete) else None
