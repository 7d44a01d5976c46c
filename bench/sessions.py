"""Many clients in one event loop, each a socket of `/ws/execute`.

As lean as it goes in Python: frames are looked at by their first bytes, and parsed by whoever
wants to know more. What all of it costs is measured beside the figures (`usage.OwnShare`).
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast
from urllib.parse import urlsplit

from pydantic_core import from_json, to_json

from .client import CLOSE, PING, PONG, TEXT, as_frame, handshake

PATIENCE_S: Final = 120.0
# The type of a frame stands within its first bytes.
HEAD_BYTES: Final = 64


class SessionError(Exception):
    """It did not go as it should: the words are for the report."""


class Session(asyncio.Protocol):
    """One socket. `open_session` makes one; `close` has to follow."""

    def __init__(self, request: bytes) -> None:
        self.frames: list[bytes] = []
        self._request = request
        self._buffer = bytearray()
        self._is_open = False
        self._ended = False
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._wanted: tuple[bytes, ...] = ()
        self._found: asyncio.Future[bytes] | None = None

    # --- for who uses it -----------------------------------------------------------------------

    async def opened(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self._opened

    def send(self, message: Mapping[str, Any]) -> None:
        """Raises SessionError where the socket has closed."""
        if self._ended:
            raise SessionError("the socket is closed")
        self._transport.write(as_frame(to_json(message)))

    async def until(self, *kinds: str) -> bytes:
        """The next frame of one of these types. All that come are kept in `frames`.

        Raises SessionError where the socket closes before.
        """
        if self._ended:
            raise SessionError("the socket is closed")
        self._wanted = tuple(f'"{kind}"'.encode() for kind in kinds)
        self._found = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(PATIENCE_S):
            return await self._found

    def close(self) -> None:
        self._transport.abort()

    # --- for the loop --------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._is_open:
            self._read_handshake()
        if self._is_open:
            self._read_frames()

    def connection_lost(self, error: Exception | None) -> None:
        self._end(f"the connection was lost ({error})")

    def _read_handshake(self) -> None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        status = bytes(self._buffer.partition(b"\r\n")[0])
        del self._buffer[: end + 4]
        if b" 101" in status:
            self._is_open = True
            self._opened.set_result(None)
        else:
            self._end(f"no WebSocket: {status.decode(errors='replace')}")

    def _read_frames(self) -> None:
        at, buffer = 0, self._buffer
        while len(buffer) - at >= 2:
            length, head = buffer[at + 1] & 0x7F, 2
            if length >= 126:
                form, head = (">H", 4) if length == 126 else (">Q", 10)
                if len(buffer) - at < head:
                    break
                (length,) = struct.unpack_from(form, buffer, at + 2)
            if len(buffer) - at < head + length:
                break
            self._take(buffer[at] & 0x0F, bytes(buffer[at + head : at + head + length]))
            at += head + length
        del buffer[:at]

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self._transport.write(as_frame(payload, PONG))
        elif opcode == CLOSE:
            self._end("the server closed the socket")
        elif opcode == TEXT:
            self.frames.append(payload)
            head = payload[:HEAD_BYTES]
            if self._found is not None and any(kind in head for kind in self._wanted):
                found, self._found = self._found, None
                if not found.done():
                    found.set_result(payload)

    def _end(self, why: str) -> None:
        self._ended = True
        for waiting in (self._opened, self._found):
            if waiting is not None and not waiting.done():
                waiting.set_exception(SessionError(why))
        self._found = None


async def open_session(url: str) -> Session:
    """A socket that is ready to send. Raises SessionError, OSError or TimeoutError."""
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    request = handshake(f"{host}:{port}", "/ws/execute")
    loop = asyncio.get_running_loop()
    _, session = await loop.create_connection(lambda: Session(request), host, port)
    try:
        await session.opened()
    except BaseException:
        session.close()
        raise
    return session


def output_of(frames: Sequence[bytes]) -> str:
    """What the program of a session has said."""
    said = (from_json(frame) for frame in frames if b'"output"' in frame[:HEAD_BYTES])
    return "".join(message["data"] for message in said)
