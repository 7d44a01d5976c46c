"""What a site leaves behind once all jobs are over and all its processes are stopped: nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from executor_app.runner.cgroups import OF_EXECUTOR
from tests.waiting import waiting

from .site import Site

JOURNALS_GO_S: Final = 120.0
TIDY_S: Final = 30.0
# What is there for as long as there is a site: who is there, whose turn it is, and Celery's own.
LASTING: Final = (
    "codr:executor", "codr:turn", "codr:arrivals", "codr:window", "codr:ended", "codr:well-since",
    "codr:queue:_kombu.binding", "codr:queue:unacked_mutex",
)  # fmt: skip


def check(site: Site) -> list[str]:
    """Sentences about what is left. Stops the site."""
    problems = _until_none(lambda: _keys(site), JOURNALS_GO_S)
    problems += _until_none(lambda: _jobs_on_hosts(site), TIDY_S)
    site.stop_all()
    problems += _until_none(lambda: _after_the_end(site), TIDY_S)
    return problems


def _until_none(look: Callable[[], list[str]], patience_s: float) -> list[str]:
    deadline = time.monotonic() + patience_s
    while (found := look()) and time.monotonic() < deadline:
        time.sleep(0.5)
    return found


def _keys(site: Site) -> list[str]:
    with site.redis() as client:
        names = [name.decode() for name in client.scan_iter("*")]
        kept = [name for name in names if not name.startswith(LASTING)]
        return [f"Redis keeps {name}: {_content(client, name)}" for name in sorted(kept)]


def _content(client: Any, name: str) -> str:
    kind = client.type(name).decode()
    read: dict[str, Callable[[str], Any]] = {
        "string": client.get,
        "hash": client.hgetall,
        "list": lambda key: client.lrange(key, 0, 5),
        "zset": lambda key: client.zrange(key, 0, 5, withscores=True),
        "stream": lambda key: client.xrevrange(key, count=2),
        "set": client.smembers,
        "none": lambda _: "",
    }
    content = read[kind](name)
    return f"{kind}, {client.ttl(name)} s left: {str(content)[:400]}"


def _jobs_on_hosts(site: Site) -> list[str]:
    """While the executors still run: of no job is anything there, but jails that wait for one."""
    folders, groups = [], []
    for name in site.executors:
        for executor in (site.host(name).folder / "state" / "executors").iterdir():
            jobs = list((executor / "jobs").glob("*"))
            idle = waiting(jobs)
            groups += [f"{executor.name}{OF_EXECUTOR}{each}" for each in idle]
            folders += [f"{path} is there" for path in jobs if path.name not in idle]
    return folders + [
        line for line in _processes(site, but_in=groups) if "main" in line and "celery" not in line
    ]


def _after_the_end(site: Site) -> list[str]:
    """While the hosts are still there: their processes have ended in order."""
    names = [site.name_of(name) for name in site.executors]
    groups = [path for name in names for path in Path("/sys/fs/cgroup").glob(f"**/*{name}*")]
    mounts = [
        f"mounted on {name}: {line}"
        for name in site.executors
        for line in Path(f"/proc/{site.host(name).init}/mounts").read_text().splitlines()
        if str(site.lab.folder) in line and "/executors/" in line
    ]
    return [*(f"cgroup: {path}" for path in groups), *mounts, *_processes(site)]


def _processes(site: Site, but_in: Sequence[str] = ()) -> list[str]:
    """Of the site's hosts, but for the init of each and for all that is in some groups."""
    inits = {str(host.init) for host in site.lab.hosts.values()}
    spaces = {os.readlink(f"/proc/{init}/ns/pid") for init in inits}
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            space = os.readlink(folder / "ns" / "pid")
            command = (folder / "cmdline").read_text().replace("\0", " ")
            groups = (folder / "cgroup").read_text().splitlines()
        except OSError:
            continue
        # A command that cannot be read is of a process that has ended.
        if any(line.endswith(tuple(but_in)) for line in groups):
            continue
        if command and space in spaces and folder.name not in inits:
            found.append(f"process {folder.name}: {command}")
    return found
