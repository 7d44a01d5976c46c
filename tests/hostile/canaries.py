"""What an attack may look for: secrets planted on the host and in a job beside it.

Each has a value that nobody can guess. A value that turns up in a frame has leaked, and its name
says from where. `places` is what a program is told through `{...}` in its arguments.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.hostile.listeners import Listeners, own_namespace, port, tcp, udp, unix

IPC_CREAT, IPC_RMID = 0o1000, 0
READABLE_BY_ALL = 0o644
# A secret of the host is put into each of these, under a name that programs are told.
FOLDERS = ("/etc", "/home", "/mnt", "/opt", "/root", "/run", "/srv", "/tmp", "/var")


class MessageQueueSize(ctypes.Structure):
    """The kernel's `struct mq_attr`, on every 64-bit machine (mq_open(3))."""

    _fields_ = (
        ("flags", ctypes.c_long),
        ("most", ctypes.c_long),
        ("message_bytes", ctypes.c_long),
        ("waiting", ctypes.c_long),
        ("reserved", ctypes.c_long * 4),
    )


@dataclass(slots=True)
class Canaries:
    """`values` maps what is secret to its value."""

    listeners: Listeners = field(default_factory=Listeners)
    values: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)

    def secret(self, what: str) -> str:
        return self.values.setdefault(what, secrets.token_hex(16))

    def leaked(self, text: bytes) -> list[str]:
        return [what for what, value in self.values.items() if value.encode() in text]


@contextmanager
def planted() -> Iterator[Canaries]:
    """Everything that is the host's; what belongs to one running Codr is added by the campaign."""
    canaries = Canaries()
    with ExitStack() as stack:
        _plant_files(canaries, stack)
        _plant_ipc(canaries, stack)
        _plant_listeners(canaries, stack)
        canaries.listeners.start()
        stack.callback(canaries.listeners.stop)
        yield canaries


def _plant_files(canaries: Canaries, stack: ExitStack) -> None:
    name = f"codr-hostile-{secrets.token_hex(4)}"
    canaries.places["secret_name"] = name
    for folder in FOLDERS:
        _plant_file(Path(folder, name), canaries.secret(f"a file in {folder}"), stack)
    # Nothing but the jail keeps anybody from this one: all of its folders are open.
    outside = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp")))
    outside.chmod(0o777)
    _plant_file(outside / "secret", canaries.secret("a file outside"), stack)
    canaries.places["secret_folder"] = str(outside)
    canaries.places["secret_file"] = str(outside / "secret")


def _plant_file(path: Path, secret: str, stack: ExitStack) -> None:
    stack.callback(path.unlink, missing_ok=True)
    path.write_text(secret)
    path.chmod(READABLE_BY_ALL)


def _plant_ipc(canaries: Canaries, stack: ExitStack) -> None:
    """A System V segment, a POSIX one and a message queue that everybody may read."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    libc.shmdt.argtypes = [ctypes.c_void_p]
    key = secrets.randbelow(1 << 30) + 1
    segment = _worked(libc.shmget(key, 4096, IPC_CREAT | 0o666), "shmget")
    stack.callback(libc.shmctl, segment, IPC_RMID, None)
    address = libc.shmat(segment, None, 0)
    secret = canaries.secret("a System V segment").encode()
    ctypes.memmove(address, secret, len(secret))
    libc.shmdt(address)

    name = canaries.places["secret_name"]
    _plant_file(Path("/dev/shm", name), canaries.secret("a POSIX segment"), stack)
    flags = os.O_RDWR | os.O_CREAT
    size = MessageQueueSize(most=1, message_bytes=256)  # a user may have few bytes in queues
    queue = _worked(libc.mq_open(f"/{name}".encode(), flags, 0o666, ctypes.byref(size)), "mq_open")
    stack.callback(libc.mq_unlink, f"/{name}".encode())
    stack.callback(os.close, queue)
    os.fchmod(queue, 0o666)  # whatever the umask
    message = canaries.secret("a message queue").encode()
    _worked(libc.mq_send(queue, message, len(message), 0), "mq_send")
    canaries.places |= {"shm_key": str(key), "shm_name": name, "mq_name": name}


def _worked(result: int, call: str) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), call)
    return result


def _plant_listeners(canaries: Canaries, stack: ExitStack) -> None:
    name = canaries.places["secret_name"]
    path = f"{canaries.places['secret_folder']}/socket"
    space = stack.enter_context(own_namespace())
    made = {
        "tcp_port": tcp("127.0.0.1"),
        "tcp6_port": tcp("::1"),
        "udp_port": udp("127.0.0.1"),
        "udp6_port": udp("::1"),
        "ns_port": space.within(lambda: tcp(space.address)),
        "ns6_port": space.within(lambda: tcp(space.address6)),
        "ns_udp_port": space.within(lambda: udp(space.address)),
    }
    for place, listener in made.items():
        canaries.places[place] = port(listener)
        canaries.listeners.add(place.removesuffix("_port"), listener)
    canaries.listeners.add("unix", unix(path))
    canaries.listeners.add("abstract", unix(f"\0{name}"))
    canaries.listeners.add("abstract_dgram", unix(f"\0{name}-dgram", socket.SOCK_DGRAM))
    canaries.places |= {
        "unix_path": path,
        "abstract": name,
        "abstract_dgram": f"{name}-dgram",
        "ns_address": space.address,
        "ns6_address": space.address6,
    }
