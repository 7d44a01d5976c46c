"""One look for all programs that have waited for long: whether anything of them has run.

A thousand who each have timers of their own, and open a file at each look, cost a tenth of a core
while nothing happens. Here one round reads the files of all, which stay open meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Final

LOOK_S: Final = 2.0
# Somebody's echo may wait for the loop meanwhile: so many take it a third of a millisecond.
MOST_AT_ONCE: Final = 100
# More than the kernel says of a group's CPU time.
FILE_BYTES: Final = 4096


class Sleeper:
    """One of them. `woke` is called once, by the loop, when something of it has run since this was
    made; not if it left before."""

    def __init__(self, cpu_file: Path, woke: Callable[[], None]) -> None:
        """`cpu_file` says something else as soon as any of it has run. Raises OSError."""
        self._woke = woke
        self._fd = os.open(cpu_file, os.O_RDONLY | os.O_CLOEXEC)
        self._said = os.pread(self._fd, FILE_BYTES, 0)
        self._round = _of_this_loop()

    def enter(self) -> None:
        """From now on it is looked at. `leave` has to follow in any case."""
        self._round.add(self)

    def leave(self) -> None:
        self._round.remove(self)
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def look(self) -> None:
        if self._fd >= 0 and self._has_run():
            self.leave()
            self._woke()

    def _has_run(self) -> bool:
        try:
            return os.pread(self._fd, FILE_BYTES, 0) != self._said
        except OSError:
            return True  # whoever is woken finds out what has become of it


class _Round:
    """Looks at all of one event loop, each `LOOK_S`; not at all while nobody is there."""

    def __init__(self) -> None:
        self._sleepers: dict[Sleeper, None] = {}
        self._timer: asyncio.Handle | None = None

    def add(self, sleeper: Sleeper) -> None:
        self._sleepers[sleeper] = None
        if self._timer is None:
            self._look_later()

    def remove(self, sleeper: Sleeper) -> None:
        self._sleepers.pop(sleeper, None)
        if not self._sleepers and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_later(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(LOOK_S, self._look)

    def _look(self, these: list[Sleeper] | None = None) -> None:
        """At some, and at the others in the loop's next turns."""
        these = list(self._sleepers) if these is None else these
        now, then = these[:MOST_AT_ONCE], these[MOST_AT_ONCE:]
        if then:
            self._timer = asyncio.get_running_loop().call_soon(self._look, then)
        else:
            self._look_later()
        for sleeper in now:
            sleeper.look()


_rounds: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Round] = weakref.WeakKeyDictionary()


def _of_this_loop() -> _Round:
    return _rounds.setdefault(asyncio.get_running_loop(), _Round())
