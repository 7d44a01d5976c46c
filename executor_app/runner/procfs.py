"""What the kernel says about a job's threads: who sleeps, where, and on which descriptor.

Reading /proc/<pid>/syscall and /proc/<pid>/mem takes root, or the same user and no foreign user
namespace between (ptrace(2), "Ptrace access mode checking"). Every reader here answers with None
or nothing when a process is gone: processes end while one looks at them.
"""

from __future__ import annotations

import os
import platform
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# System calls that read a descriptor: number -> index of the argument that names it.
_READS = {
    "x86_64": {0: 0, 17: 0, 19: 0, 295: 0, 327: 0, 275: 0, 276: 0, 40: 1},
    "aarch64": {63: 0, 67: 0, 65: 0, 69: 0, 286: 0, 76: 0, 77: 0, 71: 1},
}
_POLLS = {"x86_64": {7, 271}, "aarch64": {73}}
_SELECTS = {"x86_64": {23, 270}, "aarch64": {72}}
_EPOLLS = {"x86_64": {232, 281, 441}, "aarch64": {22, 441}}

# Those that open a file: open and openat.
_OPENS = {"x86_64": {2, 257}, "aarch64": {56}}

_MACHINE = platform.machine()
READS = _READS.get(_MACHINE, {})
POLLS = _POLLS.get(_MACHINE, set())
SELECTS = _SELECTS.get(_MACHINE, set())
EPOLLS = _EPOLLS.get(_MACHINE, set())
OPENS = _OPENS.get(_MACHINE, set())

POLL_READABLE = 0x001 | 0x040  # POLLIN, POLLRDNORM
EPOLL_READABLE = 0x001 | 0x040
MAX_POLLED = 4096
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
DEV_TTY = os.makedev(5, 0)


def read(path: str) -> bytes:
    """All of a file, at a quarter of what `open` costs: a look at a program reads a dozen."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = []
        while part := os.read(fd, 16 * 1024):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(fd)


@dataclass(frozen=True, slots=True)
class Input:
    """The program's standard input as the kernel knows it: device and inode of its file."""

    device: int
    inode: int
    is_terminal: bool

    @classmethod
    def of(cls, fd: int) -> Input:
        found = os.fstat(fd)
        return cls(found.st_dev, found.st_ino, os.isatty(fd))

    def is_open_as(self, sleep: Sleep, fd: int) -> bool:
        """Whether descriptor `fd` of a thread is this input; /dev/tty is the terminal too."""
        try:
            found = os.stat(f"{sleep.folder}/fd/{fd}")
        except OSError:
            return False
        if found.st_dev == self.device and found.st_ino == self.inode:
            return True
        return self.is_terminal and found.st_rdev == DEV_TTY

    def by_another_name(self, sleep: Sleep, fd: int) -> bool:
        """Whether it was opened as /dev/tty, as programs do that ask for a password."""
        try:
            return self.is_terminal and os.stat(f"{sleep.folder}/fd/{fd}").st_rdev == DEV_TTY
        except OSError:
            return False


@dataclass(frozen=True, slots=True)
class Sleep:
    """A thread that sleeps in a system call. `ran` is what the scheduler has counted of it."""

    pid: int
    tid: int
    ran: bytes
    call: int
    args: tuple[int, ...]

    @property
    def folder(self) -> str:
        """The thread's own: /proc/<pid> is the main thread's, which may have ended before."""
        return f"/proc/{self.pid}/task/{self.tid}"


def read_sleep(pid: int, tid: str) -> Sleep | None:
    """The system call that a thread sleeps in; None when it runs or has gone."""
    try:
        words = read(f"/proc/{pid}/task/{tid}/syscall").split()
        if len(words) < 8:  # "running", or "-1 sp pc" when blocked outside a call
            return None
        ran = read(f"/proc/{pid}/task/{tid}/schedstat")
    except (OSError, ProcessLookupError):
        return None
    call = int(words[0])
    return Sleep(pid, int(tid), ran, call, tuple(int(word, 16) for word in words[1:7]))


def opens_a_file(pid: int) -> bool:
    """Whether its main thread waits in opening a file: one that takes its time, as a FIFO does."""
    sleep = read_sleep(pid, str(pid))
    return sleep is not None and sleep.call in OPENS


def threads(pid: int) -> list[str]:
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []


def threads_of_user(uid: int) -> int:
    """How many threads the user has on this host, which is what RLIMIT_NPROC counts."""
    count = 0
    for name in os.listdir("/proc"):
        try:
            if name.isdecimal() and os.stat(f"/proc/{name}").st_uid == uid:
                count += len(threads(int(name)))
        except OSError:
            continue
    return count


def use_more_memory(pids: Sequence[int], limit_bytes: int) -> bool:
    """Whether processes hold more than that in all, with what they share counted once."""
    resident = sum(_number(f"/proc/{pid}/statm", 1) for pid in pids) * PAGE_BYTES
    if resident <= limit_bytes:
        return False
    # The kernel walks all pages for this one: only where it may matter.
    return sum(_proportional_kib(pid) for pid in pids) * 1024 > limit_bytes


