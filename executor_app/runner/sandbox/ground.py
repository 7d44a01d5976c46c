"""Makes the ground that sandboxes stand on: the skeleton root with the launcher in it.

As root it lies on a small tmpfs of its own, so that a job's mount table names no folder of the
host. Made when an executor starts, removed when it stops; what a killed executor left is removed
by the next one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from executor_app.errors import HostError

from .. import mounts
from .base import HOME, INSIDE_ID, LAUNCHER, Ground, merged_usr_links
from .firejail import PROFILE, PROFILE_INSIDE

SOURCE = Path(__file__).with_name("launcher.c")
FOLDERS = (
    *("usr", "etc", "dev/pts", "dev/shm", "proc", "sys", "tmp", "run/firejail", "run/user"),
    *("var/empty", "root", "opt", "srv", "mnt", "media", "boot", "home/codr"),
)
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
SKELETON_BYTES = 16 * 1024 * 1024
NOLOGIN = "/usr/sbin/nologin"


def make_ground(folder: Path, uids: range) -> Ground:
    """Builds the skeleton in `folder`, emptied first. `uids` are the users that jobs run as."""
    privileged = os.geteuid() == 0
    remove_ground(folder)
    folder.mkdir(parents=True)
    if privileged:
        mounts.mount_tmpfs(folder, size=SKELETON_BYTES, inodes=4096, mode=0o755)
    root = folder / "skeleton"
    for name in FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
    for link, target in merged_usr_links():
        (root / link).symlink_to(target)
    # As a folder it would get a tmpfs from Firejail that no limit of the job's files knows.
    (root / "var/tmp").symlink_to("/tmp")
    _make_etc(root / "etc", uids)
    if privileged:
        _make_devices(root / "dev")
    _build_launcher(root / LAUNCHER.lstrip("/"))
    return Ground(root=root, privileged=privileged)


def remove_ground(folder: Path) -> None:
    mounts.unmount_below(folder)
    if folder.exists():
        shutil.rmtree(folder)


def _make_etc(etc: Path, uids: range) -> None:
    shutil.copytree("/etc/alternatives", etc / "alternatives", symlinks=True)
    for name in ("ld.so.cache", "localtime"):
        if os.path.exists(f"/etc/{name}"):
            shutil.copyfile(f"/etc/{name}", etc / name)
    (etc / "hosts").write_text("127.0.0.1 localhost codr\n")
    root_line = f"root:x:0:0::/root:{NOLOGIN}\n"
    inside = f"codr:x:{INSIDE_ID}:{INSIDE_ID}::{HOME}:/bin/sh\n"
    (etc / "passwd.inside").write_text(root_line + inside)
    (etc / "group").write_text(f"root:x:0:\ntty:x:5:\ncodr:x:{INSIDE_ID}:\n")
    # Firejail asks who it runs for; in the sandbox it shows that one user only.
    users = "".join(f"codr:x:{uid}:{uid}::{HOME}:/bin/sh\n" for uid in uids)
    (etc / "passwd").write_text(root_line + users)
    (etc / "login.defs").write_text("UID_MIN 1000\nGID_MIN 1000\n")
    if os.path.isdir("/etc/firejail"):
        (etc / "firejail").mkdir()
        if os.path.exists("/etc/firejail/firejail.config"):
            shutil.copyfile("/etc/firejail/firejail.config", etc / "firejail/firejail.config")
        shutil.copyfile(PROFILE, etc / PROFILE_INSIDE.removeprefix("/etc/"))


def _make_devices(dev: Path) -> None:
    for name in DEVICES:
        device = os.stat(f"/dev/{name}")
        os.mknod(dev / name, device.st_mode, device.st_rdev)
        os.chmod(dev / name, 0o666)
    # Of the terminals that each sandbox mounts for itself.
    (dev / "ptmx").symlink_to("pts/ptmx")
    for name, fd in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        (dev / name).symlink_to(f"/proc/self/fd{fd}")


def _build_launcher(to: Path) -> None:
    """Compiled here, since it must fit this machine; a compiler is on every executor host."""
    command = ["gcc", "-O2", "-static", "-Wall", "-o", str(to), str(SOURCE)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise HostError("gcc is missing: install the packages gcc and libc6-dev") from error
    except subprocess.CalledProcessError as error:
        raise HostError(f"the sandbox's launcher does not compile: {error.stderr}") from error
    to.chmod(0o755)
