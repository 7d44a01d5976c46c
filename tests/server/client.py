"""A client of `/ws/execute` that holds the server to its contract whatever the test is about."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

Frame = dict[str, Any]
PATIENCE_S = 45.0


class Client:
    """One socket. `frames` is everything that came; `after` is the last `seq` known before."""

    def __init__(self, socket: ClientConnection, after: int) -> None:
        self.socket = socket
        self.frames: list[Frame] = []
        self._after = after
        self._read = 0

    async def send(self, message: Frame) -> None:
        await self.socket.send(json.dumps(message))

    async def execute(self, language: str, code: str, **fields: Any) -> Frame:
        """Starts a job and returns its `accepted`."""
        await self.send({"type": "execute", "language": language, "code": code, **fields})
        return await self.until("accepted")

    async def answer(self, line: str) -> None:
        await self.send({"type": "input_response", "data": line})

    async def until(self, kind: str, patience_s: float = PATIENCE_S, **fields: Any) -> Frame:
        """The next frame of that type (and with these fields) that was not returned before."""
        async with asyncio.timeout(patience_s):
            while True:
                frame = await self.next()
                if frame["type"] == kind and fields.items() <= frame.items():
                    return frame

    async def next(self) -> Frame:
        """The next frame that was not returned before."""
        while self._read == len(self.frames):
            await self._receive()
        self._read += 1
        return self.frames[self._read - 1]

    async def until_output(self, text: str, stream: str = "stdout") -> None:
        """Until `text` is in what the program has written so far."""
        async with asyncio.timeout(PATIENCE_S):
            while text not in self.text(stream):
                await self._receive()

    async def closed(self) -> int:
        """Reads to the end; the close code."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                while True:
                    await self._receive()
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else 1006

    async def error(self) -> Frame:
        return await self.until("error", patience_s=10)

    async def refused(self) -> tuple[str, int]:
        """The code of the one error frame and the close code."""
        close_code = await self.closed()
        codes = [frame["code"] for frame in self.frames if frame["type"] == "error"]
        assert len(codes) == 1, self.frames
        return codes[0], close_code

    def of(self, kind: str) -> list[Frame]:
        return [frame for frame in self.frames if frame["type"] == kind]

    def statuses(self) -> list[str]:
        return [frame["status"] for frame in self.of("status")]

    def bytes_of(self, stream: str = "stdout", stage: str = "run") -> bytes:
        return b"".join(
            base64.b64decode(frame["data"])
            if frame.get("encoding") == "base64"
            else frame["data"].encode()
            for frame in self.of("output")
            if (frame["stream"], frame["stage"]) == (stream, stage)
        )

    def text(self, stream: str = "stdout", stage: str = "run") -> str:
        return self.bytes_of(stream, stage).decode(errors="replace")

    async def _receive(self) -> None:
        raw = await self.socket.recv()
        assert isinstance(raw, str), "a binary frame"
        frame = json.loads(raw)
        assert isinstance(frame, dict), frame
        self.frames.append(frame)

    async def keeps_the_contract(self) -> None:
        """`seq` without holes but those that a `gap` names; one `complete`, last, and then 1000."""
        numbered = [frame for frame in self.frames if "seq" in frame]
        ranges = [(frame.get("from_seq") or frame["seq"], frame["seq"]) for frame in numbered]
        seqs = [seq for first, last in ranges for seq in range(first, last + 1)]
        assert seqs == list(range(self._after + 1, self._after + 1 + len(seqs))), self.frames[-50:]
        if not self.of("complete"):
            return
        assert await self.closed() == 1000, self.frames[-5:]
        assert len(self.of("complete")) == 1, self.frames[-5:]
        assert self.frames[-1]["type"] == "complete", self.frames[-5:]


@asynccontextmanager
async def connect(
    url: str,
    *,
    origin: str | None = None,
    cookie: str = "",
    headers: Mapping[str, str] | None = None,
    after: int = 0,
    over: socket.socket | None = None,
) -> AsyncIterator[Client]:
    """`over` is a connection that is there already, such as one of another host."""
    sent = {**({"Cookie": cookie} if cookie else {}), **(headers or {})}
    async with open_socket(
        url,
        origin=Origin(origin) if origin else None,
        additional_headers=sent,
        max_size=None,
        open_timeout=PATIENCE_S,
        close_timeout=5,
        proxy=None,
        sock=over,
    ) as opened:
        client = Client(opened, after)
        yield client
        await client.keeps_the_contract()


async def run_job(url: str, language: str, code: str, *, cookie: str = "", **fields: Any) -> Client:
    """A whole job that asks nothing."""
    async with connect(url, cookie=cookie) as client:
        await client.execute(language, code, **fields)
        await client.until("complete")
    return client


async def says_hello(url: str) -> None:
    """The server is as it was: a job runs."""
    client = await run_job(url, "python", "print('hello')", tty=False)
    assert client.text() == "hello\n"
    assert client.frames[-1]["status"] == "completed", client.frames
