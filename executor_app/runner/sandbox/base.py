"""What every sandbox backend has in common: where it stands, and how it is entered.

A backend is one file beside this one. It gives the command that builds the jail around the
launcher; everything else (descriptors, arguments, environment, limits, the system-call filter)
reaches the launcher over its control socket and is the same for all of them.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HOME = "/home/codr"
LAUNCHER = "/codr-launch"
# Inside bubblewrap's own user namespace; outside it is the slot's user.
INSIDE_ID = 1000
# What the kernel tells of the host: its disks, its devices, how it was built and started, and, by
# the count of interrupts, when somebody presses a key.
HIDDEN_FILES = ("/proc/cmdline", "/proc/config.gz", "/proc/diskstats", "/proc/interrupts",
                "/proc/key-users", "/proc/partitions", "/proc/softirqs")  # fmt: skip
HIDDEN_FOLDERS = ("/proc/bus", "/proc/fs")


@dataclass(frozen=True, slots=True)
class Ground:
    """What sandboxes of this executor stand on, made once by `ground.py`.

    `root` is the skeleton of a file system: a minimal /etc, device files, empty folders and the
    launcher. `privileged` says that the executor is root: then a job sees that skeleton and
    nothing else of the host's file system or mount table, whatever the backend does. Then `shown`
    are folders that a job sees in place of its host's, each with the place where it sees it.
    """

    root: Path
    privileged: bool
    shown: Sequence[tuple[Path, str]] = ()

    @property
    def launcher(self) -> Path:
        return self.root / LAUNCHER.lstrip("/")


@dataclass(frozen=True, slots=True)
class Place:
    """Where one job lives: its folders and the user it runs as."""

    home: Path
    tmp: Path
    shm: Path
    uid: int
    gid: int


class Sandbox(ABC):
    name: str
    # The program without which this backend cannot work, and the package that has it.
    program: str
    package: str
    # Folders of the skeleton that this backend writes to as root: each sandbox gets its own.
    scratch: Sequence[str] = ()
    # What it brings of its own besides what all of them have; `doctor` looks for it.
    own_namespaces: Sequence[str] = ()
    own_filters: int = 0

    @abstractmethod
    def command(self, ground: Ground, place: Place) -> list[str]:
        """The sandbox around `launcher serve`, to be executed as the job's user."""

    @abstractmethod
    def missing_directives(self, ground: Ground, place: Place) -> list[str]:
        """What should be among its settings and is not, for `doctor`.

        Where another layer holds too, nobody inside would notice that one is gone.
        """

    def home(self, ground: Ground) -> str:
        """The job's home folder as the job sees it."""
        return HOME

    def entry(self, ground: Ground, place: Place, join_files: Sequence[Path]) -> list[str]:
        """The whole command for this host: cgroups, the skeleton root, the user, the sandbox."""
        options: list[str] = []
        for file in join_files:
            options += ["--cgroup", str(file)]
        if ground.privileged:
            options += _enter_skeleton(ground, place, self.scratch)
        return [str(ground.launcher), "enter", *options, "--", *self.command(ground, place)]


def _enter_skeleton(ground: Ground, place: Place, scratch: Sequence[str]) -> list[str]:
    root = str(ground.root)
    return [
        "--own-cgroup-names",
        "--own-mounts",
        *("--dev-bind", root, root),
        *("--ro-bind", "/usr", root + "/usr"),
        *(word for source, at in ground.shown for word in ("--ro-bind", str(source), root + at)),
        *("--dev-bind", "/proc", root + "/proc"),
        *("--bind", str(place.home), root + HOME),
        *("--bind", str(place.tmp), root + "/tmp"),
        *("--bind", str(place.shm), root + "/dev/shm"),
        *("--terminals", root + "/dev/pts"),
        *(word for folder in scratch for word in ("--tmpfs", root + folder)),
        *("--root", root),
        *("--user", str(place.uid), str(place.gid)),
    ]


def merged_usr_links() -> list[tuple[str, str]]:
    """(link, target) for /bin, /lib and the like, where the host has them as links into /usr."""
    names = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
    return [(name, os.readlink(f"/{name}")) for name in names if os.path.islink(f"/{name}")]
