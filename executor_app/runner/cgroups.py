"""The control groups that bound one job: the only place that knows their files.

Version 2 is what most hosts have; version 1 keeps one tree for each controller. Both are hidden
behind `Cgroup`. Files and their meaning: the kernel's Documentation/admin-guide/cgroup-v2.rst and
cgroup-v1/. A job's group lies beside the executor, not below a group for all jobs: where processors
are short the kernel would give turns to that one, and who asks for nothing but an echo would wait
for what the others have used up. What a killed executor left behind is found by its name.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from executor_app.errors import HostError

from . import procfs

logger = logging.getLogger(__name__)

ROOT = Path("/sys/fs/cgroup")
V1_CONTROLLERS = ("memory", "pids", "cpu", "cpuacct")
V2_CONTROLLERS = ("memory", "pids", "cpu")
# Where the executor itself goes: with version 2, what hands controllers down holds no processes.
LEAF = "codr-executors"
# Between the executor and the job in the name of a group; neither can hold it (`host.safe_name`).
OF_EXECUTOR = "@"
# Made and removed to see whether groups can be made here; no job has such a name.
TRIAL = "trial"
# The kernel charges memory in pieces, up to a huge page, and none that would pass the limit.
ONE_CHARGE_BYTES = 2 * 1024 * 1024
# What a group weighs that nobody has given a weight, in each version's own units.
V1_WEIGHT = 1024
V2_WEIGHT = 100
# What a busy job weighs beside one that mostly waits.
BUSY_PART = 0.1
# What the executor weighs beside a job: through it goes what everybody says and hears.
EXECUTOR_PART = 3
# The kernel's own default period, in microseconds.
PERIOD_US = 100_000
# The limit on memory and what is used of it, in each version.
V1_MEMORY = ("memory.limit_in_bytes", "memory.usage_in_bytes")
V2_MEMORY = ("memory.max", "memory.current")
# Version 1 says that there is no limit by the highest number that it can count to.
V1_NO_LIMIT = 1 << 60


@dataclass(frozen=True, slots=True)
class CpuShare:
    """What a job may take of this host's processors.

    `weight` is that of a job that mostly waits, beside everything else that runs here, in parts of
    what any other group weighs. `job_cpus` is how many processors it may keep busy.
    """

    weight: float = 1.0
    job_cpus: float = float(os.cpu_count() or 1)


class Cgroup(ABC):
    """One group. Sizes in bytes, times in seconds. `part` is what it weighs while it is calm."""

    part = 1.0

    @property
    @abstractmethod
    def cpu_file(self) -> Path:
        """The file that says something else as soon as any of its processes has run."""

    @property
    @abstractmethod
    def procs_files(self) -> list[Path]:
        """The files that list its processes."""

    @property
    def join_files(self) -> list[Path]:
        """The files that a process of one thread joins by writing `0` into each."""
        return self.procs_files

    @abstractmethod
    def set_limits(self, *, memory_bytes: int, processes: int) -> None:
        """Memory without swap, and how many threads beyond those that are in it now."""

    @abstractmethod
    def limit_cpus(self, cpus: float) -> None:
        """How many processors it may keep busy at most."""

    @abstractmethod
    def weigh(self, part: float) -> None:
        """Its weight where processors are short, in parts of what any group weighs."""

    @abstractmethod
    def weight(self) -> float:
        """What `weigh` has set."""

    def give_way(self, busy: bool) -> None:
        """A busy group gives way to the others, but is never without its turn.

        `cpu.idle` would be plainer and is not taken: a compiler beside ten others then took longer
        than it may, and what is to be killed needs the processor for dying.
        """
        self.weigh(self.part * (BUSY_PART if busy else 1.0))

    @property
    @abstractmethod
    def _cpu_folder(self) -> Path:
        """Where the files of the processor's scheduler are."""

    @abstractmethod
    def forbid_forks(self) -> None:
        """Nothing in it may start a process or a thread any more."""

    @abstractmethod
    def unbounded(self) -> list[str]:
        """What the kernel, asked again, does not bound of this group; for `doctor`."""

    @abstractmethod
    def cpu_time_s(self) -> float: ...

    @abstractmethod
    def memory_bytes(self) -> int:
        """What it has now."""

    @abstractmethod
    def peak_memory_bytes(self) -> int: ...

    @abstractmethod
    def oom_kills(self) -> int:
        """How many of its processes the kernel has killed for memory, whoever had too much."""

    @abstractmethod
    def has_hit_memory_limit(self) -> bool:
        """Whether it has been at its own limit on memory."""

    @abstractmethod
    def refused_processes(self) -> int:
        """How many forks the kernel has refused for the limit on processes."""

    @property
    @abstractmethod
    def folders(self) -> list[Path]: ...

    @cached_property
    def _pids_file(self) -> str:
        return str(self.procs_files[0])

    def pids(self) -> list[int]:
        try:
            return [int(pid) for pid in procfs.read(self._pids_file).split()]
        except OSError:
            return []

    @abstractmethod
    def tasks(self) -> int:
        """How many threads the pids controller counts now."""

    def kill(self) -> None:
        """SIGKILL to everything in it. Returns when the kernel has been told, not when it died.

        First nothing in it may fork any more, so that a fork bomb is not faster than we are: what
        was being born then is there at the second look. Refused forks count from then on, so
        whoever wants to know their number asks before.
        """
        # A group may be left in some trees only, or have no such controller.
        with contextlib.suppress(FileNotFoundError, PermissionError):
            self.forbid_forks()
        told: set[int] = set()
        while doomed := set(self.pids()) - told:
            for pid in doomed:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            told |= doomed

    def empty(self) -> bool:
        return not self.pids()

    def remove(self, *, within_s: float = 5.0) -> None:
        """Kills what is left and removes the group. A process dies after its SIGKILL, not with it.

        Raises HostError if something stays in it: then a job left a process behind.
        """
        deadline = time.monotonic() + within_s
        for folder in self.folders:
            while True:
                try:
                    folder.rmdir()
                    break
                except FileNotFoundError:
                    break
                except OSError as error:
                    if error.errno not in (errno.EBUSY, errno.ENOTEMPTY):
                        raise
                    if time.monotonic() > deadline:
                        raise HostError(f"{folder} still holds {self.pids()}") from error
                    self.kill()
                    time.sleep(0.002)


