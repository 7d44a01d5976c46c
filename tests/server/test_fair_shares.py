"""Nobody takes more than their share: turns between owners, and limits with a time to come back."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import AsyncExitStack
from urllib.request import urlopen

import pytest
from redis import Redis

from tests.server.client import Client, connect, run_job
from tests.stack import Stack

pytestmark = pytest.mark.slow

ASKS = "print('on', flush=True)\ninput()\n"
MANY = 500
LIMITS = {
    "CODR_RATE_LIMITS": "on",
    "CODR_SUBMISSIONS_PER_MINUTE": "5",
    "CODR_CONCURRENT_JOBS": "2",
    "CODR_CPU_SECONDS_PER_HOUR": "1",
    "CODR_SANDBOX": "bubblewrap",
}


@pytest.fixture(scope="module")
def one_slot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    environment = {"CODR_EXECUTOR_SLOTS": "1", "CODR_SANDBOX": "bubblewrap"}
    yield from running(Stack(tmp_path_factory.mktemp("one-slot"), environment))


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    yield from running(Stack(tmp_path_factory.mktemp("limited"), LIMITS))


@pytest.fixture
def few_at_one_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    environment = {**LIMITS, "CODR_OWNERS_PER_ADDRESS": "3"}
    yield from running(Stack(tmp_path_factory.mktemp("few"), environment))


def running(stack: Stack) -> Iterator[Stack]:
    stack.start()
    yield stack
    stack.stop()
    assert "Traceback" not in stack.log, stack.log


def new_browser(stack: Stack) -> str:
    with urlopen(stack.url + "/") as answer:
        cookie: str = answer.headers["Set-Cookie"].split(";")[0]
    return cookie


async def submit(sockets: AsyncExitStack, stack: Stack, cookie: str, code: str = ASKS) -> Client:
    client = await sockets.enter_async_context(connect(stack.socket_url, cookie=cookie))
    await client.execute("python", code)
    await client.until("status", status="queued")
    return client


@pytest.mark.timeout(300)
async def test_500_jobs_of_one_owner_delay_anothers_first_by_the_running_one(
    one_slot: Stack,
) -> None:
    greedy, modest = new_browser(one_slot), new_browser(one_slot)
    async with AsyncExitStack() as sockets:
        many = [await submit(sockets, one_slot, greedy) for _ in range(MANY)]
        assert many[-1].of("status")[0]["queue_position"] >= MANY - 2
        await many[0].until("input_request")
        one = await submit(sockets, one_slot, modest)
        assert one.of("status")[0]["queue_position"] == 0
        await many[0].answer("")
        await many[0].until("complete")
        await one.until("input_request")
        assert [client.statuses() for client in many[1:]] == [["queued"]] * (MANY - 1)
        await one.answer("")
        await one.until("complete")
        await many[1].until("input_request")
        # Those that wait are taken out of the queue, so that no slot is spent on them.
        await asyncio.gather(*(client.send({"type": "cancel"}) for client in many[2:]))
        for client in many[2:]:
            assert (await client.until("complete"))["status"] == "cancelled"
        assert all(client.statuses() == ["queued"] for client in many[2:])
        await many[1].answer("")
        await many[1].until("complete")


async def test_the_second_job_of_a_greedy_owner_waits_for_everybodys_first(
    one_slot: Stack,
) -> None:
    browsers = [new_browser(one_slot) for _ in range(3)]
    async with AsyncExitStack() as sockets:
        first = await submit(sockets, one_slot, browsers[0])
        await first.until("input_request")
        order = [await submit(sockets, one_slot, cookie) for cookie in (browsers[0], *browsers[1:])]
        expected = [first, order[1], order[2], order[0]]
        for before, client in itertools.pairwise(expected):
            await before.answer("")
            await before.until("complete")
            await client.until("input_request")
        await expected[-1].answer("")
        await expected[-1].until("complete")


async def refused(stack: Stack, cookie: str, code: str = "pass") -> tuple[str, str, float | None]:
    """The error's code, its words, and when to come back; the socket has closed with 4429."""
    async with connect(stack.socket_url, cookie=cookie) as client:
        await client.send({"type": "execute", "language": "python", "code": code})
        name, close_code = await client.refused()
        assert close_code == 4429
        [error] = client.of("error")
    return name, error["message"], error.get("retry_after")


async def test_too_many_submissions_are_refused_until_the_minute_is_over(limited: Stack) -> None:
    cookie = new_browser(limited)
    for _ in range(5):
        await run_job(limited.socket_url, "python", "pass", cookie=cookie)
    name, message, retry_after = await refused(limited, cookie)
    assert name == "too_many_submissions"
    assert message.startswith("You have sent 5 programs within a minute, which is the limit. Try")
    assert retry_after is not None
    assert 0 < retry_after <= 60
    assert "second" in message
    await run_job(limited.socket_url, "python", "pass", cookie=new_browser(limited))


async def test_new_sessions_do_not_help_who_comes_from_one_address(
    few_at_one_address: Stack,
) -> None:
    answers, stack = [], few_at_one_address
    for _ in range(16):
        async with connect(stack.socket_url, cookie=new_browser(stack)) as client:
            await client.send({"type": "execute", "language": "cobol", "code": ""})
            answers.append((await client.refused())[0])
    assert answers == ["unknown_language"] * 15 + ["too_many_submissions"]


async def test_only_so_many_jobs_wait_or_run_at_once(limited: Stack) -> None:
    cookie = new_browser(limited)
    async with AsyncExitStack() as sockets:
        jobs = [await submit(sockets, limited, cookie) for _ in range(2)]
        name, message, _ = await refused(limited, cookie)
        assert name == "too_many_jobs"
        assert message.startswith("You have 2 jobs that wait or run, which is the limit. Wait")
        await jobs[0].answer("")
        await jobs[0].until("complete")
        third = await submit(sockets, limited, cookie)
        for job in (jobs[1], third):
            await job.answer("")
            await job.until("complete")


def active_jobs(stack: Stack) -> set[bytes]:
    """The jobs that count as waiting or running, of everybody."""
    with Redis.from_url(stack.redis_url) as client:
        found = [client.zrange(key, 0, -1) for key in client.scan_iter("codr:active:*")]
    return {job for jobs in found for job in jobs}


def cpu_charges(stack: Stack) -> dict[bytes, object]:
    """What Redis counts of everybody's time, by its key."""
    with Redis.from_url(stack.redis_url) as client:
        return {key: client.get(key) for key in client.scan_iter("*/cpu/*")}


async def test_cpu_time_of_the_hour_runs_out(limited: Stack) -> None:
    cookie = new_browser(limited)
    spins = "import time\nwhile time.process_time() < 1.2: pass\n"
    charged = cpu_charges(limited)
    await run_job(limited.socket_url, "python", spins, cookie=cookie)
    async with asyncio.timeout(10):  # it is counted a moment after the end is told
        while cpu_charges(limited) == charged:  # noqa: ASYNC110 - Redis tells nobody
            await asyncio.sleep(0.05)
    name, message, retry_after = await refused(limited, cookie)
    assert name == "too_much_cpu_time"
    assert message.startswith("Your programs have used this hour's 1 seconds of CPU time. Try")
    assert "minutes" in message
    assert retry_after is not None
    assert 3000 < retry_after <= 3600


async def test_a_repeated_request_is_no_submission(limited: Stack) -> None:
    cookie = new_browser(limited)
    for _ in range(8):
        await run_job(limited.socket_url, "python", "pass", cookie=cookie, request_id="the same")
