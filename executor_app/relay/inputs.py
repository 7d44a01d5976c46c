"""What people send to a running job: appended to its input journal, then to its group.

Entries are numbered 1, 2, 3 … by a script, since several viewers may type at once; whoever reads
them sees a hole and fills it from the journal, and passes nothing on twice. A sender who numbers
what they send may send it again after a drop: it is taken once.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import time
from collections.abc import AsyncIterator
from typing import Any, Final

from redis.exceptions import ConnectionError, RedisError

from executor_app.protocol import (
    Cancel,
    Eof,
    InputResponse,
    Numbered,
    Resize,
    Signal,
    Stdin,
    encode,
    parse_input,
)

from . import keys, scripts
from .client import client, end_tasks, group_channel, layer, patiently
from .events import FORGOTTEN_S
from .lookout import Found, watch_input
from .window import Window

logger = logging.getLogger(__name__)

JobMessage = InputResponse | Stdin | Eof | Resize | Signal | Cancel

# Input that a job may be sent in all, so that nobody fills Redis by typing.
MAX_ENTRIES: Final = 1_000_000
MAX_BYTES: Final = 64 * 1024 * 1024
# Who types gets a new one with each page that they open.
MAX_SENDERS: Final = 1000
# How long an acknowledgement is there to be found by that where the job has no journal.
ACK_KEPT_MS: Final = 60_000

READ_COUNT: Final = 500
# How far back a repeated append looks for itself: others may have typed in between.
LOOK_BACK: Final = 32


class TooMuchInputError(Exception):
    """More input than one job may be sent in all."""


class TooManySendersError(Exception):
    """More senders who number what they send than one job may have."""


async def publish_input_response(
    job_id: str, message: JobMessage, *, typist: str = "", bounded: bool = True
) -> int:
    """Journals one message of a client and hands it to the executor; returns its number, 0 where it
    has been taken before.

    `typist`: who sends it; two of them may choose the same name as `sender`.
    `bounded`: within all that one job may be sent, which a cancel need not be.
    Raises TooMuchInputError, TooManySendersError, and RedisError where it is not known to have
    arrived.
    """
    if isinstance(message, Numbered) and message.sender is not None:
        message = message.model_copy(update={"sender": told_apart(typist, message.sender)})
    name = os.urandom(6)
    try:
        number = await _append(job_id, message, name, bounded=bounded, look_back=0)
    except ConnectionError:
        # Redis may have been restarted since this connection was used, and may have heard us.
        number = await _append(job_id, message, name, bounded=bounded, look_back=LOOK_BACK)
    if number == -2:
        raise TooManySendersError(job_id)
    if number < 0:
        raise TooMuchInputError(job_id)
    return number


def told_apart(typist: str, sender: str) -> str:
    """As the journal has a sender."""
    return hashlib.blake2b(f"{typist}\0{sender}".encode(), digest_size=12).hexdigest()


async def publish_ack(job_id: str, seq: int) -> None:
    """Tells the executor that the job's reader has dealt with everything up to `seq`."""
    await scripts.PUBLISH_ACK.run(
        [keys.acknowledged(job_id), keys.output_journal(job_id)],
        [group_channel(keys.input_group(job_id)), seq, ACK_KEPT_MS],
    )


async def _append(
    job_id: str, message: JobMessage, name: bytes, *, bounded: bool, look_back: int
) -> int:
    channel, now = group_channel(keys.input_group(job_id)), int(time.time() * 1000)
    most = (MAX_ENTRIES, MAX_BYTES) if bounded else (2 * MAX_ENTRIES, 2 * MAX_BYTES)
    sender, input_id = _numbers(message)
    number = await scripts.PUBLISH_INPUT.run(
        [keys.input_journal(job_id), keys.senders(job_id)],
        [
            *(channel, now, encode(message), FORGOTTEN_S, *most, name, look_back),
            *(sender, input_id, MAX_SENDERS),
        ],
    )
    return int(number)


def _numbers(message: JobMessage) -> tuple[str, int]:
    if not isinstance(message, Numbered):
        return "", 0
    return message.sender or "", message.input_id or 0