class _V1Cgroup(Cgroup):
    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = folders

    @property
    def cpu_file(self) -> Path:
        return self._folders["cpuacct"] / "cpuacct.usage"

    @property
    def folders(self) -> list[Path]:
        return list(dict.fromkeys(self._folders.values()))

    def _file(self, controller: str, name: str) -> str:
        return f"{self._folders[controller]}/{name}"

    @property
    def procs_files(self) -> list[Path]:
        return [folder / "cgroup.procs" for folder in self.folders]

    @property
    def join_files(self) -> list[Path]:
        # Not by cgroup.procs: for a whole process the kernel first holds up all forks of the host,
        # which takes some milliseconds in each tree; for the one thread that writes it need not.
        return [folder / "tasks" for folder in self.folders]

    def set_limits(self, *, memory_bytes: int, processes: int) -> None:
        _write(self._file("memory", "memory.limit_in_bytes"), memory_bytes)
        with_swap = self._file("memory", "memory.memsw.limit_in_bytes")
        if os.path.exists(with_swap):
            _write(with_swap, memory_bytes)
        else:
            _write(self._file("memory", "memory.swappiness"), 0)
        _write(self._file("pids", "pids.max"), processes + self.tasks())

    def limit_cpus(self, cpus: float) -> None:
        # The kernel refuses a group more than one above it has. Rounded down for the same reason.
        cpus = min([cpus, *self._cpus_above()])
        _write(self._file("cpu", "cpu.cfs_period_us"), PERIOD_US)
        _write(self._file("cpu", "cpu.cfs_quota_us"), int(cpus * PERIOD_US))

    def _cpus_above(self) -> Iterator[float]:
        """What each group above that can be seen has; in a container others may be out of sight."""
        for above in self._cpu_folder.parents:
            try:
                quota = _number(above / "cpu.cfs_quota_us")
                period = _number(above / "cpu.cfs_period_us")
            except OSError:
                return  # the uppermost group has none, and above it there is no group
            if quota > 0:
                yield quota / period

    def weigh(self, part: float) -> None:
        _write(self._file("cpu", "cpu.shares"), max(2, round(part * V1_WEIGHT)))

    def weight(self) -> float:
        return _number(self._file("cpu", "cpu.shares")) / V1_WEIGHT

    @property
    def _cpu_folder(self) -> Path:
        return self._folders["cpu"]

    def forbid_forks(self) -> None:
        _write(self._file("pids", "pids.max"), 0)

    def unbounded(self) -> list[str]:
        memory, pids = self._folders["memory"], self._folders["pids"]
        bytes_of_memory = _number(memory / "memory.limit_in_bytes")
        with_swap = memory / "memory.memsw.limit_in_bytes"
        if with_swap.exists():
            swaps = _number(with_swap) > bytes_of_memory
        else:
            swaps = _number(memory / "memory.swappiness") != 0
        return _true(
            {
                "memory": bytes_of_memory > V1_NO_LIMIT,
                "swap": swaps,
                "processes": (pids / "pids.max").read_text().strip() == "max",
                "CPU share": _number(self._file("cpu", "cpu.cfs_quota_us")) < 0,
            }
        )

    def tasks(self) -> int:
        return _number(self._file("pids", "pids.current"))

    def cpu_time_s(self) -> float:
        return _number(self._file("cpuacct", "cpuacct.usage")) / 1e9

    def memory_bytes(self) -> int:
        return _number(self._file("memory", "memory.usage_in_bytes"))

    def peak_memory_bytes(self) -> int:
        return _number(self._file("memory", "memory.max_usage_in_bytes"))

    def oom_kills(self) -> int:
        return _field(self._file("memory", "memory.oom_control"), b"oom_kill")

    def has_hit_memory_limit(self) -> bool:
        # Not by memory.failcnt, which newer kernels no longer count.
        limit = _number(self._file("memory", "memory.limit_in_bytes"))
        return self.peak_memory_bytes() > limit - ONE_CHARGE_BYTES

    def refused_processes(self) -> int:
        return _field(self._file("pids", "pids.events"), b"max")


