"""Parts of Codr that are missing, killed or come back: what people are told, and what remains."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
from collections.abc import Iterator

import pytest
import redis

from tests.server.client import connect, says_hello
from tests.server.parts import PASSWORD, Parts, until
from tests.server.programs import ASKING, SLEEPS
from tests.stack import free_port

pytestmark = pytest.mark.slow
LEASE_S = 2.0
NOTHING: dict[str, list[str]] = {"processes": [], "mounts": [], "folders": [], "cgroups": []}


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """Redis, a prepared database and a web process; no executor yet."""
    parts = Parts(
        tmp_path_factory.mktemp("codr-parts"),
        {
            "CODR_LEASE_S": str(LEASE_S),
            "CODR_STOP_GRACE_S": "1",
            "CODR_EXECUTOR_NAME": f"parts-{free_port()}",
        },
    )
    try:
        parts.start("redis")
        parts.prepare()
        parts.start("web")
        yield parts
    finally:
        parts.stop_all()


@pytest.fixture
def whole(parts: Parts) -> Parts:
    """All of them, whatever an earlier test took away."""
    for name in ("redis", "web", "executor", "recorder"):
        if name not in parts.processes:
            parts.start(name)
    parts.until_ready()
    return parts


async def test_where_no_executor_is_connected_nobody_is_kept_waiting(parts: Parts) -> None:
    assert parts.unready().keys() == {"executors"}
    async with connect(parts.url()) as client:
        await client.send({"type": "execute", "language": "python", "code": "print(1)"})
        assert await client.refused() == ("no_worker", 4503)
    offered = json.loads(parts.ask("/api/languages")[1])
    assert offered["executors"] == 0
    assert [each["available"] for each in offered["languages"]] == [False] * 5
    assert all(each["reason"] for each in offered["languages"])


async def test_who_has_to_sign_in_is_told_so(parts: Parts) -> None:
    parts.start("web", "members", CODR_ALLOW_ANONYMOUS="off")
    async with connect(parts.url("members")) as client:
        assert await client.refused() == ("not_signed_in", 4401)
    parts.stop("members")


async def test_a_database_that_is_gone_is_named_and_its_return_is_seen(whole: Parts) -> None:
    with sqlite3.connect(whole.state / "codr.sqlite3") as database:
        database.execute("ALTER TABLE executor_app_job RENAME TO away")
    try:
        assert whole.unready().keys() == {"database"}
        async with connect(whole.url()) as client:
            await client.send({"type": "execute", "language": "python", "code": "print(1)"})
            assert await client.refused() == ("unavailable", 4503)
    finally:
        with sqlite3.connect(whole.state / "codr.sqlite3") as database:
            database.execute("ALTER TABLE away RENAME TO executor_app_job")
    whole.until_ready()
    await says_hello(whole.url())


async def test_a_job_lives_through_a_restart_of_redis(whole: Parts) -> None:
    """For longer than its lease: neither is the job lost, nor anything that is said or typed."""
    async with connect(whole.url()) as client:
        await client.execute("python", "print(input('first? '))\nprint(input('second? '))")
        await client.until("input_request")
        whole.stop("redis")
        await asyncio.sleep(LEASE_S + 1)
        assert "redis" in whole.unready()
        whole.start("redis")
        whole.until_ready()
        await client.answer("one")
        assert (await client.until("input_request"))["prompt"] == "second? "
        await asyncio.sleep(6)  # two looks of the recorder
        await client.answer("two")
        assert (await client.until("complete"))["status"] == "completed"
    assert client.text() == "one\ntwo\n"
    await says_hello(whole.url())


async def test_input_sent_while_redis_is_away_is_refused_in_words(whole: Parts) -> None:
    async with connect(whole.url()) as client:
        await client.execute("python", "print(input('? '))")
        await client.until("input_request")
        whole.stop("redis")
        try:
            await client.answer("lost")
            assert await client.refused() == ("unavailable", 4503)
        finally:
            whole.start("redis")
    whole.until_ready()


async def test_the_jobs_of_a_killed_executor_fail_with_the_reason(whole: Parts) -> None:
    async with connect(whole.url()) as client, connect(whole.url()) as viewer:
        job = await client.execute("python", ASKING["python"])
        await client.until("input_request")
        await viewer.send({"type": "attach", "job_id": job["job_id"]})
        await viewer.until("input_request")
        whole.stop("executor", signal.SIGKILL)
        for socket in (client, viewer):
            complete = await socket.until("complete")
            assert complete["status"] == "failed"
            assert "stopped answering" in complete["message"]
    row = await whole.row_of(job["job_id"])
    assert row["status"] == "failed"
    assert "stopped answering" in row["message"]
    assert row["worker"] == whole.environment["CODR_EXECUTOR_NAME"]


async def test_a_client_hears_the_end_although_redis_has_lost_everything(whole: Parts) -> None:
    async with connect(whole.url()) as client:
        await client.execute("python", ASKING["python"])
        await client.until("input_request")
        whole.stop("executor", signal.SIGKILL)
        with redis.Redis(port=whole.redis_port, password=PASSWORD) as server:
            server.flushall()
        assert (await client.until("complete"))["status"] == "failed"


async def test_an_executor_that_comes_back_clears_away_and_goes_on(whole: Parts) -> None:
    async with connect(whole.url()) as client:
        await client.execute("python", SLEEPS)
        await client.until_output("up")
        whole.stop("executor", signal.SIGKILL)
        whole.start("executor")
        whole.until_ready()
        assert (await client.until("complete"))["status"] == "failed"
    await says_hello(whole.url())

    def tidy() -> bool:
        """But for the executor that is there now."""
        remains = whole.remains()
        programs = [each for each in remains["processes"] if "main.py" in each]
        return not (remains["folders"] or programs)

    # A job's end is said before its folder is removed, so what is left may be the hello's.
    until(tidy, "nothing of the killed executor's job remains")


async def test_a_job_cancelled_in_the_queue_never_runs(whole: Parts) -> None:
    process = whole.processes["executor"]
    process.send_signal(signal.SIGSTOP)  # it is there, and takes nothing
    try:
        async with connect(whole.url()) as client:
            job = await client.execute("python", "print('ran')")
            await client.until("status", status="queued")
            await client.send({"type": "cancel", "reason": "never mind"})
            complete = await client.until("complete")
        assert (complete["status"], complete["message"]) == ("cancelled", "never mind")
        assert (await whole.row_of(job["job_id"]))["status"] == "cancelled"
    finally:
        process.send_signal(signal.SIGCONT)
    whole.until_ready()
    await says_hello(whole.url())
    async with connect(whole.url()) as again:
        await again.send({"type": "attach", "job_id": job["job_id"]})
        await again.until("complete")
    assert again.of("output") == []
    assert [frame["type"] for frame in again.frames].count("complete") == 1
    assert (await whole.row_of(job["job_id"]))["status"] == "cancelled"


async def test_an_idle_executor_takes_what_a_busy_one_cannot(whole: Parts) -> None:
    whole.stop("executor")
    _start_with_one_slot(whole, "busy")
    whole.until_ready()
    offered = json.loads(whole.ask("/api/languages")[1])["languages"]
    assert all(each["available"] for each in offered), offered
    async with connect(whole.url()) as held, connect(whole.url()) as queued:
        await held.execute("python", ASKING["python"])
        await held.until("input_request")
        await queued.execute("python", "print('at last')")
        await queued.until("status", status="queued")
        _start_with_one_slot(whole, "idle")
        assert (await queued.until("complete"))["status"] == "completed"
        assert queued.text() == "at last\n"
        assert not held.of("complete")
        await held.send({"type": "cancel"})
        await held.until("complete")
    for name in ("busy", "idle"):
        whole.stop(name)
    whole.start("executor")
    whole.until_ready()


async def test_stopping_an_executor_ends_its_jobs_and_leaves_nothing(whole: Parts) -> None:
    async with connect(whole.url()) as sleeper, connect(whole.url()) as asker:
        jobs = [await sleeper.execute("python", SLEEPS), await asker.execute("c", ASKING["c"])]
        await sleeper.until_output("up")
        await asker.until("input_request")
        whole.stop("executor")
        for client in (sleeper, asker):
            complete = await client.until("complete")
            assert complete["status"] == "cancelled"
            assert "server was stopped" in complete["message"]
        for job in jobs:
            assert (await whole.row_of(job["job_id"]))["status"] == "cancelled"
    whole.stop("web")
    whole.stop("recorder")
    whole.stop("redis")
    until(lambda: whole.remains() == NOTHING, f"nothing remains: {whole.remains()}")


def _start_with_one_slot(parts: Parts, called: str) -> None:
    name = f"{called}-{free_port()}"
    parts.start("executor", called, CODR_EXECUTOR_SLOTS="1", CODR_EXECUTOR_NAME=name)
