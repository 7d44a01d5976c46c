"""One round for all that sleep: who has run is woken, and nothing is left of who has gone."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from executor_app.runner import sleepers
from executor_app.runner.sleepers import Sleeper


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sleepers, "LOOK_S", 0.02)


class Program:
    """`run` does what a program does that has slept: another number stands in its file."""

    def __init__(self, folder: Path, name: str) -> None:
        self.file = folder / name
        self.woken = 0
        self.used = 0
        self.looks = 0
        self.run()
        self.sleeper = Sleeper(self.file, self._woke)
        look = self.sleeper.look

        def counted() -> None:
            self.looks += 1
            look()

        self.sleeper.look = counted  # type: ignore[method-assign]

    def run(self) -> None:
        self.used += 1
        self.file.write_text(f"{self.used}\n")

    def _woke(self) -> None:
        self.woken += 1


async def until(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not what():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.005)


def open_files(folder: Path) -> int:
    links = (f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd"))
    return sum(os.path.realpath(link).startswith(str(folder)) for link in links)


async def test_who_has_run_is_woken_once_and_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sleepers, "MOST_AT_ONCE", 2)
    programs = [Program(tmp_path, str(n)) for n in range(7)]
    for program in programs:
        program.sleeper.enter()
    await until(lambda: programs[-1].looks > 1)
    programs[4].run()
    await until(lambda: programs[4].woken > 0)
    looks = programs[-1].looks
    await until(lambda: programs[-1].looks > looks + 2)
    assert [program.woken for program in programs] == [0, 0, 0, 0, 1, 0, 0]
    assert open_files(tmp_path) == 6
    for program in programs:
        program.sleeper.leave()
    assert open_files(tmp_path) == 0


async def test_what_ran_between_its_number_and_its_sleep_is_seen(tmp_path: Path) -> None:
    program = Program(tmp_path, "one")
    program.run()
    program.sleeper.enter()
    await until(lambda: program.woken == 1)


async def test_whose_group_has_gone_is_woken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Program(tmp_path, "one")
    program.sleeper.enter()
    with monkeypatch.context() as gone:
        gone.setattr(os, "pread", lambda *_: (_ for _ in ()).throw(OSError("no such device")))
        await until(lambda: program.woken == 1)
    assert open_files(tmp_path) == 0


async def test_who_leaves_while_others_are_looked_at_is_not_woken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sleepers, "MOST_AT_ONCE", 1)
    first, second = Program(tmp_path, "first"), Program(tmp_path, "second")
    monkeypatch.setattr(first.sleeper, "_woke", second.sleeper.leave)
    for program in (first, second):
        program.sleeper.enter()
        program.run()
    await until(lambda: open_files(tmp_path) == 0)
    assert second.woken == 0


async def test_nobody_looks_while_nobody_sleeps(tmp_path: Path) -> None:
    round_ = sleepers._of_this_loop()
    program = Program(tmp_path, "one")
    program.sleeper.enter()
    await until(lambda: program.looks > 1)
    program.sleeper.leave()
    assert round_._timer is None
    again = Program(tmp_path, "again")
    again.sleeper.enter()
    await until(lambda: again.looks > 1)
    again.run()
    await until(lambda: again.woken == 1)
    assert round_._timer is None
