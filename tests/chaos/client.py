"""A client as docs/protocol.md wants it: it comes back with `attach` and the last `seq` it saw, at
any web process, in pauses that grow, and sends again what nobody has said to have taken.

It writes down all that it was told, and every breach of the contract that it sees itself.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import socket
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from .plays import Play, questions

Frame = dict[str, Any]
FIRST_PAUSE_S: Final = 0.25
LONGEST_PAUSE_S: Final = 4.0
OPEN_S: Final = 10.0
# A link that was cut says nothing: who asks hears that nobody answers.
PING_S: Final = 3.0
PING_ANSWER_S: Final = 10.0
# Some clients drop their socket themselves, at whatever byte they are.
DROPPING: Final = 0.3
MEAN_LIFE_S: Final = 3.0
FOR_EVER_S: Final = 1e6
LAST_QUESTION: Final = re.compile(r"\d+\? $")


# The address of a web process, each time another, and a connection to it.
Reach = Callable[[random.Random], Awaitable[tuple[str, socket.socket]]]


class BrokenContractError(Exception):
    """The server said what it must not say; the client goes no further."""


@dataclass(slots=True)
class Told:
    """One frame with a `seq`, and when it came (this process's clock)."""

    frame: Frame
    at: float


@dataclass(slots=True)
class Record:
    """What one client saw of one job."""

    told: list[Told] = field(default_factory=list)
    errors: list[Frame] = field(default_factory=list)
    # Of each connection the address, begin and end, and why it ended.
    connections: list[tuple[str, float, float, str]] = field(default_factory=list)
    # From a drop to `accepted`.
    longest_away_s: float = 0.0

    @property
    def reconnects(self) -> int:
        return max(0, len(self.connections) - 1)

    @property
    def complete(self) -> Frame | None:
        last = self.told[-1].frame if self.told else None
        return last if last is not None and last["type"] == "complete" else None


class Client:
    """Follows one job to its end."""

    def __init__(self, reach: Reach, chance: random.Random) -> None:
        self._reach = reach
        self._chance = chance
        self._drops = chance.random() < DROPPING
        self.record = Record()
        self.job_id = ""
        self.flow_control = False
        self.reads_slowly_s = 0.0
        self._seq = 0
        self._over = False
        self._lost_at = 0.0

    def first_message(self) -> Frame:
        return {"type": "attach", "job_id": self.job_id, "after": self._seq}

    async def run(self) -> None:
        """Raises BrokenContractError."""
        pause_s = FIRST_PAUSE_S
        while True:
            accepted = await self._connect()
            if self.record.complete is not None:
                return
            pause_s = FIRST_PAUSE_S if accepted else min(LONGEST_PAUSE_S, pause_s * 2)
            await asyncio.sleep(pause_s * self._chance.uniform(0.5, 1.0))

    async def _connect(self) -> bool:
        """One connection from its begin to its end; whether the job was there."""
        url, began, accepted, why = "", time.monotonic(), False, ""
        life_s = self._chance.expovariate(1 / MEAN_LIFE_S) if self._drops else FOR_EVER_S
        try:
            url, over = await self._reach(self._chance)
            async with open_socket(
                url, sock=over, max_size=None, open_timeout=OPEN_S, close_timeout=1,
                ping_interval=PING_S, ping_timeout=PING_ANSWER_S, proxy=None,
            ) as socket:  # fmt: skip
                drop = asyncio.get_running_loop().call_later(life_s, socket.transport.abort)
                try:
                    await socket.send(json.dumps(self.first_message()))
                    async for raw in socket:
                        frame: Frame = json.loads(raw)
                        if frame["type"] == "accepted":
                            accepted = True
                            await self._on_accepted(frame, socket)
                        else:
                            await self._on_frame(frame, socket)
                    why = f"closed with {socket.close_code}"
                    self._on_close(socket.close_code)
                finally:
                    drop.cancel()
                    await self._on_drop()
        except (OSError, ConnectionClosed, InvalidHandshake, TimeoutError) as error:
            why = f"{type(error).__name__}: {error}"
        self._lost_at = self._lost_at or time.monotonic()
        self.record.connections.append((url, began, time.monotonic(), why))
        return accepted

    def _on_close(self, code: int | None) -> None:
        if code == 1000 and not self._over:
            raise BrokenContractError("closed with 1000 before `complete`")
        if code is not None and 4400 <= code <= 4429 and code != 4408:
            raise BrokenContractError(f"refused with {code}: {self.record.errors[-1:]}")

    async def _on_accepted(self, frame: Frame, socket: ClientConnection) -> None:
        if self.job_id and frame["job_id"] != self.job_id:
            raise BrokenContractError(f"another job: {frame['job_id']}, not {self.job_id}")
        self.job_id = frame["job_id"]
        if self._lost_at:
            away_s = time.monotonic() - self._lost_at
            self.record.longest_away_s = max(self.record.longest_away_s, away_s)
            self._lost_at = 0.0

    async def _on_drop(self) -> None:
        """The connection is gone."""

    async def _on_frame(self, frame: Frame, socket: ClientConnection) -> None:
        if frame["type"] == "error":
            self.record.errors.append(frame)
        if "seq" not in frame:
            return
        if self._over:
            raise BrokenContractError(f"after `complete` came {frame}")
        if frame["seq"] != self._seq + 1:
            raise BrokenContractError(f"after seq {self._seq} came {str(frame)[:300]}")
        self._seq = frame["seq"]
        self.record.told.append(Told(frame, time.monotonic()))
        self._over = frame["type"] == "complete"
        if self.reads_slowly_s:
            await asyncio.sleep(self.reads_slowly_s)
        if self.flow_control:
            await self._try_to_send(socket, {"type": "ack", "seq": self._seq})

    async def _try_to_send(self, socket: ClientConnection, message: Frame) -> None:
        try:
            await socket.send(json.dumps(message))
        except ConnectionClosed:
            pass  # what came before the end is still to be read


class Viewer(Client):
    """Only attaches and follows."""

    def __init__(self, job_id: str, reach: Reach, chance: random.Random) -> None:
        super().__init__(reach, chance)
        self.job_id = job_id


class Player(Client):
    """Starts a job, answers each of its questions once, and types what its play says."""

    def __init__(self, play: Play, reach: Reach, chance: random.Random) -> None:
        super().__init__(reach, chance)
        self.play = play
        self.flow_control = play.flow_control
        self.reads_slowly_s = play.reads_slowly_s
        self.accepted = asyncio.Event()
        self._request_id = uuid.UUID(int=chance.getrandbits(128)).hex
        self._sender = f"{chance.getrandbits(64):x}"
        self._asked: set[str] = set()
        self._heard = asyncio.Event()
        # What is to be sent, and what nobody has said to have taken, in its order.
        self._sent = 0
        self._untaken: list[Frame] = []
        self._socket: ClientConnection | None = None

    @property
    def request_id(self) -> str:
        return self._request_id

    @property
    def untaken(self) -> int:
        return len(self._untaken)

    def first_message(self) -> Frame:
        if self.job_id:
            return super().first_message()
        play = self.play
        return {
            "type": "execute",
            "language": play.language,
            "code": play.code,
            "args": list(play.args),
            "tty": play.tty,
            "flow_control": play.flow_control,
            "request_id": self._request_id,
        }

    async def run(self) -> None:
        typing = asyncio.create_task(self._type())
        try:
            await super().run()
        finally:
            typing.cancel()

    async def _type(self) -> None:
        """As a person does, whatever the connection does."""
        await self.accepted.wait()
        prompts = questions(self.play)
        for typed in self.play.typed:
            if typed.to_question:
                prompt = next(prompts)
                while prompt not in self._asked:
                    self._heard.clear()
                    await self._heard.wait()
            await asyncio.sleep(typed.after_s)
            await self._send(dict(typed.message))
        if self.play.cancel_after_s is not None:
            await asyncio.sleep(self.play.cancel_after_s)
            while True:  # it has no number: said until it is heard
                if self._socket is not None:
                    await self._try_to_send(self._socket, {"type": "cancel"})
                await asyncio.sleep(1.0)

    async def _send(self, message: Frame) -> None:
        self._sent += 1
        message |= {"sender": self._sender, "input_id": self._sent}
        self._untaken.append(message)
        if self._socket is not None:
            await self._try_to_send(self._socket, message)

    async def _on_accepted(self, frame: Frame, socket: ClientConnection) -> None:
        await super()._on_accepted(frame, socket)
        for message in list(self._untaken):
            await self._try_to_send(socket, message)
        self._socket = socket
        self.accepted.set()

    async def _on_drop(self) -> None:
        self._socket = None

    async def _on_frame(self, frame: Frame, socket: ClientConnection) -> None:
        await super()._on_frame(frame, socket)
        if frame["type"] == "input_request":
            # In front of it may stand one whose answer came before it was asked.
            if asked := LAST_QUESTION.search(frame["prompt"]):
                self._asked.add(asked.group())
            self._heard.set()
        elif frame["type"] == "input_accepted":
            taken = frame["input_id"]
            self._untaken = [each for each in self._untaken if each["input_id"] != taken]
        elif frame["type"] == "error" and frame.get("input_id"):
            raise BrokenContractError(f"input was refused: {frame}")
