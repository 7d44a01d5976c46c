"""This host as a place to run jobs: its sandbox, its limits, its folders, its users.

Made once when an executor starts (`Host.open`), closed when it stops. Nothing here knows Django,
Redis or Celery: a test or a benchmark opens a host of its own.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from executor_app.errors import HostError

from . import cgroups
from .claim import claim, dead_beside, give_up
from .compiled import CompiledPrograms
from .load import Load
from .sandbox import Ground, Sandbox, backend
from .sandbox.ground import make_ground
from .workspace import Workspace, remove_leftovers

if TYPE_CHECKING:
    from .warm import Pool

logger = logging.getLogger(__name__)

# Users of jobs, one for each slot, far from what distributions hand out (Debian's policy 9.2,
# systemd's UIDS-GIDS.md). None of them exists on the host.
UID_BASE = 1_200_000_000

LimitsBy = Literal["cgroup", "auto"]


@dataclass(slots=True)
class Host:
    """Use `open` and `close`. `warnings` says what is weaker here than it should be."""

    name: str
    folder: Path
    lock: int
    sandbox: Sandbox
    ground: Ground
    hierarchy: cgroups.Hierarchy | None
    warnings: list[str]
    share: cgroups.CpuShare = field(default_factory=cgroups.CpuShare)
    uid_base: int = UID_BASE
    # Jails that were started before they are needed, where there are any.
    pool: Pool | None = None
    _free_slots: list[int] = field(default_factory=list)
    _spare_slots: list[int] = field(default_factory=list)
    _slots: int = 0
    load: Load = field(default_factory=Load)
    _told_of_cpus: bool = False
    # None: each program is compiled each time.
    compiled: CompiledPrograms | None = None

    @classmethod
    def open(
        cls,
        *,
        name: str,
        folder: Path,
        sandbox: str,
        slots: int,
        limits_by: LimitsBy = "cgroup",
        share: cgroups.CpuShare | None = None,
        uid_base: int = UID_BASE,
        warm: int = 0,
    ) -> Host:
        """`folder` is this executor's alone. Raises HostError when jobs would not be bounded.

        `warm` is for how many jails there are users that wait for a job, beside those of `slots`.
        """
        chosen = backend(sandbox)
        if shutil.which(chosen.program) is None:
            raise HostError(
                f"{chosen.program} is missing: install the package {chosen.package}, "
                "or choose another CODR_SANDBOX"
            )
        with contextlib.ExitStack() as undo:
            lock = claim(folder)
            undo.callback(give_up, folder, lock)
            remove_leftovers(folder / "jobs")
            _remove_dead_executors(folder)
            warnings: list[str] = []
            hierarchy = _find_hierarchy(name, limits_by, warnings)
            share = share or cgroups.CpuShare()
            if hierarchy is not None:
                undo.callback(hierarchy.remove_all)
            uids = range(uid_base, uid_base + slots + warm)
            if os.geteuid() != 0:
                uids = range(os.geteuid(), os.geteuid() + 1)
                if sandbox == "firejail":
                    warnings.append(
                        "the executor is not root: under Firejail a job can read the host's "
                        "mount table"
                    )
            ground = make_ground(folder / "ground", uids)
            (folder / "jobs").mkdir(mode=0o711, parents=True, exist_ok=True)
            undo.pop_all()
        return cls(
            name, folder, lock, chosen, ground, hierarchy, warnings, share, uid_base,
            _free_slots=list(range(slots - 1, -1, -1)),
            _spare_slots=list(range(slots, slots + warm)),
            _slots=slots,
        )  # fmt: skip

    def close(self) -> None:
        if self.hierarchy is not None:
            self.hierarchy.remove_all()
        give_up(self.folder, self.lock)

    @property
    def free_slots(self) -> int:
        return len(self._free_slots)

    def crowded(self) -> bool:
        """Whether more than one job is running here, but for those that have long been asleep."""
        return self._slots - len(self._free_slots) - self.load.asleep() > 1

    def take_slot(self) -> int:
        if not self._free_slots:
            raise HostError("all slots of this executor are taken")
        return self._free_slots.pop()

    def give_slot(self, slot: int) -> None:
        self._free_slots.append(slot)

    @property
    def spare_slots(self) -> int:
        return len(self._spare_slots)

    def take_spare_slot(self) -> int:
        """For a jail that waits: it takes no job's."""
        return self._spare_slots.pop()

    def give_spare_slot(self, slot: int) -> None:
        self._spare_slots.append(slot)

    def free_memory_bytes(self) -> int:
        """What could still be used here, as far as the groups above leave it."""
        with open("/proc/meminfo", encoding="ascii") as lines:
            kib = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
        above = self.hierarchy.free_memory_bytes() if self.hierarchy else None
        return kib * 1024 if above is None else min(above, kib * 1024)

    def make_workspace(self, name: str, slot: int, disk_bytes: int) -> Workspace:
        uid = self.uid_base + slot if self.ground.privileged else os.geteuid()
        gid = uid if self.ground.privileged else os.getegid()
        folder = self.folder / "jobs" / safe_name(name)
        return Workspace(folder, disk_bytes=disk_bytes, uid=uid, gid=gid)

    def make_cgroup(self, name: str) -> cgroups.Cgroup | None:
        if self.hierarchy is None:
            return None
        group = self.hierarchy.create(safe_name(name))
        group.part = self.share.weight
        group.give_way(False)
        try:
            group.limit_cpus(self.share.job_cpus)
        except OSError as error:
            # Version 1 takes no more for a group than a group above it has, seen or not. Then
            # jobs are bounded by that one, together.
            if error.errno != errno.EINVAL:
                group.remove()
                raise
            if not self._told_of_cpus:
                self._told_of_cpus = True
                logger.warning(
                    "a group above the executor's has fewer processors than one job may have, and "
                    "cannot be seen from here: lower CODR_JOB_CPUS, or jobs share what it has"
                )
        return group


def safe_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "_", text)


def _remove_dead_executors(folder: Path) -> None:
    for dead, lock in dead_beside(folder):
        logger.warning("removing what the executor %s left behind", dead.name)
        try:
            hierarchy = cgroups.find_hierarchy(safe_name(dead.name))
        except HostError:
            hierarchy = None  # then it had none either
        try:
            if hierarchy is not None:
                hierarchy.remove_all()
        except (HostError, OSError) as error:
            # The folder is how the next executor knows that something is left.
            logger.error("what %s left behind cannot be removed: %s", dead.name, error)
            os.close(lock)
            continue
        give_up(dead, lock)


def _find_hierarchy(
    name: str, limits_by: LimitsBy, warnings: list[str]
) -> cgroups.Hierarchy | None:
    try:
        hierarchy = cgroups.find_hierarchy(safe_name(name))
        for leftover in list(hierarchy.groups()):
            leftover.remove()
        return hierarchy
    except HostError as error:
        if limits_by == "cgroup":
            raise HostError(
                f"{error}. Run the executor where it may make cgroups (as root, or with "
                "`Delegate=yes` under systemd), or accept weaker limits with CODR_LIMITS=auto"
            ) from error
        warnings.append(f"limits are by setrlimit only, which bounds processes singly: {error}")
        return None
