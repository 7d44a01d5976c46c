"""Codr on many hosts, some of them cut off, slowed down or lost: nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from tests.hosts.site import Site
from tests.server.client import Client, Frame
from tests.server.parts import until

pytestmark = pytest.mark.slow

# The bound that people are promised, and the lease that has to keep it.
NOTICED_S: Final = 10.0
LEASE_S: Final = 6.0
ECHOES: Final = """
while (line := input("> ")) != "end":
    print(line)
"""
CONNECTS: Final = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], 5432), timeout=2).close()
    print("connected")
except OSError as error:
    print(error.strerror)
"""


def numbered(lines: int, pause_s: float = 0.0) -> str:
    return f"""
import time, zlib
for n in range({lines}):
    print(n, zlib.crc32(b"%d" % n), flush={pause_s > 0})
    time.sleep({pause_s})
"""


def numbered_text(lines: int) -> str:
    return "".join(f"{n} {zlib.crc32(b'%d' % n)}\n" for n in range(lines))


async def test_executors_have_no_way_to_the_database_and_no_secret(site: Site) -> None:
    assert _tries_the_database(site, "recorder") == "connected"
    for name in site.executors:
        assert _tries_the_database(site, name) == "Network is unreachable"
        process = Path("/proc") / str(site.processes[name].pid)
        environment = (process / "environ").read_bytes()
        assert b"CODR_ROLE=executor\0" in environment
        assert b"DATABASE_URL" not in environment
        assert b"CODR_SECRET_KEY" not in environment


async def test_a_job_runs_elsewhere_and_is_followed_through_another_web_process(site: Site) -> None:
    workers = set()
    for _ in range(20):
        async with site.client("web1") as client:
            job = await client.execute("python", "print(input('name? '))")
            await client.until("input_request")
            async with site.client("web2") as other:
                await other.send({"type": "attach", "job_id": job["job_id"]})
                await other.until("input_request")
                await other.answer("Ada")
                await other.until("complete")
            await client.until("complete")
        assert _events(client) == _events(other)
        assert client.text() == "Ada\n"
        workers.add(site.host_of(client.of("status")[1]["worker"]))
        if len(workers) > 1:
            break
    assert len(workers) > 1
    await _ended_once(site, job["job_id"], "completed")


async def test_a_job_of_an_executor_that_is_cut_off_goes_on_elsewhere(site: Site) -> None:
    lines = 250
    async with site.client("web1") as client:
        job = await client.execute("python", numbered(lines, 0.02))
        await client.until_output("9 ")
        lost = site.holder_of(job["job_id"])
        site.host(lost).cut()
        cut_at = time.monotonic()
        restarted = await client.until("restarted", patience_s=NOTICED_S)
        assert time.monotonic() - cut_at < NOTICED_S
        assert restarted["attempt"] == 2
        await client.until("output")  # it is on its way again while the first one comes back
        site.host(lost).restore()
        await client.until("complete")
        assert _text_of_last_attempt(client) == numbered_text(lines)
    until(lambda: "ended unheard" in site.host(lost).log(lost), "the old attempt has given up")
    row = await _ended_once(site, job["job_id"], "completed")
    assert (row["attempt"], site.host_of(row["worker"]) != lost) == (2, True)
    await _is_of_use_again(site, lost)


async def test_an_executor_away_for_less_than_its_lease_keeps_its_job(site: Site) -> None:
    lines = 300
    async with site.client("web1") as client:
        job = await client.execute("python", numbered(lines, 0.02) + ECHOES)
        await client.until_output("9 ")
        away = site.host(site.holder_of(job["job_id"]))
        away.cut()
        await asyncio.sleep(LEASE_S / 2)
        away.restore()
        await client.answer("still there")
        await client.answer("end")
        await client.until("complete")
        assert client.of("restarted") == []
        assert client.text() == numbered_text(lines) + "still there\n"
    row = await _ended_once(site, job["job_id"], "completed")
    assert row["attempt"] == 1


async def test_over_slow_and_lossy_links_everything_arrives_exactly(site: Site) -> None:
    for name in ("web1", *site.executors):
        site.host(name).slow(delay_s=0.03, loss=0.02)
    site.host("clients").slow(delay_s=0.03, loss=0.02)
    lines = 5_000
    async with site.client("web1") as printing, site.client("web1") as asking:
        await asking.execute("python", ECHOES)
        printed = await printing.execute("python", numbered(lines))
        for n in range(5):
            await asking.until("input_request")
            await asking.answer(f"line {n}")
        await asking.answer("end")
        await asking.until("complete")
        await printing.until("complete")
        # On a busy machine such a link may cost an executor its lease, and nobody a line.
        assert _text_of_last_attempt(asking) == "".join(f"line {n}\n" for n in range(5))
        assert _text_of_last_attempt(printing) == numbered_text(lines)
    await _ended_once(site, printed["job_id"], "completed")


