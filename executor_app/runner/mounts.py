"""Mounting and unmounting, which Python's library lacks. Linux only, as the whole runner is."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import subprocess
from pathlib import Path

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_REMOUNT = 32
MNT_DETACH = 2

# Blanks and backslashes in a path (proc(5)); all other bytes stand for themselves.
_OCTAL = re.compile(rb"\\([0-7]{3})")
_libc = ctypes.CDLL(None, use_errno=True)


def mount_tmpfs(
    folder: Path, *, size: int, inodes: int, mode: int, uid: int = 0, gid: int = 0
) -> None:
    """A tmpfs of `size` bytes and `inodes` files. With a `uid` of its own it has no devices."""
    options = f"size={size},nr_inodes={inodes},mode={mode:o},uid={uid},gid={gid}"
    flags = MS_NOSUID | (MS_NODEV if uid else 0)
    _checked(_libc.mount(b"codr", os.fsencode(folder), b"tmpfs", flags, options.encode()), folder)


def mount_overlay(at: Path, *, upper: Path, lower: Path) -> None:
    """Both folders in one, read-only, `upper` first. Who sees the mount is not told where they lie:
    the kernel shows the names that it was given, which are those of descriptors here."""
    fds = [os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC) for folder in (upper, lower)]
    try:
        options = "lowerdir=" + ":".join(f"/proc/self/fd/{fd}" for fd in fds)
        flags = MS_RDONLY | MS_NOSUID | MS_NODEV
        _checked(_libc.mount(b"codr", os.fsencode(at), b"overlay", flags, options.encode()), at)
    finally:
        for fd in fds:
            os.close(fd)


def resize_tmpfs(folder: Path, *, size: int) -> bool:
    """Gives a tmpfs of a job another size; False where it already holds more."""
    flags = MS_REMOUNT | MS_NOSUID | MS_NODEV
    if _libc.mount(b"codr", os.fsencode(folder), b"tmpfs", flags, b"size=%d" % size) == 0:
        return True
    if ctypes.get_errno() == errno.EINVAL:
        return False
    _checked(-1, folder)
    return False


def unmount(folder: Path) -> None:
    """Takes the mount away at once, even while something still looks into it."""
    _checked(_libc.umount2(os.fsencode(folder), MNT_DETACH), folder)


def unmount_behind_others(folder: Path) -> None:
    """The same for a mount that holds much, by a process of the lowest priority.

    Who unmounts it frees each file of it, without a pause: 20 ms for 16,000 of them.
    """
    try:
        subprocess.run(["nice", "-n", "19", "umount", "--lazy", folder], check=True)
    except (OSError, subprocess.SubprocessError):
        unmount(folder)


def unmount_below(folder: Path) -> None:
    """Takes away every mount at `folder` or in it, the innermost first."""
    prefix = str(folder)
    for point in reversed(mount_points()):
        if point == prefix or point.startswith(prefix + "/"):
            unmount(Path(point))


def mount_points() -> list[str]:
    """Every mount of this process, in the order in which they lie on one another."""
    with open("/proc/self/mounts", "rb") as table:
        return [os.fsdecode(_OCTAL.sub(_byte, line.split(b" ")[1])) for line in table]


def _byte(octal: re.Match[bytes]) -> bytes:
    return bytes([int(octal[1], 8)])


def _checked(result: int, folder: Path) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(folder))