class _V2Cgroup(Cgroup):
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def cpu_file(self) -> Path:
        return self._folder / "cpu.stat"

    @property
    def folders(self) -> list[Path]:
        return [self._folder]

    def _file(self, name: str) -> str:
        return f"{self._folder}/{name}"

    @property
    def procs_files(self) -> list[Path]:
        return [self._folder / "cgroup.procs"]

    def set_limits(self, *, memory_bytes: int, processes: int) -> None:
        _write(self._file("memory.max"), memory_bytes)
        _write(self._file("memory.oom.group"), 1)
        swap = self._file("memory.swap.max")
        if os.path.exists(swap):
            _write(swap, 0)
        _write(self._file("pids.max"), processes + self.tasks())

    def limit_cpus(self, cpus: float) -> None:
        _write(self._file("cpu.max"), f"{round(cpus * PERIOD_US)} {PERIOD_US}")

    def weigh(self, part: float) -> None:
        _write(self._file("cpu.weight"), max(1, round(part * V2_WEIGHT)))

    def weight(self) -> float:
        return _number(self._file("cpu.weight")) / V2_WEIGHT

    @property
    def _cpu_folder(self) -> Path:
        return self._folder

    def forbid_forks(self) -> None:
        _write(self._file("pids.max"), 0)

    def unbounded(self) -> list[str]:
        swap = self._folder / "memory.swap.max"
        return _true(
            {
                "memory": (self._folder / "memory.max").read_text().strip() == "max",
                "swap": swap.exists() and swap.read_text().strip() != "0",
                "processes": (self._folder / "pids.max").read_text().strip() == "max",
                "CPU share": (self._folder / "cpu.max").read_text().startswith("max"),
                "the kill of a whole job for memory": _number(self._file("memory.oom.group")) != 1,
            }
        )

    def tasks(self) -> int:
        return _number(self._file("pids.current"))

    def cpu_time_s(self) -> float:
        return _field(self._file("cpu.stat"), b"usage_usec") / 1e6

    def memory_bytes(self) -> int:
        return _number(self._file("memory.current"))

    def peak_memory_bytes(self) -> int:
        # memory.peak came with Linux 5.19.
        peak = self._file("memory.peak")
        return _number(peak if os.path.exists(peak) else self._file("memory.current"))

    def oom_kills(self) -> int:
        return _field(self._file("memory.events"), b"oom_kill")

    def has_hit_memory_limit(self) -> bool:
        # Not by `max`, which also counts what reclaiming could still make room for.
        return _field(self._file("memory.events"), b"oom") > 0

    def refused_processes(self) -> int:
        return _field(self._file("pids.events"), b"max")

    def kill(self) -> None:
        # cgroup.kill came with Linux 5.14; it also catches what forks while we look.
        try:
            _write(self._file("cgroup.kill"), 1)
        except FileNotFoundError:
            super().kill()


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """Where this executor makes its groups, and of which version they are.

    `places` has the folder for each controller, which may be one for several, and holds groups of
    others too: those of this executor begin with `prefix`.
    """

    version: int
    places: Mapping[str, Path]
    prefix: str

    def create(self, name: str) -> Cgroup:
        group = self.group(name)
        made: list[Path] = []
        try:
            for folder in group.folders:
                folder.mkdir()
                made.append(folder)
        except OSError:
            for folder in made:
                folder.rmdir()
            raise
        return group

    def groups(self) -> Iterator[Cgroup]:
        """The groups that exist now: after a crash, what the last executor left."""
        # One that was killed while it made or removed a group left it in some trees only.
        folders = (child for place in self.places.values() for child in place.iterdir())
        for name in sorted({each.name for each in folders if each.name.startswith(self.prefix)}):
            yield self.group(name.removeprefix(self.prefix))

    def free_memory_bytes(self) -> int | None:
        """What the limits leave of all groups above that can be seen; None where none has one."""
        limit, used = V1_MEMORY if self.version == 1 else V2_MEMORY
        place = self.places.get("memory") or self.places["unified"]
        room = []
        for folder in (place, *place.parents):
            try:
                room.append(_number(folder / limit) - _number(folder / used))
            except (OSError, ValueError):
                continue  # `max`, or no group
        return max(0, min(room)) if room else None

    def remove_all(self) -> None:
        """Kills and removes every group."""
        for group in list(self.groups()):
            group.remove()

    def group(self, name: str) -> Cgroup:
        """Whether it exists or not."""
        folders = {c: place / f"{self.prefix}{name}" for c, place in self.places.items()}
        return _V1Cgroup(folders) if self.version == 1 else _V2Cgroup(folders["unified"])


