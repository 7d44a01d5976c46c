"""Jails that were started before they are needed, each used once.

There are two kinds: bare ones, whose launcher waits for what it is to start, and ones in which an
interpreter waits for its program (`early.py`). How many there are follows what was asked for in the
last seconds. They are made one at a time, while processors are free, and weigh next to nothing
until they are taken. Whoever finds none makes a jail of their own, as without a pool.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import shutil
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from executor_app.errors import HostError
from executor_app.languages import Language

from . import procfs
from .cell import Cell
from .commands import PATH, run_command
from .early import Early, may_be_early
from .host import Host, safe_name
from .spec import RunSpec

logger = logging.getLogger(__name__)

# The kind without an interpreter; the others are called by their language.
BARE: Final = ""
# What stands between a name of ours and those of jobs, whose ids have none of it.
NAME: Final = "warm-{}"
# A start counts half after so long; and so many of them make one more jail wait.
HALF_LIFE_S: Final = 10.0
STARTS_FOR_ONE_MORE: Final = 6.0
# How old one may become, and how often it is looked after them.
OLDEST_S: Final = 300.0
ROUND_S: Final = 5.0
# While processors are short nothing is made, but for so long only: it weighs next to nothing.
PATIENCE_S: Final = 2.0
LOOK_S: Final = 0.01
# How much of the memory that is free they may take, and what one is thought to take at first.
SHARE_OF_MEMORY: Final = 0.125
GUESS_BYTES: Final = 48 * 1024 * 1024
# What may be written in one before it is a job's, who is given more then: nothing.
LITTLE_BYTES: Final = 64 * 1024
# After a failure, in seconds.
FIRST_REST_S, LONGEST_REST_S = 1.0, 60.0
LOADER_CACHE: Final = "/etc/ld.so.cache"

Stamp = tuple[tuple[int, int, int, int], ...]


@dataclass(slots=True)
class Warm:
    """A jail that waits. `early` is the interpreter in it, if any."""

    cell: Cell
    kind: str
    stamp: Stamp
    early: Early | None
    made_at: float
    _link: Path | None = None

    def is_well(self) -> bool:
        jail = self.cell.jail
        return jail.idle and procfs.lives(jail.launcher_pid)

    def name_after(self, job_id: str) -> None:
        """For who looks for the job on this host: a mount cannot be renamed."""
        folder = self.cell.workspace.folder
        self._link = folder.with_name(safe_name(job_id))
        self._link.symlink_to(folder.name)

    async def close(self) -> None:
        if self._link is not None:
            self._link.unlink(missing_ok=True)
        if self.early is not None:
            self.early.close()
        await self.cell.close()


class Pool:
    """Use `start`, `take` for each job, and `stop`. All on the event loop of the jobs."""

    def __init__(self, host: Host, languages: Sequence[Language]) -> None:
        """`languages` are those that are offered here."""
        self._host = host
        self._most = host.spare_slots
        self._early = {each.name: each for each in languages if each.early is not None}
        self._waiting: dict[str, list[Warm]] = {kind: [] for kind in (BARE, *self._early)}
        self._demand = {kind: Demand() for kind in self._waiting}
        self._bytes: defaultdict[str, int] = defaultdict(lambda: GUESS_BYTES)
        self._numbers = itertools.count(1)
        self._changed = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._rests = {kind: Rest() for kind in self._waiting}
        # The interpreters, as a job finds them.
        self._programs: dict[str, str | None] = {}
        self._look_for_programs_at = 0.0
        self._look_for_programs()

    def start(self) -> None:
        self._keeping = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeping
        for kind in self._waiting:
            self._drop_all(kind)
        while self._closing:
            await asyncio.wait(self._closing)

    def waiting(self, kind: str) -> list[Warm]:
        """Those of that kind that wait now, the oldest first."""
        return list(self._waiting[kind])

    @property
    def is_full(self) -> bool:
        """Whether all that are wanted now wait."""
        wanted = self._wanted()
        return all(len(waiting) >= wanted[kind] for kind, waiting in self._waiting.items())

    def lay_in(self, warm: Warm) -> None:
        self._waiting[warm.kind].append(warm)

    # --- for a job -----------------------------------------------------------------------------

    def take(self, spec: RunSpec, slot: int) -> Warm | None:
        """A jail for such a job, which gets the job's `slot` for its own; None where there is none.

        One whose `early` is given is held at its main file, for this job alone.
        """
        name = spec.language.name
        early = name in self._early and may_be_early(spec.language, spec.files) and spec.tty
        kinds = (name, BARE) if early else (BARE,)
        self._demand[kinds[0]].add()
        self._changed.set()
        for kind in kinds:
            warm = self._take_one(kind, spec)
            if warm is not None:
                self._host.give_spare_slot(slot)
                return warm
        return None

    def _take_one(self, kind: str, spec: RunSpec) -> Warm | None:
        """The oldest that is as good as a new one. What turns out not to be is dropped."""
        waiting = self._waiting[kind]
        command, stamp = run_command(self._host, spec), self._stamp(kind)
        while waiting:
            early = waiting[0].early
            if early is not None and not early.fits(command, spec.run_limits):
                return None
            warm = waiting.pop(0)
            is_good = warm.stamp == stamp and warm.is_well()
            if is_good and (early is None or early.open(len(spec.files[0][1]))):
                return warm
            self._drop(warm)
        return None

    # --- keeping them --------------------------------------------------------------------------

    async def _keep(self) -> None:
        while True:
            try:
                await self._go_round()
            except Exception:
                # Jobs have their own made meanwhile.
                logger.exception("jails that wait for jobs are not looked after")
                await asyncio.sleep(FIRST_REST_S)

    async def _go_round(self) -> None:
        self._changed.clear()
        if time.monotonic() > self._look_for_programs_at:
            self._look_for_programs()
        wanted = self._wanted()
        self._look_after(wanted)
        kind = self._lacking(wanted)
        if kind is None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ROUND_S):
                    await self._changed.wait()
            return
        await self._until_calm()
        try:
            self.lay_in(await self.make(kind))
            self._rests[kind] = Rest()
        except (HostError, OSError, TimeoutError) as error:
            self._rests[kind] = self._rests[kind].longer()
            logger.warning("no jail is started before it is needed (%s): %s", kind or "bare", error)

    def _look_after(self, wanted: Mapping[str, int]) -> None:
        """Drops what is dead, old, or there in vain."""
        now = time.monotonic()
        for kind, waiting in self._waiting.items():
            stamp = self._stamp(kind)
            for warm in list(waiting):
                old = now - warm.made_at > OLDEST_S
                surplus = len(waiting) > wanted[kind]
                if old or surplus or warm.stamp != stamp or not warm.is_well():
                    waiting.remove(warm)
                    self._drop(warm)

    def _lacking(self, wanted: Mapping[str, int]) -> str | None:
        """The kind of which one more is wanted most."""
        if not self._host.spare_slots:
            return None
        now = time.monotonic()
        lacking = [
            kind
            for kind, waiting in self._waiting.items()
            if len(waiting) < wanted[kind] and now >= self._rests[kind].until
        ]

        def count(kind: str) -> tuple[int, float]:
            return len(self._waiting[kind]), -self._demand[kind].heat()

        return min(lacking, key=count, default=None)

    def _wanted(self) -> dict[str, int]:
        """How many of each kind: one, and more of what is asked for, within what there may be."""
        heats = {kind: demand.heat() for kind, demand in self._demand.items()}
        ordered = sorted(heats, key=lambda kind: -heats[kind])
        # What comes on top of one each is shared out as it was asked for.
        more = [
            (heats[kind] / number, kind)
            for kind in ordered
            for number in range(1, 1 + int(heats[kind] / STARTS_FOR_ONE_MORE))
        ]
        asked = ordered + [kind for _, kind in sorted(more, reverse=True)]
        theirs = sum(self._bytes[kind] * len(waiting) for kind, waiting in self._waiting.items())
        room = SHARE_OF_MEMORY * (self._host.free_memory_bytes() + theirs)
        wanted = dict.fromkeys(ordered, 0)
        for kind in asked[: self._most]:
            if self._bytes[kind] <= room:
                wanted[kind] += 1
                room -= self._bytes[kind]
        return wanted

    async def _until_calm(self) -> None:
        for _ in range(round(PATIENCE_S / LOOK_S)):
            if _running_threads() <= (os.cpu_count() or 1):
                return
            await asyncio.sleep(LOOK_S)

    async def make(self, kind: str) -> Warm:
        """One more, which is whoever's that asked for it."""
        host, name = self._host, NAME.format(next(self._numbers))
        stamp = self._stamp(kind)
        language = self._early.get(kind)
        slot = host.take_spare_slot()
        async with contextlib.AsyncExitStack() as undo:
            undo.callback(host.give_spare_slot, slot)
            disk_bytes = language.run_limits.disk_bytes if language else LITTLE_BYTES
            cell = await Cell.make(host, name, slot, group=name, disk_bytes=disk_bytes, quiet=True)
            undo.push_async_callback(cell.close)
            early = None
            if language is not None:
                limits = language.run_limits
                spec = RunSpec("", language, [(language.file_name, b"")], limits, limits)
                command = run_command(host, spec)
                early = await Early.start(cell, command, limits, language.file_name)
            undo.pop_all()
        if cell.cgroup is not None:
            self._bytes[kind] = cell.cgroup.memory_bytes()
        cell.jail.when_over(self._changed.set)
        return Warm(cell, kind, stamp, early, time.monotonic())

    def _stamp(self, kind: str) -> Stamp:
        """What says that the programs in it are still those of the host."""
        program = self._programs.get(kind)
        return tuple(_stamp(file) for file in (LOADER_CACHE, program) if file is not None)

    def _look_for_programs(self) -> None:
        self._look_for_programs_at = time.monotonic() + ROUND_S
        for kind, language in self._early.items():
            self._programs[kind] = shutil.which(language.run[0], path=PATH)

    def _drop_all(self, kind: str) -> None:
        for warm in self._waiting[kind]:
            self._drop(warm)
        self._waiting[kind].clear()

    def _drop(self, warm: Warm) -> None:
        task = asyncio.create_task(self._close(warm))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _close(self, warm: Warm) -> None:
        try:
            if warm.cell.cgroup is not None:
                # What gives way to all others would take its time over dying.
                warm.cell.cgroup.give_way(False)
            await warm.close()
        except Exception:
            logger.exception("a jail that nobody used is not closed")
        self._host.give_spare_slot(warm.cell.slot)
        self._changed.set()


@dataclass(frozen=True, slots=True)
class Rest:
    """Until when nothing of a kind is made, because the last one failed."""

    until: float = 0.0
    seconds: float = 0.0

    def longer(self) -> Rest:
        seconds = min(self.seconds * 2 or FIRST_REST_S, LONGEST_REST_S)
        return Rest(time.monotonic() + seconds, seconds)


class Demand:
    """How often something was asked for lately: each time counts 1, and half of it later."""

    def __init__(self) -> None:
        self._heat = 0.0
        self._at = time.monotonic()

    def add(self) -> None:
        self._heat = self.heat() + 1.0
        self._at = time.monotonic()

    def heat(self) -> float:
        return float(self._heat * 0.5 ** ((time.monotonic() - self._at) / HALF_LIFE_S))


def _stamp(file: str) -> tuple[int, int, int, int]:
    try:
        found = os.stat(file)
    except OSError:
        return (0, 0, 0, 0)
    return (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)


def _running_threads() -> int:
    """On all of the host, without the one that asks."""
    running, _, _ = procfs.read("/proc/loadavg").split()[3].partition(b"/")
    return int(running) - 1
