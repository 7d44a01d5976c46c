"""Parts of Codr that are missing, killed or come back: what people are told, and what remains."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.server.client import connect, says_hello
from tests.server.parts import PASSWORD, Parts, until
from tests.server.programs import ASKING, SLEEPS
from tests.stack import ended_row, free_port
from tests.waiting import waiting

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


async def test_a_job_of_a_killed_executor_starts_again_and_needs_no_answer_twice(
    whole: Parts,
) -> None:
    _start_another(whole, "another")
    async with connect(whole.url()) as client, connect(whole.url()) as viewer:
        job = await client.execute("python", "for n in range(3): print(n, input(f'{n}? '))")
        await client.until("input_request")
        await client.answer("a")
        await client.until("input_request")
        first = client.of("status")[-1]["attempt"]
        await viewer.send({"type": "attach", "job_id": job["job_id"]})
        await viewer.until("input_request")
        killed = whole.holder_of(job["job_id"])
        whole.stop(killed, signal.SIGKILL)
        for socket in (client, viewer):
            restarted = await socket.until("restarted", patience_s=10)
            assert (first, restarted["attempt"]) == (1, 2)
            assert "stopped answering" in restarted["reason"]
        assert (await client.until("input_request"))["prompt"] == "1? "
        for text in ("b", "c"):
            await client.answer(text)
        for socket in (client, viewer):
            assert (await socket.until("complete"))["status"] == "completed"
        again = client.frames[client.frames.index(client.of("restarted")[0]) :]
        said = "".join(f["data"] for f in again if f.get("stream") == "stdout" and "data" in f)
        assert said == "0 a\n1 b\n2 c\n"
    row = await ended_row(whole.state, job["job_id"])
    assert (row["status"], row["attempt"]) == ("completed", 2)
    assert row["worker"] == whole.name_of("another" if killed == "executor" else "executor")
    for name in {"another"} & whole.processes.keys():
        whole.stop(name)


async def test_a_job_that_takes_its_executors_with_it_is_not_tried_for_ever(whole: Parts) -> None:
    async with connect(whole.url()) as client:
        job = await client.execute("python", ASKING["python"])
        await client.until("input_request")
        for _ in range(2):
            whole.stop("executor", signal.SIGKILL)
            whole.start("executor")
            if not client.of("restarted"):
                await client.until("restarted")
                await client.until("input_request")
        complete = await client.until("complete")
        assert complete["status"] == "failed"
        assert "2 machines" in complete["message"]
    row = await ended_row(whole.state, job["job_id"])
    assert (row["status"], row["attempt"]) == ("failed", 2)
    whole.until_ready()


async def test_an_executor_that_was_cut_off_cannot_write_into_what_it_lost(whole: Parts) -> None:
    """Stopped and continued: to everybody else it is as if its network had been away."""
    _start_another(whole, "another")
    counts = (
        "import itertools, time\nfor n in itertools.count(): print(n, flush=True); time.sleep(.02)"
    )
    async with connect(whole.url()) as client:
        job = await client.execute("python", counts)
        await client.until_output("5\n")
        lost = whole.processes[whole.holder_of(job["job_id"])]
        lost.send_signal(signal.SIGSTOP)
        try:
            await client.until("restarted", patience_s=10)
            await client.until("output", patience_s=10)
        finally:
            lost.send_signal(signal.SIGCONT)
        count = len(client.text())
        async with asyncio.timeout(20):
            while len(client.text()) < count + 1000:
                await client.until("output")
        await client.send({"type": "cancel"})
        await client.until("complete")
        again = client.frames[client.frames.index(client.of("restarted")[0]) :]
        said = "".join(frame["data"] for frame in again if frame["type"] == "output")
        numbers = [int(line) for line in said.splitlines()]
        assert numbers == list(range(len(numbers)))
    whole.stop("another")
    whole.until_ready()


async def test_a_client_hears_the_end_although_redis_has_lost_everything(whole: Parts) -> None:
    async with connect(whole.url()) as client:
        await client.execute("python", ASKING["python"])
        await client.until("input_request")
        whole.stop("executor", signal.SIGKILL)
        with redis.Redis(port=whole.redis_port, password=PASSWORD) as server:
            server.flushall()
        assert (await client.until("complete"))["status"] == "failed"


async def test_an_executor_that_comes_back_clears_away_and_goes_on(whole: Parts) -> None:
    """It is alone: what it had before it was killed it takes up itself."""
    async with connect(whole.url()) as client:
        await client.execute("python", SLEEPS)
        await client.until_output("up")
        whole.stop("executor", signal.SIGKILL)
        whole.start("executor")
        whole.until_ready()
        await client.until("restarted")
        await client.until("output")
        await client.send({"type": "cancel"})
        assert (await client.until("complete"))["status"] == "cancelled"
    await says_hello(whole.url())

    def tidy() -> bool:
        """But for the executor that is there now, and the jails that wait for a job of it."""
        remains = whole.remains()
        programs = [each for each in remains["processes"] if "main.py" in each]
        folders = [Path(each) for each in remains["folders"]]
        return {each.name for each in folders} == waiting(folders) and len(programs) <= 1

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
        assert (await ended_row(whole.state, job["job_id"]))["status"] == "cancelled"
    finally:
        process.send_signal(signal.SIGCONT)
    whole.until_ready()
    await says_hello(whole.url())
    async with connect(whole.url()) as again:
        await again.send({"type": "attach", "job_id": job["job_id"]})
        await again.until("complete")
    assert again.of("output") == []
    assert [frame["type"] for frame in again.frames].count("complete") == 1
    assert (await ended_row(whole.state, job["job_id"]))["status"] == "cancelled"


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


async def test_an_executor_that_is_stopped_hands_its_jobs_over(whole: Parts) -> None:
    _start_another(whole, "another")
    async with connect(whole.url()) as client:
        job = await client.execute("python", "for n in range(2): print(n, input(f'{n}? '))")
        await client.until("input_request")
        await client.answer("a")
        await client.until("input_request")
        first = whole.holder_of(job["job_id"])
        whole.stop(first)
        restarted = await client.until("restarted", patience_s=5)
        assert "being stopped" in restarted["reason"]
        assert (await client.until("input_request"))["prompt"] == "1? "
        assert whole.holder_of(job["job_id"]) != first
        await client.answer("b")
        assert (await client.until("complete"))["status"] == "completed"
    for name in {"another"} & whole.processes.keys():
        whole.stop(name)


async def test_stopping_everything_leaves_nothing_on_the_host(whole: Parts) -> None:
    async with connect(whole.url()) as sleeper, connect(whole.url()) as asker:
        await sleeper.execute("python", SLEEPS)
        await asker.execute("c", ASKING["c"])
        await sleeper.until_output("up")
        await asker.until("input_request")
        whole.stop("executor")
        for client in (sleeper, asker):
            assert "being stopped" in (await client.until("restarted"))["reason"]
            await client.send({"type": "cancel"})
            assert (await client.until("complete"))["status"] == "cancelled"
    whole.stop("web")
    whole.stop("recorder")
    whole.stop("redis")
    until(lambda: whole.remains() == NOTHING, f"nothing remains: {whole.remains()}")


def test_a_killed_recorder_takes_its_clock_along(whole: Parts) -> None:
    def recorders() -> list[str]:
        return [each for each in whole.remains()["processes"] if "--queues records" in each]

    def chores() -> int:
        """How many messages were put into queues: nobody runs anything, so the clock's."""
        with redis.Redis(port=whole.redis_port, password=PASSWORD) as server:
            return int(server.info("commandstats").get("cmdstat_lpush", {"calls": 0})["calls"])

    before = chores()
    until(lambda: chores() > before, "the clock goes")
    assert len(recorders()) == 1, "it is in the recorder"
    whole.stop("recorder", signal.SIGKILL)
    until(lambda: not recorders(), "both are gone")
    whole.start("recorder")
    whole.until_ready()
    before = chores()
    until(lambda: chores() > before, "it goes again")


def _start_another(parts: Parts, called: str) -> None:
    before = _executors(parts)
    parts.start("executor", called, CODR_EXECUTOR_NAME=parts.name_of(called))
    until(lambda: _executors(parts) > before, f"{called} is there")


def _executors(parts: Parts) -> int:
    return int(json.loads(parts.ask("/api/languages")[1])["executors"])


def _start_with_one_slot(parts: Parts, called: str) -> None:
    name = f"{called}-{free_port()}"
    parts.start("executor", called, CODR_EXECUTOR_SLOTS="1", CODR_EXECUTOR_NAME=name)


async def test_who_follows_what_a_later_release_says_is_sent_to_another_process(
    whole: Parts,
) -> None:
    async with connect(whole.url()) as client:
        job = await client.execute("python", "input()")
        seq = (await client.until("input_request"))["seq"]
        with redis.Redis(port=whole.redis_port, password=PASSWORD) as server:
            fields = {"f": f'{{"seq":{seq + 1},"type":"unheard_of"}}', "t": 0, "v": 99}
            server.xadd(f"codr:job:{job['job_id']}:output", fields, id=f"1-{seq + 1}")
        assert await client.refused() == ("unavailable", 4503)
    assert "an event of version 99; this process reads up to" in whole.log("web")
