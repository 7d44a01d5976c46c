"""Clients that are no clients: bytes over a plain socket, slow, broken, or without end."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import time
from pathlib import Path

PATIENCE_S = 30.0
MASK = b"\x00\x00\x00\x00"  # the bytes on the wire are then those of the message


def handshake(*fields: str, path: str = "/ws/execute") -> bytes:
    lines = [
        f"GET {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Version: 13",
        *fields,
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def frame(payload: bytes = b"", opcode: int = 1, first: int = 0x80) -> bytes:
    """A masked frame; `first` has the bits of the first byte besides the opcode."""
    head = bytes([first | opcode])
    if len(payload) < 126:
        size = bytes([0x80 | len(payload)])
    elif len(payload) < 1 << 16:
        size = b"\xfe" + struct.pack(">H", len(payload))
    else:
        size = b"\xff" + struct.pack(">Q", len(payload))
    return head + size + MASK + payload


class Raw:
    """One connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self.received = b""

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *what: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def shake_hands(self, *fields: str) -> Raw:
        self.send(handshake(*fields))
        self.until(b"\r\n\r\n")
        assert self.received.startswith(b"HTTP/1.1 101 "), self.received
        return self

    def until(self, wanted: bytes) -> None:
        while wanted not in self.received:
            data = self.socket.recv(65536)
            assert data, f"closed before {wanted!r}: {self.received!r}"
            self.received += data

    def to_the_end(self) -> bytes:
        """All that comes until the other side is gone."""
        try:
            while data := self.socket.recv(65536):
                self.received += data
        except ConnectionError:
            pass  # bytes of ours that were not read make a reset of a close
        return self.received

    def is_closed(self, within_s: float) -> bool:
        """Whether the other side goes; what it says before is kept."""
        deadline = time.monotonic() + within_s
        while (left := deadline - time.monotonic()) > 0:
            if select.select([self.socket], [], [], left)[0]:
                try:
                    data = self.socket.recv(65536)
                except ConnectionError:
                    return True
                if not data:
                    return True
                self.received += data
        return False

    def trickle(self, data: bytes, pause_s: float) -> float:
        """Sends byte by byte until the other side goes; how long that took."""
        began = time.monotonic()
        for number in range(len(data)):
            try:
                self.socket.sendall(data[number : number + 1])
            except ConnectionError:
                break
            if self.is_closed(pause_s):
                break
        else:
            raise AssertionError("it was listened to to the end")
        return time.monotonic() - began

    def pour(self, data: bytes, at_most: int, stuck_s: float = 1.0) -> int:
        """Sends again and again without reading, until `at_most` or until nothing more is taken;
        how many bytes were."""
        taken = 0
        self.socket.setblocking(False)
        rest = memoryview(data)
        while taken < at_most:
            if not select.select([], [self.socket], [], stuck_s)[1]:
                break
            try:
                sent = self.socket.send(rest)
            except ConnectionError:
                break
            taken += sent
            rest = rest[sent:] or memoryview(data)
        self.socket.setblocking(True)
        self.socket.settimeout(PATIENCE_S)
        return taken


def resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096


def descriptors(pid: int) -> list[str]:
    """What they are open on."""
    found = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile
            found.append(str(link.readlink()))
    return sorted(found)


def clients(pid: int, port: int) -> int:
    """How many connections to that port of its own a process has."""
    held = {name for name in descriptors(pid) if name.startswith("socket:")}
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(
        f"socket:[{fields[9]}]" in held
        for fields in lines
        if int(fields[1].rpartition(":")[2], 16) == port and fields[3] != "0A"  # 0A listens
    )
