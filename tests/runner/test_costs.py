"""What a job costs its executor, as counts: times tell nothing where others use the machine."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from executor_app.languages import find
from executor_app.runner import inputwatch, warm, workspace
from executor_app.runner.host import Host
from tests.runner.driver import Talk, spec

HELLO = "print('hello')"


def counted(monkeypatch: pytest.MonkeyPatch, of: Any, name: str) -> list[object]:
    """One for each call from here on."""
    calls: list[object] = []
    real: Callable[..., Any] = getattr(of, name)

    def counting(*args: Any, **fields: Any) -> Any:
        calls.append(args)
        return real(*args, **fields)

    monkeypatch.setattr(of, name, counting)
    return calls


async def test_a_job_goes_into_a_thread_to_make_its_jail_to_start_it_and_to_clear_up(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = counted(monkeypatch, asyncio.get_running_loop(), "run_in_executor")
    async with Talk(host, spec("python", HELLO)) as talk:
        await talk.printed("hello")
    assert len(threads) == 3


async def test_no_file_of_a_job_is_looked_at_while_all_together_are_smaller_than_one_may_be(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = counted(monkeypatch, workspace, "_entries")
    async with Talk(host, spec("python", HELLO)) as talk:
        await talk.printed("hello")
    assert looks == []


async def test_a_look_that_meets_a_running_program_asks_no_group(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    snapshot = inputwatch.InputWatch._snapshot
    looks: list[bool] = []

    def looking(watch: inputwatch.InputWatch) -> Any:
        looks.append(True)
        monkeypatch.setattr(watch, "_cpu_used_s", lambda: asked.append(len(looks)))
        return snapshot(watch)

    monkeypatch.setattr(inputwatch.InputWatch, "_snapshot", looking)
    async with Talk(host, spec("python", "while True: pass", limits={"cpu_time_s": 0.3})) as talk:
        await talk.end()
    assert talk.complete.status == "time_limit"
    assert len(looks) > 2
    assert asked == []


async def test_jobs_do_not_have_their_interpreters_looked_for(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warm, "ROUND_S", 1e6)
    pool = warm.Pool(host, [find("python")])
    looks = counted(monkeypatch, shutil, "which")
    pool.start()
    host.pool = pool
    try:
        for _ in range(3):
            async with Talk(host, spec("python", HELLO)) as talk:
                await talk.printed("hello")
    finally:
        host.pool = None
        await pool.stop()
    assert looks == []
