"""How much Celery carries for a job."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import redis.asyncio

from executor_app.dispatch import EXECUTE, RECORD_RESULT, RECORD_START
from executor_app.runner import procfs
from tests.server.client import connect, run_job
from tests.stack import Stack, ended_row, running_row

PATIENCE_S = 30.0
MANY = 20
SAID_TWICE = ("worker", "attempt")
Seen = Callable[[Callable[[list[str]], object]], Awaitable[list[str]]]


@asynccontextmanager
async def watched(codr: Stack) -> AsyncIterator[Seen]:
    """What Redis is asked meanwhile: `seen` waits until enough of it has come, and returns it."""
    commands: list[str] = []
    async with redis.asyncio.Redis.from_url(codr.redis_url) as client, client.monitor() as monitor:

        async def seen(enough: Callable[[list[str]], object]) -> list[str]:
            async with asyncio.timeout(PATIENCE_S):
                while not enough(commands):
                    commands.append((await monitor.next_command())["command"])
            return commands

        yield seen


def sent(commands: list[str], task: str, about: str = "") -> list[str]:
    return [
        each for each in commands if each.startswith("LPUSH") and task in each and about in each
    ]


async def test_a_short_job_is_told_to_the_recorder_once(codr: Stack) -> None:
    async with watched(codr) as seen:
        for _ in range(MANY):  # on a busy machine not each is short
            job_id = await hello(codr)
            commands = await seen(partial(sent, task=RECORD_RESULT, about=job_id))
            if not sent(commands, RECORD_START, job_id):
                break
        else:
            raise AssertionError("none of them")
    assert len(sent(commands, RECORD_RESULT, job_id)) == 1
    row = await ended_row(codr.state, job_id)
    assert (row["status"], row["attempt"]) == ("completed", 1)
    assert row["worker"]
    assert row["created_at"] <= row["started_at"] <= row["finished_at"]


async def test_a_job_that_goes_on_is_seen_to_run(codr: Stack) -> None:
    async with connect(codr.socket_url) as client:
        job_id = (await client.execute("python", "input()"))["job_id"]
        row = await running_row(codr.state, job_id)
        assert row["worker"]
        assert row["attempt"] == 1
        await client.answer("")
        await client.until("complete")
    over = await ended_row(codr.state, job_id)
    assert [over[name] for name in SAID_TWICE] == [row[name] for name in SAID_TWICE]


async def test_a_ticket_is_not_noted_once_more_when_it_comes(codr: Stack) -> None:
    async with watched(codr) as seen:
        job_id = await hello(codr)
        commands = await seen(
            lambda all_: any("unacked" in each and job_id in each for each in all_)
        )
    assert sent(commands, EXECUTE)
    assert [each for each in commands if "unacked" in each and EXECUTE in each] == []


async def test_the_recorder_keeps_the_database_open(codr: Stack) -> None:
    recorder = recorder_of(codr)
    for _ in range(3):
        await ended_row(codr.state, await hello(codr))
        for _ in range(50):
            assert codr.state / "codr.sqlite3" in files_of(recorder)


def recorder_of(codr: Stack) -> int:
    assert codr.process is not None
    pids = sorted(procfs.descendants(codr.process.pid))
    lines = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids}
    return next(pid for pid in pids if b"records,chores" in lines[pid])  # its clock comes later


def files_of(pid: int) -> set[Path]:
    return {path.resolve() for path in Path(f"/proc/{pid}/fd").iterdir()}


async def hello(codr: Stack) -> str:
    client = await run_job(codr.socket_url, "python", "print('hello')")
    return str(client.of("accepted")[0]["job_id"])
