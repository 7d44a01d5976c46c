"""The folders of one job: its home, /tmp and /dev/shm, bounded together in size and in files.

As root they lie on a tmpfs of their own, so that one job cannot fill the disk of others and
nothing has to walk what it left: the mount is dropped. Without root they are plain folders. After
a program ran, a workspace is hostile ground: links are never followed in it.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path

from . import mounts
from .sandbox import Place

MAX_FILES = 16 * 1024
# How many entries are looked at when asking whether a file has hit its limit.
MAX_LOOKED_AT = 2000


class Workspace:
    def __init__(self, folder: Path, *, disk_bytes: int, uid: int, gid: int) -> None:
        self.folder = folder
        self.disk_bytes = disk_bytes
        self._mounted = os.geteuid() == 0
        folder.mkdir(mode=0o700)
        if self._mounted:
            mounts.mount_tmpfs(
                folder, size=disk_bytes, inodes=MAX_FILES, mode=0o700, uid=uid, gid=gid
            )
        home, tmp, shm = (folder / name for name in ("home", "tmp", "shm"))
        self.place = Place(home=home, tmp=tmp, shm=shm, uid=uid, gid=gid)
        for part in (home, tmp, shm):
            part.mkdir(mode=0o700)
            self._give(part)

    def write(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Writes the source files; names are relative and were checked (`protocol.SourceFile`)."""
        for name, content in files:
            path = self.place.home / name
            for parent in reversed(path.relative_to(self.place.home).parents[:-1]):
                folder = self.place.home / parent
                if not folder.exists():
                    folder.mkdir()
                    self._give(folder)
            path.write_bytes(content)
            self._give(path)

    def limit_disk(self, disk_bytes: int) -> bool:
        """Sets another limit; False where more than that is in use already."""
        self.disk_bytes = disk_bytes
        return not self._mounted or mounts.resize_tmpfs(self.folder, size=disk_bytes)

    def is_full(self) -> bool:
        """Whether what the job wrote fills its file system. Without a mount nobody can say."""
        if not self._mounted:
            return False
        state = os.statvfs(self.folder)
        return state.f_bavail == 0 or state.f_favail == 0

    def used_bytes(self) -> int:
        state = os.statvfs(self.folder)
        return (state.f_blocks - state.f_bfree) * state.f_frsize if self._mounted else 0

    def files_of(self, size: int) -> frozenset[int]:
        """The inodes of files that have reached `size` bytes.

        Only the first `MAX_LOOKED_AT` entries are looked at: a job may have made very many.
        """
        found = set()
        left = MAX_LOOKED_AT
        waiting = [str(self.place.home), str(self.place.tmp), str(self.place.shm)]
        while waiting and left > 0:
            try:
                with os.scandir(waiting.pop()) as entries:
                    for entry in entries:
                        left -= 1
                        if left == 0:
                            break
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(entry.path)
                            continue
                        state = entry.stat(follow_symlinks=False)
                        if stat.S_ISREG(state.st_mode) and state.st_size >= size:
                            found.add(state.st_ino)
            except OSError:
                continue
        return frozenset(found)

    def remove(self) -> None:
        if self._mounted:
            mounts.unmount(self.folder)
            self.folder.rmdir()
        else:
            _make_removable(self.folder)
            shutil.rmtree(self.folder)

    def _give(self, path: Path) -> None:
        if self._mounted:
            os.chown(path, self.place.uid, self.place.gid)


def _make_removable(folder: Path) -> None:
    """Takes back folders that the program made unreadable; rmtree itself follows no link."""
    for path, names, _ in os.walk(folder, followlinks=False):
        for name in names:
            inner = os.path.join(path, name)
            if not os.path.islink(inner):
                os.chmod(inner, 0o700)


def remove_leftovers(folder: Path) -> None:
    """Removes what a killed executor left in its folder of workspaces."""
    mounts.unmount_below(folder)
    if folder.exists():
        _make_removable(folder)
        shutil.rmtree(folder)
