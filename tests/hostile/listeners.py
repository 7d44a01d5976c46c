"""Services that nobody may reach: each says when it was spoken to.

They listen on loopback, in the file system, under an abstract name, and in a network namespace
that is made here. An attack that got out of its jail can arrive nowhere else.
"""

from __future__ import annotations

import ctypes
import os
import selectors
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

CLONE_NEWNET = 0x40000000
NAMESPACE = "codr-hostile-"
# 198.18.0.0/15 is set aside for trying out networks (RFC 2544): each process gets four addresses.
BLOCKS = 1 << 15
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Heard:
    at: float
    what: str


@dataclass(slots=True)
class Listeners:
    """`heard` grows whenever one of them is spoken to; times are of the monotonic clock."""

    heard: list[Heard] = field(default_factory=list)
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _thread: threading.Thread | None = None
    _stopping: threading.Event = field(default_factory=threading.Event)

    def add(self, what: str, listener: socket.socket) -> None:
        listener.setblocking(False)
        self._selector.register(listener, selectors.EVENT_READ, what)

    def start(self) -> None:
        self._thread = threading.Thread(target=self._listen, name="listeners", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()

    def between(self, start: float, end: float) -> list[str]:
        return [heard.what for heard in self.heard if start <= heard.at <= end]

    def _listen(self) -> None:
        while not self._stopping.is_set():
            for key, _ in self._selector.select(timeout=0.1):
                self.heard.append(Heard(time.monotonic(), key.data))
                _take(key.fileobj)  # type: ignore[arg-type]


def _take(listener: socket.socket) -> None:
    try:
        if listener.type == socket.SOCK_DGRAM:
            listener.recv(1 << 16)
        else:
            listener.accept()[0].close()
    except OSError:
        pass  # gone again, and heard all the same


def tcp(address: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.create_server((address, 0), family=family)


def udp(address: str) -> socket.socket:
    listener = socket.socket(
        socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM
    )
    listener.bind((address, 0))
    return listener


def unix(path: str, kind: int = socket.SOCK_STREAM) -> socket.socket:
    """An abstract one where the path begins with a NUL."""
    listener = socket.socket(socket.AF_UNIX, kind)
    listener.bind(path)
    if not path.startswith("\0"):
        os.chmod(path, 0o777)
    if kind == socket.SOCK_STREAM:
        listener.listen()
    return listener


def port(listener: socket.socket) -> str:
    return str(listener.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Namespace:
    name: str
    address: str
    address6: str

    def within(self, make: Callable[[], socket.socket]) -> socket.socket:
        """A socket that is of this namespace: a thread enters it, and ends with it."""
        made: list[socket.socket] = []

        def enter() -> None:
            fd = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
            try:
                if _libc.setns(fd, CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), f"cannot enter {self.name}")
                made.append(make())
            finally:
                os.close(fd)

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        return made[0]


@contextmanager
def own_namespace() -> Iterator[Namespace]:
    """A network namespace beside the host's, with one cable between the two."""
    _remove_leftovers()
    pid = os.getpid()
    block = 4 * (pid % BLOCKS)
    prefix = f"198.{18 + (block >> 16)}.{block >> 8 & 255}"
    near, far = (f"{prefix}.{(block & 255) + n}" for n in (1, 2))
    near6, far6 = (f"fdc0:d::{block >> 16:x}:{(block & 0xFFFF) + n:x}" for n in (1, 2))
    space = Namespace(f"{NAMESPACE}{pid}", far, far6)
    outer, inner = f"codrh{pid % 10**8}", "inside"
    _ip("netns", "add", space.name)
    try:
        _ip("link", "add", outer, "type", "veth", "peer", "name", inner, "netns", space.name)
        for netns, device, v4, v6 in (
            ((), outer, near, near6),
            (("-n", space.name), inner, far, far6),
        ):
            _ip(*netns, "address", "add", f"{v4}/30", "dev", device)
            _ip(*netns, "address", "add", f"{v6}/126", "dev", device, "nodad")
            _ip(*netns, "link", "set", device, "up")
        yield space
    finally:
        _ip("netns", "delete", space.name)


def _remove_leftovers() -> None:
    """What a killed test run has left behind."""
    folder = Path("/run/netns")
    for path in folder.iterdir() if folder.is_dir() else ():
        pid = path.name.removeprefix(NAMESPACE)
        if path.name.startswith(NAMESPACE) and not Path(f"/proc/{pid}").exists():
            _ip("netns", "delete", path.name)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