class InputReader:
    """The executor's end: every message of one job, once and in order. Use it as a context.

    For a job that starts again (`again`) what it had been sent before is in `replayed` instead.
    `window` is told what was acknowledged; one who cancels need not acknowledge any more.
    """

    def __init__(self, job_id: str, *, again: bool = False, window: Window | None = None) -> None:
        self.replayed: list[JobMessage] = []
        self._window = window
        self._again = again
        self._job_id = job_id
        self._group = keys.input_group(job_id)
        # The last entry that was taken, and its name: after a loss of Redis's memory there may be
        # another under that number.
        self._last = 0
        self._name = ""
        # Up to which event the job's reader has acknowledged.
        self._acknowledged = 0
        # Of each sender the last number. Redis knows them too, unless it loses its memory.
        self._senders: dict[str, int] = {}
        self._ready: asyncio.Queue[JobMessage] = asyncio.Queue()
        self._reading = asyncio.Lock()

    async def __aenter__(self) -> InputReader:
        self._channel = await layer().new_channel()
        await layer().group_add(self._group, self._channel)
        await patiently(self._read_journal)
        while self._again and not self._ready.empty():
            self.replayed.append(self._ready.get_nowait())
        self._tasks = [
            asyncio.create_task(self._listen()),
            asyncio.create_task(self._keep_looking()),
        ]
        return self

    async def __aexit__(self, *args: object) -> None:
        # Cancelling `receive` is how the layer learns that the channel is no longer needed.
        await end_tasks(self._tasks)
        with contextlib.suppress(RedisError, OSError):  # the job has its end already
            await layer().group_discard(self._group, self._channel)

    def __aiter__(self) -> InputReader:
        return self

    async def __anext__(self) -> JobMessage:
        return await self.wait_for_input_response()

    async def wait_for_input_response(self) -> JobMessage:
        """The next message, whenever it comes."""
        return await self._ready.get()

    async def begin_again(self) -> None:
        """Redis lost its memory: what is sent from now on is numbered from 1 again."""
        await self._look()

    def interject(self, message: JobMessage) -> None:
        """A message of the executor's own, after those that have come."""
        if isinstance(message, Cancel) and self._window is not None:
            self._window.open()
        self._ready.put_nowait(message)

    async def _listen(self) -> None:
        while True:
            message = await layer().receive(self._channel)
            try:
                await self._heard(message)
            except Exception:
                # After it others come: a cancel above all. The journal has this one too.
                logger.exception("job %s: a message was not understood", self._job_id)

    async def _heard(self, message: dict[str, Any]) -> None:
        if message["type"] == "job.ack":
            self._hear_acknowledged(message["seq"])
        elif message["n"] == self._last + 1 and message.get("before") == self._name:
            self._take(message["n"], message["frame"], message["name"])
        elif message["n"] > self._last:
            await self._look()

    def _hear_acknowledged(self, seq: int) -> None:
        self._acknowledged = max(seq, self._acknowledged)
        if self._window is not None:
            self._window.acknowledged(seq)

    async def _keep_looking(self) -> None:
        """For what the group has lost: it is at most once."""
        acknowledged = self._window is not None
        with watch_input(self._job_id, self._misses, acknowledged=acknowledged) as watch:
            while True:
                await watch.missed()
                try:
                    await self._look()
                except Exception:
                    logger.exception("job %s: its input cannot be read", self._job_id)

    def _misses(self, found: Found) -> bool:
        """An earlier last entry, or none, is that of a Redis that lost its memory."""
        if found.acknowledged > self._acknowledged:
            return True
        return (found.number, found.name) != (self._last, self._name)

    async def _look(self) -> None:
        try:
            await self._read_journal()
        except (RedisError, OSError) as error:
            # The job goes on; what was sent meanwhile is in the journal when Redis is back.
            logger.warning("job %s: input cannot be read: %s", self._job_id, error)

    async def _read_journal(self) -> None:
        if self._window is not None:
            told = await client().get(keys.acknowledged(self._job_id))
            self._hear_acknowledged(int(told or 0))
        async with self._reading:
            # Another may be taken while we ask: it is not the one that we ask about.
            last, name = self._last, self._name
            if last and not await self._has_entry(last, name):
                self._last, self._name = 0, ""
            after = f"(0-{self._last}" if self._last else "-"
            async for number, fields in _entries(self._job_id, after):
                self._take(number, fields[b"f"], fields[b"k"].hex())

    async def _has_entry(self, number: int, name: str) -> bool:
        place = f"0-{number}"
        found = await client().xrange(keys.input_journal(self._job_id), min=place, max=place)
        return bool(found) and found[0][1][b"k"].hex() == name

    def _take(self, number: int, frame: str | bytes, name: str) -> None:
        """Whichever of the two readers comes first; the other one finds it taken."""
        if number != self._last + 1:
            return
        self._last, self._name = number, name
        message = read_input(self._job_id, number, frame)
        if message is None:
            return
        sender, input_id = _numbers(message)
        if sender:
            if input_id <= self._senders.get(sender, 0):
                return
            self._senders[sender] = input_id
        if isinstance(message, Cancel) and self._window is not None:
            self._window.open()
        self._ready.put_nowait(message)


async def read_inputs(job_id: str) -> list[tuple[int, JobMessage]]:
    """Everything known here that a job was sent, with its time in milliseconds since the epoch."""
    found = [(at_ms, message) async for _, at_ms, message in read_inputs_after(job_id, 0)]
    return [(at_ms, message) for at_ms, message in found if message is not None]


def read_input(job_id: str, number: int, frame: str | bytes) -> JobMessage | None:
    """None for what this release does not know: it is passed over, for what comes after it may be a
    cancel."""
    try:
        return parse_input(frame)
    except ValueError:  # whose words repeat what was typed
        logger.error("job %s: input %d is of a kind that is not known here", job_id, number)
        return None


async def read_inputs_after(
    job_id: str, after: int
) -> AsyncIterator[tuple[int, int, JobMessage | None]]:
    """What a job was sent after the piece of that number: number, time and message of each, as
    `read_input` has it."""
    async for number, fields in _entries(job_id, f"(0-{after}"):
        yield number, int(fields[b"t"]), read_input(job_id, number, fields[b"f"])


async def _entries(job_id: str, position: str) -> AsyncIterator[tuple[int, dict[bytes, bytes]]]:
    """In pages: a job may have been sent a million, and others want their turn on the loop."""
    while True:
        page = await client().xrange(keys.input_journal(job_id), min=position, count=READ_COUNT)
        for raw_id, fields in page:
            yield int(raw_id.partition(b"-")[2]), fields
        if len(page) < READ_COUNT:
            return
        position = "(" + page[-1][0].decode()
