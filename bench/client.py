"""A WebSocket client that costs next to nothing, so that what is measured is the server.

Blocking, one thread, text frames only; no compression is offered, and the mask is zero, which the
protocol allows and which saves a pass over every frame. Frames are handed out as bytes: whoever
times something parses them after the clock has stopped.
"""

from __future__ import annotations

import base64
import os
import socket
import struct
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic_core import from_json, to_json

ANSWER_S: Final = 60.0
RECEIVE_BYTES: Final = 1 << 20
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA


class ClosedError(Exception):
    """The server closed the socket; `code` is its close code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the server closed the socket with {code}")
        self.code = code


class Client:
    """One socket of `/ws/execute`. Use it as a context."""

    def __init__(self, url: str) -> None:
        """`url` as people give it: `http://host:port` or the socket's own `ws://…/ws/execute`."""
        parts = urlsplit(url)
        host, port = parts.hostname or "127.0.0.1", parts.port or 80
        path = parts.path if len(parts.path) > 1 else "/ws/execute"
        self._socket = socket.create_connection((host, port), timeout=ANSWER_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray()
        self._start = 0
        self._shake_hands(f"{host}:{port}", path)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *args: object) -> None:
        self._socket.close()

    def send(self, message: Mapping[str, Any]) -> None:
        self.send_frame(to_json(message))

    def send_frame(self, payload: bytes, opcode: int = TEXT) -> None:
        self._socket.sendall(as_frame(payload, opcode))

    def receive(self) -> bytes:
        """The next text frame's payload. Raises ClosedError."""
        while True:
            opcode, payload = self._receive_frame()
            if opcode == TEXT:
                return payload
            if opcode == PING:
                self.send_frame(payload, PONG)
            elif opcode == CLOSE:
                raise ClosedError(struct.unpack(">H", payload[:2])[0] if payload else 1005)

    def receive_json(self) -> dict[str, Any]:
        value: dict[str, Any] = from_json(self.receive())
        return value

    def wait_for(self, kind: str) -> dict[str, Any]:
        """The next frame of that type. A `complete` or `error` in its place is an error here."""
        for message in self.messages():
            if message["type"] == kind:
                return message
            if message["type"] in ("complete", "error"):
                raise RuntimeError(f"waited for {kind}, got {message}")
        raise AssertionError("messages() does not end")

    def messages(self) -> Iterator[dict[str, Any]]:
        while True:
            yield self.receive_json()

    def _receive_frame(self) -> tuple[int, bytes]:
        self._have(2)
        opcode = self._buffer[self._start] & 0x0F
        length = self._buffer[self._start + 1] & 0x7F
        head = 2
        if length == 126:
            self._have(head := 4)
            (length,) = struct.unpack_from(">H", self._buffer, self._start + 2)
        elif length == 127:
            self._have(head := 10)
            (length,) = struct.unpack_from(">Q", self._buffer, self._start + 2)
        self._have(head + length)
        begin = self._start + head
        self._start = begin + length
        return opcode, bytes(memoryview(self._buffer)[begin : self._start])

    def _have(self, count: int) -> None:
        """Waits until that many bytes are there, from `_start` on."""
        if len(self._buffer) - self._start >= count:
            return
        del self._buffer[: self._start]
        self._start = 0
        while len(self._buffer) < count:
            part = self._socket.recv(RECEIVE_BYTES)
            if not part:
                raise ClosedError(1006)
            self._buffer += part

    def _shake_hands(self, host: str, path: str) -> None:
        self._socket.sendall(handshake(host, path))
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            part = self._socket.recv(4096)
            if not part:
                break
            self._buffer += part
        status = bytes(self._buffer.partition(b"\r\n")[0])
        if b" 101" not in status:
            raise ConnectionError(
                f"no WebSocket at {host}{path}: {status.decode(errors='replace')}"
            )
        self._start = end + 4


def handshake(host: str, path: str) -> bytes:
    """What a browser sends to open a WebSocket."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        f"Origin: http://{host}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def as_frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """One unfragmented frame of a client, masked with zeros."""
    length = len(payload)
    if length < 126:
        head = struct.pack(">BB", 0x80 | opcode, 0x80 | length)
    elif length < 1 << 16:
        head = struct.pack(">BBH", 0x80 | opcode, 0x80 | 126, length)
    else:
        head = struct.pack(">BBQ", 0x80 | opcode, 0x80 | 127, length)
    return head + bytes(4) + payload
