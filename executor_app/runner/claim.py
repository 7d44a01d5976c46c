"""An executor's folder is its own for as long as it lives: a lock on a file in it says so.

The kernel lets go of the lock when the process ends, however it ends. So the next executor on this
host can tell what a killed one left (mounts, folders, groups) from what one beside it uses.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from executor_app.errors import HostError

from .sandbox.ground import remove_ground
from .workspace import remove_leftovers

LOCK: Final = "lock"


def claim(folder: Path) -> int:
    """Makes the folder and locks it; the lock lasts until the descriptor is closed."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise HostError(
            f"another executor uses {folder}: each needs a CODR_EXECUTOR_NAME of its own"
        ) from None
    return lock


def give_up(folder: Path, lock: int) -> None:
    """Removes the folder, emptied by now but for the lock."""
    remove_leftovers(folder / "jobs")
    remove_ground(folder / "ground")
    shutil.rmtree(folder)
    os.close(lock)


def dead_beside(folder: Path) -> Iterator[tuple[Path, int]]:
    """The folders of executors that have ended without `give_up`, claimed for being removed."""
    for other in sorted(folder.parent.iterdir()):
        # One that is just being made has no lock file yet; it is nobody's business.
        if other == folder or not (other / LOCK).exists():
            continue
        try:
            yield other, claim(other)
        except HostError:
            continue