async def test_a_redis_host_that_loses_its_power_and_comes_back_is_used_again(site: Site) -> None:
    """Unlike a process that ends, it says goodbye to nobody: connections to it look well."""
    async with site.client("web1") as client:
        job = await client.execute("python", ECHOES)
        await client.until("input_request")
        site.kill("redis")
        await asyncio.sleep(1)
        site.start_host("redis")
        until(lambda: not site.unready("web1"), "web1 reaches it again")
        async with asyncio.timeout(30):
            while await _echo_s(client) > 0.5:
                continue  # each answer is found by looking again, as long as nobody is told of it
        await client.answer("end")
        await client.until("complete")
    await _ended_once(site, job["job_id"], "completed")
    for name in site.executors:
        await _is_of_use_again(site, name)


async def test_a_client_of_a_lost_web_host_goes_on_at_the_other(site: Site) -> None:
    lines = 300
    async with site.client("web1") as first:
        job_id = (await first.execute("python", numbered(lines, 0.01) + ECHOES))["job_id"]
        await first.until_output("9 ")
        site.kill("web1")
        first.socket.transport.abort()  # there is nobody to say goodbye to
    last = _events(first)[-1]["seq"]
    async with site.client("web2", after=last) as second:
        await second.send({"type": "attach", "job_id": job_id, "after": last})
        await second.until("input_request")
        await second.answer("here again")
        await second.answer("end")
        await second.until("complete")
    assert first.text() + second.text() == numbered_text(lines) + "here again\n"
    assert second.of("restarted") == []
    await _ended_once(site, job_id, "completed")


async def test_a_job_of_a_lost_host_starts_again_with_the_answers_it_had(site: Site) -> None:
    async with site.client("web1") as client:
        job = await client.execute("python", "for n in range(3): print(n, input(f'{n}? '))")
        await client.until("input_request")
        await client.answer("a")
        await client.until("input_request")
        lost = site.holder_of(job["job_id"])
        site.kill(lost)
        killed_at = time.monotonic()
        await client.until("restarted", patience_s=NOTICED_S)
        assert time.monotonic() - killed_at < NOTICED_S
        assert (await client.until("input_request"))["prompt"] == "1? "
        await client.answer("b")
        await client.answer("c")
        await client.until("complete")
        assert _text_of_last_attempt(client) == "0 a\n1 b\n2 c\n"
    row = await _ended_once(site, job["job_id"], "completed")
    assert site.host_of(row["worker"]) != lost


# --- what is asserted of every job ---------------------------------------------------------------


async def _ended_once(site: Site, job_id: str, status: str) -> Mapping[str, Any]:
    """Its journal has every number once, no attempt after a later one and one end; its row says
    the same."""
    row = await site.final_row(job_id)
    journal = site.journal(job_id)
    assert [frame["seq"] for _, frame in journal] == list(range(1, len(journal) + 1))
    attempts = [int(entry.partition("-")[0]) for entry, _ in journal]
    assert attempts == sorted(attempts)
    ends = [frame for _, frame in journal if frame["type"] == "complete"]
    assert [end["status"] for end in ends] == [status] == [row["status"]]
    assert journal[-1][1]["type"] == "complete"
    return row


def _events(client: Client) -> list[Frame]:
    return [frame for frame in client.frames if "seq" in frame]


def _text_of_last_attempt(client: Client) -> str:
    restarts = client.of("restarted")
    last = client.frames[client.frames.index(restarts[-1]) :] if restarts else client.frames
    return "".join(f["data"] for f in last if f["type"] == "output" and f["stream"] == "stdout")


async def _echo_s(client: Client) -> float:
    said_at = time.monotonic()
    await client.answer("echo")
    await client.until("input_request")
    return time.monotonic() - said_at


async def _is_of_use_again(site: Site, name: str) -> None:
    """It takes jobs."""
    async with asyncio.timeout(40):
        while True:
            async with site.client("web2") as client:
                await client.execute("python", "print('hello')")
                await client.until("complete")
            assert client.text() == "hello\n"
            if site.host_of(client.of("status")[1]["worker"]) == name:
                return


def _tries_the_database(site: Site, name: str) -> str:
    host = site.host(name)
    asked = host.run(["python3", "-c", CONNECTS, site.host("postgres").address("data")], log="try")
    asked.entrance.wait(20)
    return host.log("try").strip()
