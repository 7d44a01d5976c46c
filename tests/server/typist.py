"""A client that types as docs/protocol.md asks for: what it is not told to have arrived it sends
again, under the same number. And a way to the server that is cut wherever chance wants it."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from websockets.exceptions import WebSocketException

from tests.server.client import PATIENCE_S, Client, Frame, connect

# Answers with all that it was given, in one line at its end.
COUNTS = """
print('ready')
given = []
while (line := input()) != 'end':
    given.append(line)
print('given:', *given)
"""
# Dropped for reasons of the network, or because the server cannot go on just now.
DROPPED = (OSError, WebSocketException, TimeoutError)


@dataclass
class Typist:
    """`url` may change; `unsent` is what is not known to have arrived."""

    url: str
    sender: str = "typist"
    job_id: str = ""
    seq: int = 0
    sockets: int = 0
    output: str = ""
    end: Frame = field(default_factory=dict)
    unsent: list[Frame] = field(default_factory=list)
    _last: int = 0
    _client: Client | None = None

    async def begin(self, code: str) -> None:
        async with connect(self.url) as client:
            self.job_id = (await client.execute("python", code))["job_id"]

    async def type(self, line: str) -> None:
        self._last += 1
        message: Frame = {"type": "input_response", "data": line}
        message |= {"sender": self.sender, "input_id": self._last}
        self.unsent.append(message)
        if self._client is not None:
            with contextlib.suppress(*DROPPED):
                await self._client.send(message)

    async def stay(self) -> None:
        """Follows the job to its end, however often the socket drops."""
        async with asyncio.timeout(3 * PATIENCE_S):
            while not self.end:
                with contextlib.suppress(*DROPPED):
                    await self._follow()
                self._client = None
                await asyncio.sleep(0.01)

    def given(self) -> list[str]:
        """What the program says that it was given."""
        assert self.end["status"] == "completed", (self.end, self.output)
        return self.output.rpartition("given:")[2].split()

    async def _follow(self) -> None:
        async with connect(self.url, after=self.seq) as client:
            self.sockets += 1
            await client.send({"type": "attach", "job_id": self.job_id, "after": self.seq})
            await client.until("accepted")
            for message in list(self.unsent):
                await client.send(message)
            self._client = client
            while not self.end:
                self._hear(await client.next())

    def _hear(self, frame: Frame) -> None:
        if frame["type"] == "input_accepted":
            assert frame["sender"] == self.sender
            self.unsent = [m for m in self.unsent if m["input_id"] > frame["input_id"]]
        self.seq = frame.get("seq", self.seq)
        if frame["type"] == "output" and frame["stream"] == "stdout":
            self.output += frame["data"]
        if frame["type"] == "complete":
            self.end = frame


@asynccontextmanager
async def broken_way(port: int, chance: random.Random, cuts: int) -> AsyncIterator[str]:
    """The address of a way to that port; its first `cuts` connections are cut in the middle of
    something, in either direction, and what was on its way is lost."""
    left = cuts

    async def pump(source: asyncio.StreamReader, to: asyncio.StreamWriter, most: int) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := await source.read(1 << 16):
                to.write(data[: most - passed])
                await to.drain()
                passed += len(data)
                if passed >= most:
                    return

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal left
        # A handshake has some 300 bytes; a piece of input, and its confirmation, about 90.
        up, down = chance.randrange(200, 1500), chance.randrange(200, 1500)
        if left <= 0:
            up = down = 1 << 40
        left -= 1
        there, back = await asyncio.open_connection("127.0.0.1", port)
        pumps = [
            asyncio.create_task(pump(reader, back, up)),
            asyncio.create_task(pump(there, writer, down)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in pumps:
                task.cancel()
            for end in (back, writer):
                end.transport.abort()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws/execute"
