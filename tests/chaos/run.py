"""One chaos run: the load and the mischief at once, round by round, then the checks of the end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from . import check, remains, report
from .load import Load, Session
from .mischief import Harm, Mischief, plan
from .site import Site

# A result that a recorder was killed with comes again after a minute.
RECORDED_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Options:
    """`at_once`: sessions that are running at any time. `only`: kinds of mischief, all if none."""

    rounds: int
    seed: int
    at_once: int = 50
    round_s: float = 10.0
    only: Sequence[str] = ()


class ChaosError(Exception):
    """Something was lost, doubled, reordered or left behind; the message says what and where."""


def run(options: Options, say: Callable[[str], None]) -> str:
    """The table. Raises ChaosError; then the folder with all logs stays."""
    folder = Path(tempfile.mkdtemp(prefix="codr-chaos-"))
    folder.chmod(0o755)  # PostgreSQL is not root, and has its folder inside
    try:
        with Site(folder) as site:
            site.start()
            table = asyncio.run(_Run(options, site, say).run())
    except BaseException:
        say(f"The logs of all processes are in {folder}")
        raise
    shutil.rmtree(folder)
    return table


class _Run:
    def __init__(self, options: Options, site: Site, say: Callable[[str], None]) -> None:
        self._options = options
        self._site = site
        self._say = say
        self._mischief = Mischief(site, self._note)
        self._failed = asyncio.Event()
        self._load = Load(options.seed, options.at_once, site.connect, self._on_difference)
        self._began = time.monotonic()

    async def run(self) -> str:
        loading = asyncio.create_task(self._load.run())
        for number in range(1, self._options.rounds + 1):
            self._load.round = number
            await self._round(number)
            if self._failed.is_set() or loading.done():
                break
        lasted_s = time.monotonic() - self._began
        self._load.end()
        problems = await self._problems(loading)
        text = report.table(
            self._load.round, self._options.seed, lasted_s, self._load.finished,
            self._mischief.done,
        )  # fmt: skip
        if problems:
            raise ChaosError("\n".join([*problems, text]))
        return text

    async def _problems(self, loading: asyncio.Task[None]) -> list[str]:
        """What was wrong on the way; else, once all sessions are over, what is wrong in the end."""
        failing = asyncio.create_task(self._failed.wait())
        await asyncio.wait([loading, failing], return_when=asyncio.FIRST_COMPLETED)
        if self._failed.is_set():
            loading.cancel()
            return [self._describe(s) for s in self._load.finished if s.difference]
        failing.cancel()
        await loading
        problems = await self._check_rows()
        return problems + await asyncio.to_thread(remains.check, self._site)

    async def _round(self, number: int) -> None:
        options = self._options
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._wait(options.round_s))
            for harm in plan(options.seed, number, options.round_s, options.only):
                tasks.create_task(self._do(harm, number))
        finished, running = len(self._load.finished), len(self._load.running)
        self._note(f"round {number} is over: {finished} jobs finished, {running} running")

    async def _wait(self, seconds: float) -> None:
        """Or until something is wrong."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._failed.wait(), seconds)

    async def _do(self, harm: Harm, number: int) -> None:
        await self._wait(harm.at_s)
        if await asyncio.to_thread(self._mischief.begin, harm, number):
            await self._wait(harm.for_s)
            await asyncio.to_thread(self._mischief.end, harm)

    def _on_difference(self, session: Session) -> None:
        self._say(self._describe(session))
        self._write_down(session)
        self._failed.set()

    def _describe(self, session: Session) -> str:
        return (
            f"seed {self._options.seed}, round {session.ended_in_round}: {session}: "
            f"{session.difference}"
        )

    def _write_down(self, session: Session) -> None:
        """All that its clients saw, for who looks for the reason."""
        seen: list[dict[str, Any]] = [
            {
                "connections": record.connections,
                "errors": record.errors,
                "told": [[round(t.at - self._began, 3), t.frame] for t in record.told],
            }
            for record in session.records
        ]
        path = self._site.lab.folder / f"session-{session.number}.json"
        path.write_text(json.dumps({"args": session.play.args, "clients": seen}, indent=1))

    async def _check_rows(self) -> list[str]:
        """Once all results had the time to be written: each job has one row, with its end."""
        deadline = time.monotonic() + RECORDED_S
        while True:
            rows = await asyncio.to_thread(self._site.rows)
            problems = self._problems_of(rows)
            if not problems or time.monotonic() > deadline:
                return problems
            await asyncio.sleep(1)

    def _problems_of(self, rows: list[dict[str, Any]]) -> list[str]:
        by_request = defaultdict(list)
        for row in rows:
            by_request[row["request_id"]].append(row)
        problems = []
        for session in self._load.finished:
            if session.difference is None:
                own = by_request[session.player.request_id]
                found = check.check_row(session.play, session.player.record, own)
                if found:
                    problems.append(f"seed {self._options.seed}: {session}: {found}")
        return problems

    def _note(self, text: str) -> None:
        line = f"{time.strftime('%H:%M:%S')} {time.monotonic() - self._began:7.1f} {text}"
        with open(self._site.lab.folder / "chaos.log", "a") as log:
            log.write(line + "\n")
        self._say(line)