def find_hierarchy(executor: str, root: Path = ROOT, own: str | None = None) -> Hierarchy:
    """Where this executor's groups go. Raises HostError that says why there is no such place.

    `own` is the text of /proc/self/cgroup; groups are made below the executor's own group, so
    that whatever bounds the executor bounds its jobs too.
    """
    text = Path("/proc/self/cgroup").read_text() if own is None else own
    own_paths = _own_paths(text)
    prefix = f"codr-{executor}{OF_EXECUTOR}"
    try:
        if (root / "cgroup.controllers").exists():
            hierarchy = Hierarchy(2, {"unified": _v2(root, own_paths.get("", "/"))}, prefix)
        else:
            hierarchy = Hierarchy(1, _v1(root, own_paths), prefix)
        hierarchy.group(TRIAL).remove()
        hierarchy.create(TRIAL).remove()
    except OSError as error:
        raise HostError(f"no cgroup can be made: {error}") from error
    return hierarchy


def _own_paths(text: str) -> dict[str, str]:
    paths = {}
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            paths[controller] = path
    return paths


def _v1(root: Path, own_paths: Mapping[str, str]) -> dict[str, Path]:
    places = {}
    for controller in V1_CONTROLLERS:
        # Controllers can share a tree: cpu and cpuacct are links to cpu,cpuacct then.
        mounted = (root / controller).resolve()
        if not mounted.is_dir():
            raise HostError(f"no cgroup can be made: the {controller} controller is not mounted")
        places[controller] = _own_folder(mounted, own_paths.get(controller, "/"))
    return places


def _v2(root: Path, own_path: str) -> Path:
    own = _own_folder(root, own_path)
    if own.name == LEAF:
        # This process has made room before, for the groups of another executor.
        own = own.parent
    offered = (own / "cgroup.controllers").read_text().split()
    missing = [controller for controller in V2_CONTROLLERS if controller not in offered]
    if missing:
        raise HostError(f"no cgroup can be made: {own} does not offer {', '.join(missing)}")
    below_root = (own / "cgroup.type").exists()
    if below_root:
        # Only the root group may hold processes and hand controllers down at once.
        _make_room(own)
    _hand_down(own)
    if below_root:
        _V2Cgroup(own / LEAF).weigh(EXECUTOR_PART)
    return own


def _own_folder(root: Path, own_path: str) -> Path:
    """A container may see the host's path for itself and its own group as the root."""
    own = root / own_path.lstrip("/")
    return own if own.is_dir() and ".." not in own.parts else root


def _make_room(own: Path) -> None:
    leaf = own / LEAF
    leaf.mkdir(exist_ok=True)
    for _ in range(10):
        pids = (own / "cgroup.procs").read_text().split()
        if not pids:
            return
        for pid in pids:
            # It may have ended since; and one that forked meanwhile is met the next time round.
            with contextlib.suppress(ProcessLookupError):
                (leaf / "cgroup.procs").write_text(pid)


def _hand_down(folder: Path) -> None:
    (folder / "cgroup.subtree_control").write_text(
        " ".join(f"+{controller}" for controller in V2_CONTROLLERS)
    )


def _write(file: str | Path, value: int | str) -> None:
    """At a third of what `Path.write_text` costs: a job takes a dozen of them."""
    fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        os.write(fd, str(value).encode())
    finally:
        os.close(fd)


def _true(facts: Mapping[str, bool]) -> list[str]:
    return [name for name, fact in facts.items() if fact]


def _number(file: str | Path) -> int:
    return int(procfs.read(os.fspath(file)))


def _field(file: str | Path, name: bytes) -> int:
    for line in procfs.read(os.fspath(file)).splitlines():
        key, _, value = line.partition(b" ")
        if key == name:
            return int(value)
    return 0
