"""What people send to a running job: appended to its input journal, then to its group.

Entries are numbered 1, 2, 3 … by a script, since several viewers may type at once; whoever reads
them sees a hole and fills it from the journal, and passes nothing on twice.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import deque
from typing import Any, Final

from redis.exceptions import ConnectionError, RedisError

from executor_app.protocol import Cancel, Eof, InputResponse, Resize, Signal, Stdin, parse_input

from . import keys, scripts
from .client import client, group_channel, layer
from .events import FORGOTTEN_S

logger = logging.getLogger(__name__)

JobMessage = InputResponse | Stdin | Eof | Resize | Signal | Cancel

# Input that a job may be sent in all, so that nobody fills Redis by typing.
MAX_ENTRIES: Final = 1_000_000
MAX_BYTES: Final = 64 * 1024 * 1024
# How often the journal is looked at although nothing came: pub/sub is at most once.
LOOK_AGAIN_S: Final = 2.0

# How far back a repeated append looks for itself: others may have typed in between.
LOOK_BACK: Final = 32


class TooMuchInputError(Exception):
    """More input than one job may be sent in all."""


async def publish_input_response(job_id: str, frame: str) -> int:
    """Journals one checked frame of a client and hands it to the executor; returns its number.

    Raises TooMuchInputError, and RedisError where it is not known to have arrived.
    """
    name = os.urandom(6)
    try:
        number = await _append(job_id, frame, name, look_back=0)
    except ConnectionError:
        # Redis may have been restarted since this connection was used, and may have heard us.
        number = await _append(job_id, frame, name, look_back=LOOK_BACK)
    if number < 0:
        raise TooMuchInputError(job_id)
    return number


async def _append(job_id: str, frame: str, name: bytes, *, look_back: int) -> int:
    channel, now = group_channel(keys.input_group(job_id)), int(time.time() * 1000)
    bounds = [FORGOTTEN_S, MAX_ENTRIES, MAX_BYTES]
    number = await scripts.PUBLISH_INPUT.run(
        [keys.input_journal(job_id)], [channel, now, frame, *bounds, name, look_back]
    )
    return int(number)


class InputReader:
    """The executor's end: every message of one job, once and in order. Use it as a context."""

    def __init__(self, job_id: str) -> None:
        self._job_id = job_id
        self._group = keys.input_group(job_id)
        self._channel = ""
        self._last = 0
        self._ready: deque[JobMessage] = deque()
        self._receiving: asyncio.Task[dict[str, Any]] | None = None

    async def __aenter__(self) -> InputReader:
        self._channel = await layer().new_channel()
        await layer().group_add(self._group, self._channel)
        await self._read_journal()
        return self

    async def __aexit__(self, *args: object) -> None:
        await layer().group_discard(self._group, self._channel)
        if self._receiving is not None:
            # Cancelling `receive` is how the layer learns that the channel is no longer needed.
            self._receiving.cancel()
            await asyncio.gather(self._receiving, return_exceptions=True)

    def __aiter__(self) -> InputReader:
        return self

    async def __anext__(self) -> JobMessage:
        return await self.wait_for_input_response()

    async def wait_for_input_response(self) -> JobMessage:
        """The next message, whenever it comes."""
        while not self._ready:
            if self._receiving is None:
                self._receiving = asyncio.ensure_future(layer().receive(self._channel))
            done, _ = await asyncio.wait([self._receiving], timeout=LOOK_AGAIN_S)
            try:
                if done:
                    receiving, self._receiving = self._receiving, None
                    message = receiving.result()
                    await self._take(message["n"], message["frame"])
                else:
                    await self._read_journal()
            except (RedisError, OSError) as error:
                # The job goes on; what was sent meanwhile is in the journal when Redis is back.
                logger.warning("job %s: input cannot be read: %s", self._job_id, error)
                await asyncio.sleep(LOOK_AGAIN_S / 4)
        return self._ready.popleft()

    async def _take(self, number: int, frame: str) -> None:
        if number == self._last + 1:
            self._last = number
            self._ready.append(parse_input(frame))
        elif number > self._last:
            await self._read_journal()

    async def _read_journal(self) -> None:
        entries = await client().xrange(
            keys.input_journal(self._job_id), min=f"(0-{self._last}" if self._last else "-"
        )
        for raw_id, fields in entries:
            self._last = int(raw_id.partition(b"-")[2])
            self._ready.append(parse_input(fields[b"f"]))


async def read_inputs(job_id: str) -> list[tuple[int, JobMessage]]:
    """Everything a job was sent, with its time in milliseconds since the epoch."""
    entries = await client().xrange(keys.input_journal(job_id))
    return [(int(fields[b"t"]), parse_input(fields[b"f"])) for _, fields in entries]