def _number(file: str, index: int) -> int:
    try:
        with open(file, encoding="ascii") as text:
            return int(text.read().split()[index])
    except (OSError, ValueError, IndexError):
        return 0


def _proportional_kib(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as lines:
            return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    except OSError:
        return 0


def state(pid: int, tid: int) -> bytes:
    """R, S, D, T, Z and so on, see proc(5); X where it has gone."""
    try:
        return read(f"/proc/{pid}/task/{tid}/stat").rpartition(b") ")[2][:1]
    except OSError:
        return b"X"


def has_ended(pid: int, tid: int) -> bool:
    """A zombie has: a main thread stays one until the last of its threads ends."""
    return state(pid, tid) in (b"Z", b"X")


def blocked_fd(sleep: Sleep, stdin: Input) -> int | None:
    """The descriptor through which a sleeping thread waits for `stdin`, or None."""
    for fd in _waited_for(sleep):
        if stdin.is_open_as(sleep, fd):
            return fd
    if sleep.call in EPOLLS:
        return _epolled_file(sleep, stdin)
    return None


def _waited_for(sleep: Sleep) -> Iterator[int]:
    call, args = sleep.call, sleep.args
    if call in READS:
        yield args[READS[call]] & 0xFFFFFFFF
    elif call in POLLS:
        yield from _polled(sleep, args[0], args[1])
    elif call in SELECTS:
        yield from _selected(sleep, args[0] & 0xFFFFFFFF, args[1])
    elif call in EPOLLS:
        yield from (entry.fd for entry in _epolled(sleep, args[0] & 0xFFFFFFFF))


def _polled(sleep: Sleep, address: int, count: int) -> Iterator[int]:
    memory = _read_memory(sleep, address, 8 * min(count, MAX_POLLED))
    for fd, events, _ in struct.iter_unpack("ihh", memory[: len(memory) // 8 * 8]):
        if fd >= 0 and events & POLL_READABLE:
            yield fd


def _selected(sleep: Sleep, count: int, address: int) -> Iterator[int]:
    if address == 0:
        return
    count = min(count, 1024)
    bits = int.from_bytes(_read_memory(sleep, address, (count + 63) // 64 * 8), "little")
    for fd in range(count):
        if bits >> fd & 1:
            yield fd


@dataclass(frozen=True, slots=True)
class _Epolled:
    fd: int
    inode: int
    device: int


def _epolled(sleep: Sleep, epoll_fd: int) -> Iterator[_Epolled]:
    """What an epoll instance waits to read, from lines such as
    `tfd: 0 events: 19 data: 0 pos:0 ino:5 sdev:15` (proc(5))."""
    try:
        lines = read(f"{sleep.folder}/fdinfo/{epoll_fd}").decode("ascii").splitlines()
    except OSError:
        return
    for line in lines:
        words = line.replace(":", " ").split()
        if words[:1] != ["tfd"]:
            continue
        values = dict(zip(words[::2], words[1::2], strict=False))
        if int(values["events"], 16) & EPOLL_READABLE and "ino" in values:
            # The kernel prints its own device number: 12 bits of major, 20 of minor.
            kernel_device = int(values["sdev"], 16)
            device = os.makedev(kernel_device >> 20, kernel_device & 0xFFFFF)
            yield _Epolled(int(values["tfd"]), int(values["ino"], 16), device)


def _epolled_file(sleep: Sleep, stdin: Input) -> int | None:
    """Node watches a duplicate of stdin whose number may be closed: match the file itself."""
    for entry in _epolled(sleep, sleep.args[0] & 0xFFFFFFFF):
        if (entry.inode, entry.device) == (stdin.inode, stdin.device):
            return entry.fd
    return None


def _read_memory(sleep: Sleep, address: int, count: int) -> bytes:
    try:
        fd = os.open(f"{sleep.folder}/mem", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.pread(fd, count, address)
    except (OSError, OverflowError):
        return b""
    finally:
        os.close(fd)


def lives(pid: int) -> bool:
    """Whether it runs or could. One that has ended may stay listed until it is waited for, which
    for the children of a killed sandbox is up to the host's first process."""
    return not has_ended(pid, pid)


def parent(pid: int) -> int | None:
    try:
        return int(read(f"/proc/{pid}/stat").rpartition(b") ")[2].split()[1])
    except OSError:
        return None


def group(pid: int) -> int | None:
    """The process group that it belongs to."""
    try:
        return int(read(f"/proc/{pid}/stat").rpartition(b") ")[2].split()[2])
    except OSError:
        return None


def ancestors(pid: int, until: int) -> set[int]:
    """The processes from the parent of `pid` up to `until`, both ends included."""
    found: set[int] = set()
    at = parent(pid)
    while at is not None and at > 1:
        found.add(at)
        if at == until:
            break
        at = parent(at)
    return found


def descendants(pid: int) -> list[int]:
    """`pid` and everything below it, from /proc/<pid>/task/<tid>/children."""
    found = [pid]
    for at in found:
        for tid in threads(at):
            try:
                found += map(int, read(f"/proc/{at}/task/{tid}/children").split())
            except OSError:
                continue
    return found
