"""The folders of one job: its home, /tmp and /dev/shm, bounded together in size and in files.

As root they lie on a tmpfs of their own, so that one job cannot fill the disk of others and
nothing has to walk what it left: the mount is dropped. Without root they are plain folders. After
a program ran, a workspace is hostile ground: links are never followed in it.
"""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from . import mounts
from .sandbox import Place

MAX_FILES = 16 * 1024
# How many entries are looked at when asking whether a file has hit its limit.
MAX_LOOKED_AT = 2000
DEEPEST_LOOK = 32
# More of them take longer to free than it takes to have another process do it.
MANY_FILES = 1000
FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Workspace:
    def __init__(self, folder: Path, *, disk_bytes: int, uid: int, gid: int) -> None:
        self.folder = folder
        self.disk_bytes = disk_bytes
        self._mounted = os.geteuid() == 0
        home, tmp, shm = (folder / name for name in ("home", "tmp", "shm"))
        self.place = Place(home=home, tmp=tmp, shm=shm, uid=uid, gid=gid)
        folder.mkdir(mode=0o700)
        try:
            if self._mounted:
                mounts.mount_tmpfs(
                    folder, size=disk_bytes, inodes=MAX_FILES, mode=0o700, uid=uid, gid=gid
                )
            for part in (home, tmp, shm):
                part.mkdir(mode=0o700)
                self._give(part)
        except BaseException:
            # Nobody else knows of it yet.
            remove_leftovers(folder)
            raise

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

    def full(self) -> Literal["bytes", "files"] | None:
        """What there is no more room for on its file system. Without a mount nobody can say."""
        if not self._mounted:
            return None
        state = os.statvfs(self.folder)
        if state.f_bavail == 0:
            return "bytes"
        return "files" if state.f_favail == 0 else None

    def may_hold(self, size: int) -> bool:
        """False where all files together are smaller than that, so that nobody has to look."""
        if not self._mounted:
            return True
        state = os.statvfs(self.folder)
        return (state.f_blocks - state.f_bfree) * state.f_frsize >= size

    def files_of(self, size: int) -> frozenset[int]:
        """The inodes of files that have reached `size` bytes.

        Only the first `MAX_LOOKED_AT` entries are looked at, and `DEEPEST_LOOK` folders down: a job
        may have made very many.
        """
        places = (self.place.home, self.place.tmp, self.place.shm)
        files = (state for place in places for state in _states(str(place), None, DEEPEST_LOOK))
        looked_at = itertools.islice(files, MAX_LOOKED_AT)
        return frozenset(
            state.st_ino
            for state in looked_at
            if stat.S_ISREG(state.st_mode) and state.st_size >= size
        )

    def remove(self) -> None:
        if self._mounted:
            state = os.statvfs(self.folder)
            many = state.f_files - state.f_ffree > MANY_FILES
            (mounts.unmount_behind_others if many else mounts.unmount)(self.folder)
            self.folder.rmdir()
        else:
            _remove_tree(self.folder)

    def _give(self, path: Path) -> None:
        if self._mounted:
            os.chown(path, self.place.uid, self.place.gid)


def _states(name: str, parent: int | None, depth: int) -> Iterator[os.stat_result]:
    """What is in a folder and below it. Each folder is opened by its name in the one above: the job
    runs, and by the next look any part of a path may be a link that leads out of its workspace."""
    try:
        folder = os.open(name, FOLDER_FLAGS, dir_fd=parent)
    except OSError:
        return
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    state = os.stat(entry.name, dir_fd=folder, follow_symlinks=False)
                except OSError:
                    continue  # it has gone meanwhile
                yield state
                if stat.S_ISDIR(state.st_mode) and depth > 1:
                    yield from _states(entry.name, folder, depth - 1)
    finally:
        os.close(folder)


def _remove_tree(folder: Path) -> None:
    """Removes what a program left, however deep and whatever it forbade. No link is followed.

    Each folder is moved up before it is emptied, since rmtree needs a descriptor for every level
    and a path has a longest length. Nobody else is there any more who could swap a folder.
    """
    numbers = itertools.count()
    os.chmod(folder, 0o700)
    top = os.open(folder, FOLDER_FLAGS)
    try:
        waiting = _empty(top, top, numbers)
        while waiting:
            name = waiting.pop()
            inner = os.open(name, FOLDER_FLAGS, dir_fd=top)
            try:
                waiting += _empty(inner, top, numbers)
            finally:
                os.close(inner)
            os.rmdir(name, dir_fd=top)
    finally:
        os.close(top)
    folder.rmdir()


def _empty(folder: int, top: int, numbers: Iterator[int]) -> list[str]:
    """Unlinks the files, moves the folders to the top, and gives the names that they have there."""
    with os.scandir(folder) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    moved = []
    for name, is_folder in found:
        if not is_folder:
            os.unlink(name, dir_fd=folder)
            continue
        os.chmod(name, 0o700, dir_fd=folder)
        moved.append(f"codr-removes-{next(numbers)}")
        os.rename(name, moved[-1], src_dir_fd=folder, dst_dir_fd=top)
    return moved


def remove_leftovers(folder: Path) -> None:
    """Removes what a killed executor left in its folder of workspaces."""
    mounts.unmount_below(folder)
    if folder.exists():
        _remove_tree(folder)
