"""What a running Codr holds on its host, to see that a run of attacks left nothing there."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from urllib.parse import urlsplit

import redis

from codr.celery import app
from executor_app.relay import keys
from executor_app.runner import mounts, procfs
from executor_app.runner.cgroups import OF_EXECUTOR
from executor_app.runner.host import UID_BASE
from executor_app.runner.sandbox.base import LAUNCHER
from executor_app.runner.warm import NAME
from tests.stack import Stack
from tests.waiting import AT_REST, NUMBERED, waiting

# Longer than it takes until no more jails wait for jobs than before (`runner/warm.py`).
PATIENCE_S = 60.0
# Where everybody may write.
OPEN_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm")
# Connections to Redis that an executor may come to have: the pool makes one for each command that
# is under way, and a job has a few at once. Far less than one for each attack.
MOST_FOR_ONE_JOB = 3
# Celery's pool of connections for sending grows the same way, up to this many: it has one for each
# of its threads that send at once, a job's start or result, and each has an epoll of its own
# (kombu's MultiChannelPoller). Which jobs meet there is chance, and they stay: no waiting helps.
MOST_SENDERS = app.conf.broker_pool_limit
EPOLL = "anon_inode:[eventpoll]"
# Written anew every two seconds, and gone when the executor is; and since when one has been there.
HEARTBEATS = (b"codr:executor:", keys.WELL_SINCE.encode())
TO_REDIS = "a connection to Redis"


@dataclass(frozen=True, slots=True)
class Traces:
    """Each a multiset of what is there, in words."""

    processes: Counter[str]
    orphans: Counter[str]
    mounts: Counter[str]
    groups: Counter[str]
    folders: Counter[str]
    ipc: Counter[str]
    files: Counter[str]
    descriptors: Counter[str]
    keys: Counter[str]


def at_rest(stack: Stack) -> None:
    """Waits until as many jails wait for jobs as do where nobody asks for any, with all that is in
    them: the folder of one is there before its processes."""
    deadline = time.monotonic() + PATIENCE_S
    while not _is_at_rest(stack):
        if time.monotonic() > deadline:
            raise TimeoutError("there are not as many jails waiting for jobs as there should be")
        time.sleep(0.1)


def _is_at_rest(stack: Stack) -> bool:
    programs = [_describe(pid) for pid in procfs.descendants(executor_pid(stack))]
    launchers = [each for each in programs if each.startswith(f"{LAUNCHER} ")]
    interpreters = [each for each in programs if re.search(r"^\S*(python3|node) .*/main\.", each)]
    folders = waiting(stack.state.glob("executors/*/jobs/*"))
    return (len(folders), len(launchers), len(interpreters)) == (AT_REST, AT_REST, AT_REST - 1)


def take(stack: Stack) -> Traces:
    executor = executor_pid(stack)
    return Traces(
        processes=Counter(_describe(pid) for pid in procfs.descendants(executor)),
        orphans=Counter(_orphans()),
        mounts=_named(m for m in mounts.mount_points() if m.startswith(str(stack.state))),
        groups=_named(_groups(stack)),
        folders=_named(stack.state.glob("executors/*/jobs/*")),
        ipc=Counter(_ipc()),
        files=Counter(_files()),
        descriptors=Counter(_descriptors(executor, _redis_port(stack))),
        keys=Counter(_keys(stack)),
    )


def _named(paths: Iterable[object]) -> Counter[str]:
    """Jails that wait are as good as one another, whatever number they have."""
    return Counter(NUMBERED.sub(NAME, str(path)) for path in paths)


def left_since(stack: Stack, before: Traces, jobs_at_once: int = 1) -> list[str]:
    """What is there and was not before, once it has had its time to go."""
    bound = Counter(
        {TO_REDIS: MOST_FOR_ONE_JOB * jobs_at_once, EPOLL: min(jobs_at_once, MOST_SENDERS)}
    )
    before = replace(before, descriptors=before.descriptors + bound)
    deadline = time.monotonic() + PATIENCE_S
    left = _growth(before, take(stack))
    while left and time.monotonic() < deadline:
        time.sleep(0.1)
        seen, left = left, _growth(before, take(stack))
        # Codr's own rounds have keys for a moment: what is left is there whenever one looks.
        left = [line for line in left if line in seen or not line.startswith("keys: ")]
    return left


def _growth(before: Traces, now: Traces) -> list[str]:
    return [
        f"{field.name}: {what} (× {count})"
        for field in fields(Traces)
        for what, count in (getattr(now, field.name) - getattr(before, field.name)).items()
    ]


def executor_pid(stack: Stack) -> int:
    assert stack.process is not None
    for pid in procfs.descendants(stack.process.pid):
        try:
            environment = procfs.read(f"/proc/{pid}/environ").split(b"\0")
        except OSError:
            continue
        if b"CODR_ROLE=executor" in environment and b"celery" in procfs.read(
            f"/proc/{pid}/cmdline"
        ):
            return pid
    raise LookupError("this Codr has no executor")


def _describe(pid: int) -> str:
    try:
        return procfs.read(f"/proc/{pid}/cmdline").replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return "gone"


def _orphans() -> Iterable[str]:
    """Processes of job users that no executor on this host has below it any more."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            if folder.stat().st_uid >= UID_BASE and not _has_an_executor(int(folder.name)):
                yield f"{folder.name}: {_describe(int(folder.name))}"
        except OSError:
            continue


