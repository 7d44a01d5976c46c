"""A bounded folder of things that were made once, each known by its key; every use verifies them.

All executors of a host share it, and it survives them. An entry is one file: a header with its key,
its size and its hash, then its body. Entries come by rename, so a reader sees all of one or none.
Whatever is not as it should be (a link, a FIFO, another's file, altered or cut) is never used and
is thrown away, with an error in the log: nobody but an executor has any business in here.

The folder has 16 parts, by the first digit of the key, each bounded by itself and locked while it
is written to. That way a bound that all processes keep needs no more than a look at a few hundred
files, and no count that could be wrong after a crash.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import re
import shutil
import stat
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from executor_app.errors import HostError

logger = logging.getLogger(__name__)

PARTS: Final = "0123456789abcdef"
KEY: Final = re.compile(r"[0-9a-f]{64}")
NEW: Final = re.compile(r"[0-9a-f]{64}\.new")
HEADER: Final = struct.Struct("<8s32sQ32s")
MAGIC: Final = b"codr\0\0\0\1"
FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
READ_FLAGS: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
WRITE_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Store:
    """Use `open`. Keys are hexadecimal SHA-256. May be used from several threads at once."""

    folder: Path
    most_bytes: int

    @classmethod
    def open(cls, folder: Path, most_bytes: int) -> Store:
        """Raises HostError where the folder is somebody else's, or others may write to it."""
        for each in (folder, *(folder / part for part in PARTS)):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
            state = os.lstat(each)
            if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.geteuid():
                raise HostError(f"{each} is not a folder of this executor's own: remove it")
            if state.st_mode & 0o077:
                raise HostError(f"others may look into {each}: remove it")
        return cls(folder, most_bytes)

    @property
    def most_bytes_of_one(self) -> int:
        """Larger ones are not kept."""
        return self.most_bytes // len(PARTS)

    def get(self, key: str) -> bytes | None:
        """What was put under this key, just as it was put; None where there is nothing any more."""
        part = os.open(self.folder / key[0], FOLDER_FLAGS)
        try:
            return self._read(part, key)
        finally:
            os.close(part)

    def put(self, key: str, body: bytes) -> None:
        """Keeps it, for which what was not used for longest goes. Raises OSError."""
        if HEADER.size + len(body) > self.most_bytes_of_one:
            return
        part = os.open(self.folder / key[0], FOLDER_FLAGS)
        try:
            fcntl.flock(part, fcntl.LOCK_EX)  # until it is closed
            self._make_room(part, HEADER.size + len(body))
            _write(part, key, body)
        finally:
            os.close(part)

    def _read(self, part: int, key: str) -> bytes | None:
        try:
            file = os.open(key, READ_FLAGS, dir_fd=part)
        except FileNotFoundError:
            return None
        except OSError as error:
            _throw_away(part, key, f"it cannot be opened ({error.strerror})")
            return None
        try:
            wrong = _wrong_with(os.fstat(file), self.most_bytes_of_one)
            entry = b"" if wrong else _content(file)
            wrong = wrong or _wrong_in(entry, key)
            if wrong:
                _throw_away(part, key, wrong)
                return None
            os.utime(file)  # the time of its last use
        finally:
            os.close(file)
        return entry[HEADER.size :]

    def _make_room(self, part: int, wanted: int) -> None:
        found: list[tuple[float, int, str]] = []
        with os.scandir(part) as entries:
            names = [entry.name for entry in entries]
        for name in names:
            state = os.stat(name, dir_fd=part, follow_symlinks=False)
            wrong = _wrong_with(state, self.most_bytes_of_one)
            if NEW.fullmatch(name):
                wrong = "whoever wrote it was ended before it was whole"
            elif not KEY.fullmatch(name):
                wrong = "its name is none of ours"
            if wrong:
                _throw_away(part, name, wrong)
            else:
                found.append((state.st_mtime, _on_disk(state.st_size), name))
        used = sum(size for _, size, _ in found) + _on_disk(wanted)
        for _, size, name in sorted(found):
            if used <= self.most_bytes_of_one:
                return
            os.unlink(name, dir_fd=part)
            used -= size


def _on_disk(size: int) -> int:
    """Files take whole blocks."""
    return -(-size // 4096) * 4096


def _content(file: int) -> bytes:
    with open(file, "rb", closefd=False) as content:
        return content.read()


def _write(part: int, key: str, body: bytes) -> None:
    new = f"{key}.new"
    try:
        with open(os.open(new, WRITE_FLAGS, 0o600, dir_fd=part), "wb") as file:
            file.write(HEADER.pack(MAGIC, bytes.fromhex(key), len(body), _digest(key, body)))
            file.write(body)
        os.rename(new, key, src_dir_fd=part, dst_dir_fd=part)
    except BaseException:
        try:
            os.unlink(new, dir_fd=part)
        except FileNotFoundError:
            pass
        raise


def _digest(key: str, body: bytes) -> bytes:
    digest = hashlib.sha256(MAGIC + bytes.fromhex(key))
    digest.update(body)
    return digest.digest()


def _wrong_with(state: os.stat_result, most_bytes: int) -> str:
    """Of a file as the kernel knows it; "" where nothing is. One that was removed in this moment
    has no link left, and is still what it was."""
    if not stat.S_ISREG(state.st_mode):
        return "it is no plain file"
    if state.st_uid != os.geteuid() or state.st_mode & 0o077 or state.st_nlink > 1:
        return "others may have written to it"
    if not HEADER.size <= state.st_size <= most_bytes:
        return "its size is wrong"
    return ""


def _wrong_in(entry: bytes, key: str) -> str:
    magic, known_as, size, digest = HEADER.unpack_from(entry)
    if magic != MAGIC or known_as != bytes.fromhex(key):
        return "it is another's"
    if size != len(entry) - HEADER.size:
        return "a part of it is missing"
    return "" if digest == _digest(key, entry[HEADER.size :]) else "it was altered"


def _throw_away(part: int, name: str, why: str) -> None:
    logger.error("the compiled program %s is thrown away: %s", name, why)
    try:
        os.unlink(name, dir_fd=part)
    except IsADirectoryError:
        shutil.rmtree(name, dir_fd=part)
    except FileNotFoundError:
        pass
