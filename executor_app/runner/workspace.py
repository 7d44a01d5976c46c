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
# Without waiting, and without ending up somewhere else.
FILE_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
NEW_FILE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# What is in a workspace, see `Workspace.contents`.
Contents = dict[str, tuple[int, ...]]


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

    def put_over(self, path: Path, content: bytes) -> None:
        """Writes a file where nobody sees it grow, and puts it in the place of another."""
        new = self.folder / "new"
        new.write_bytes(content)
        self._give(new)
        new.rename(path)

    def limit_disk(self, disk_bytes: int) -> bool:
        """Sets another limit; False where more than that is in use already."""
        if disk_bytes == self.disk_bytes:
            return True
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
        files = (found for place in places for found in _entries(str(place), None, DEEPEST_LOOK))
        looked_at = itertools.islice(files, MAX_LOOKED_AT)
        return frozenset(
            state.st_ino
            for _, state in looked_at
            if stat.S_ISREG(state.st_mode) and state.st_size >= size
        )

    def contents(self, most: int) -> Contents | None:
        """What is in it by name, and of each file what a change of it changes; None where that is
        more than `most`. What lies more than `DEEPEST_LOOK` folders down is not looked for."""
        places = (self.place.home, self.place.tmp, self.place.shm)
        files = (found for place in places for found in _entries(str(place), None, DEEPEST_LOOK))
        found = dict(itertools.islice(files, most + 1))
        if len(found) > most:
            return None
        return {name: _identity(state) for name, state in found.items()}

    def read_made(self, name: str, most_bytes: int) -> tuple[bytes, int] | None:
        """The content and the mode of a file at the top of the home that a program has made there.

        None where it is not a plain file of this job alone, or larger than that: it may be a link
        to anywhere, a FIFO on which one would wait for ever, or change while it is read.
        """
        home = os.open(self.place.home, FOLDER_FLAGS)
        try:
            file = os.open(name, FILE_FLAGS, dir_fd=home)
        except OSError:
            return None
        finally:
            os.close(home)
        try:
            before = os.fstat(file)
            if not stat.S_ISREG(before.st_mode) or before.st_uid != self.place.uid:
                return None
            if before.st_nlink != 1 or not 0 < before.st_size <= most_bytes:
                return None
            with open(file, "rb", closefd=False) as content:
                data = content.read(most_bytes + 1)
            if len(data) != before.st_size or _identity(os.fstat(file)) != _identity(before):
                return None
        finally:
            os.close(file)
        return data, stat.S_IMODE(before.st_mode)

    def put_made(self, name: str, data: bytes, mode: int) -> None:
        """Puts such a file where none is, as the program would have left it, before anything of the
        job has run. Raises OSError, ENOSPC where it is more than the job may have."""
        path = self.place.home / name
        with open(os.open(path, NEW_FILE_FLAGS, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            if self._mounted:
                os.fchown(file.fileno(), self.place.uid, self.place.gid)
            os.fchmod(file.fileno(), mode)

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


def _identity(state: os.stat_result) -> tuple[int, ...]:
    """Changes with the file, but for a folder, which changes with what is put into it."""
    if stat.S_ISDIR(state.st_mode):
        return (state.st_mode, state.st_ino)
    return (state.st_mode, state.st_ino, state.st_nlink, state.st_size, state.st_mtime_ns,
            state.st_ctime_ns)  # fmt: skip


def _entries(
    name: str, parent: int | None, depth: int, path: str = ""
) -> Iterator[tuple[str, os.stat_result]]:
    """What is in a folder and below it, with its path. Each folder is opened by its name in the one
    above: the job runs, and by the next look any part of a path may be a link that leads out of its
    workspace."""
    path = path or name
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
                inner = f"{path}/{entry.name}"
                yield inner, state
                if stat.S_ISDIR(state.st_mode) and depth > 1:
                    yield from _entries(entry.name, folder, depth - 1, inner)
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