def _has_an_executor(pid: int) -> bool:
    while pid > 1:
        above = procfs.parent(pid)
        if above is None:
            return True  # it ended while we looked
        try:
            if os.stat(f"/proc/{above}").st_uid == 0 and b"python" in procfs.read(
                f"/proc/{above}/cmdline"
            ):
                return True
        except OSError:
            return True
        pid = above
    return False


def _groups(stack: Stack) -> Iterable[Path]:
    beginnings = tuple(
        f"codr-{executor.name}{OF_EXECUTOR}" for executor in stack.state.glob("executors/*")
    )
    # Others make and remove groups meanwhile, at which `rglob` would fail.
    for folder, inner, _ in os.walk("/sys/fs/cgroup"):
        yield from (Path(folder, name) for name in inner if name.startswith(beginnings))


def _ipc() -> Iterable[str]:
    """System V objects in the host's own namespace that belong to users of jobs."""
    for kind in ("shm", "sem", "msg"):
        header, *lines = Path("/proc/sysvipc", kind).read_text().splitlines()
        for line in lines:
            values = dict(zip(header.split(), line.split(), strict=False))
            if int(values["uid"]) >= UID_BASE:
                yield f"{kind} {values['key']}"


def _files() -> Iterable[str]:
    """What users of jobs own where the host lets everybody write. Not what is mounted there: those
    are the jobs themselves."""
    for top in OPEN_FOLDERS:
        yield from _files_below(top, os.stat(top).st_dev)


def _files_below(folder: str, device: int) -> Iterable[str]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:  # others' come and go
        for entry in entries:
            found = entry.stat(follow_symlinks=False)
            if found.st_dev != device:
                continue
            if found.st_uid >= UID_BASE:
                yield f"{entry.path} of {found.st_uid}"
            # No user of a job comes into the others, and to look there takes seconds.
            if stat.S_ISDIR(found.st_mode) and (found.st_mode & 1 or found.st_uid >= UID_BASE):
                yield from _files_below(entry.path, device)


def _descriptors(pid: int, redis_port: int) -> Iterable[str]:
    """By kind: numbers change, and a pool of connections is the same pool with other numbers."""
    to_redis = _connected_to(redis_port)
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        try:
            what = os.readlink(fd)
        except OSError:
            continue
        yield TO_REDIS if what in to_redis else re.sub(r"\d+", "N", what)


def _connected_to(port: int) -> set[str]:
    """The sockets of this host, as descriptors name them, whose other end is that port."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {
        f"socket:[{inode}]"
        for _, _, peer, _, _, _, _, _, _, inode, *_ in lines
        if int(peer.rpartition(":")[2], 16) == port
    }


def _redis_port(stack: Stack) -> int:
    return urlsplit(stack.redis_url).port or 6379


def _keys(stack: Stack) -> Iterable[str]:
    with redis.Redis.from_url(stack.redis_url) as client:
        for key in client.scan_iter(count=1000):
            if not key.startswith(HEARTBEATS):
                yield key.decode(errors="replace")
