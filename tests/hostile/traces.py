"""What a running Codr holds on its host, to see that a run of attacks left nothing there."""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

import redis

from executor_app.runner import mounts, procfs
from executor_app.runner.host import UID_BASE
from tests.stack import Stack

PATIENCE_S = 30.0
# It is written anew every two seconds, and goes when the executor does.
HEARTBEAT = b"codr:executor:"


@dataclass(frozen=True, slots=True)
class Traces:
    """Each a multiset of what is there, in words."""

    processes: Counter[str]
    orphans: Counter[str]
    mounts: Counter[str]
    groups: Counter[str]
    folders: Counter[str]
    ipc: Counter[str]
    descriptors: Counter[str]
    keys: Counter[str]


def take(stack: Stack) -> Traces:
    executor = executor_pid(stack)
    return Traces(
        processes=Counter(_describe(pid) for pid in procfs.descendants(executor)),
        orphans=Counter(_orphans()),
        mounts=Counter(m for m in mounts.mount_points() if m.startswith(str(stack.state))),
        groups=Counter(map(str, _groups(stack))),
        folders=Counter(map(str, stack.state.glob("executors/*/jobs/*"))),
        ipc=Counter(_ipc()),
        descriptors=Counter(_descriptors(executor)),
        keys=Counter(_keys(stack)),
    )


def left_since(stack: Stack, before: Traces) -> list[str]:
    """What is there and was not before, once it has had its time to go."""
    deadline = time.monotonic() + PATIENCE_S
    while (left := _growth(before, take(stack))) and time.monotonic() < deadline:
        time.sleep(0.1)
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
    names = {f"codr-{executor.name}" for executor in stack.state.glob("executors/*")}
    # Others make and remove groups meanwhile, at which `rglob` would fail.
    for folder, inner, _ in os.walk("/sys/fs/cgroup"):
        if Path(folder).name in names:
            yield from (Path(folder, name) for name in inner)


def _ipc() -> Iterable[str]:
    """System V objects in the host's own namespace that belong to users of jobs."""
    for kind in ("shm", "sem", "msg"):
        header, *lines = Path("/proc/sysvipc", kind).read_text().splitlines()
        for line in lines:
            values = dict(zip(header.split(), line.split(), strict=False))
            if int(values["uid"]) >= UID_BASE:
                yield f"{kind} {values['key']}"


def _descriptors(pid: int) -> Iterable[str]:
    """By kind: numbers change, and a pool of connections is the same pool with other numbers."""
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        try:
            yield re.sub(r"\d+", "N", os.readlink(fd))
        except OSError:
            continue


def _keys(stack: Stack) -> Iterable[str]:
    with redis.Redis.from_url((stack.state / "redis-url").read_text().strip()) as client:
        for key in client.scan_iter(count=1000):
            if not key.startswith(HEARTBEAT):
                yield key.decode(errors="replace")
