"""What owners have used, counted in a real Redis by several who count at once."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
import uuid

import pytest
from django.conf import settings

from executor_app.relay import keys, leases, queue, quotas
from executor_app.relay.client import client
from tests.stack import CHECKOUT

COUNTS = """
import asyncio, os, sys
import django
django.setup()
from executor_app.relay import quotas

async def main():
    answers = await asyncio.gather(*(quotas.count_submission(sys.argv[1], 30) for _ in range(40)))
    print(answers.count(0.0))

asyncio.run(main())
"""


async def gone(key: bytes) -> None:
    for _ in range(1000):
        if not await client().exists(key):
            return
        await asyncio.sleep(0.005)
    raise AssertionError(f"{key!r} is still there")


@pytest.fixture
def payer() -> str:
    return f"session:{uuid.uuid4().hex}"


async def test_as_many_are_counted_as_there_may_be_and_then_it_says_how_long_to_wait(
    payer: str,
) -> None:
    assert [await quotas.count_submission(payer, 3) for _ in range(3)] == [0, 0, 0]
    waits = [await quotas.count_submission(payer, 3) for _ in range(5)]
    assert all(58 < wait <= 60 for wait in waits), waits
    assert await quotas.count_submission("somebody else", 3) == 0


def test_it_is_exact_across_processes(payer: str) -> None:
    environment = {"DJANGO_SETTINGS_MODULE": "codr.settings", "REDIS_URL": settings.REDIS_URL}
    counting = [
        subprocess.Popen(
            [sys.executable, "-c", COUNTS, payer],
            env=environment,
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    assert sum(int(each.communicate()[0]) for each in counting) == 30


async def test_cpu_time_adds_up_for_each_who_pays(payer: str) -> None:
    assert (await quotas.cpu_use(payer)).used_s == 0
    await quotas.charge_cpu([payer, payer + "'s address"], 1.25)
    await quotas.charge_cpu([payer], 3600)
    use = await quotas.cpu_use(payer)
    assert use.used_s == 3601.25
    assert 3590 < use.next_hour_in_s <= 3600
    assert (await quotas.cpu_use(payer + "'s address")).used_s == 1.25


async def test_an_hour_ends(payer: str) -> None:
    await quotas.charge_cpu([payer], 100)
    [window] = await client().keys(f"{keys.WINDOWS_PREFIX}*{payer}*")
    await client().pexpire(window, 5)
    await gone(window)
    assert (await quotas.cpu_use(payer)).used_s == 0


async def test_only_so_many_jobs_are_admitted_at_once(payer: str) -> None:
    admitted = await asyncio.gather(*(quotas.admit(f"job {n}", payer, 3) for n in range(20)))
    assert sum(admitted) == 3
    await quotas.release(f"job {admitted.index(True)}", [payer])
    assert await quotas.admit("another", payer, 3)
    assert not await quotas.admit("one more", payer, 3)
    assert await quotas.admit("one more", "somebody else", 3)


async def test_the_same_job_counts_once(payer: str) -> None:
    assert await quotas.admit("job", payer, 2)
    assert await quotas.admit("job", payer, 2)
    assert await quotas.admit("other", payer, 2)


async def test_what_nobody_has_any_more_gives_its_place_away(
    payer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed executor tells no end."""
    for job in ("waits", "runs", "is lost"):
        assert await quotas.admit(job, payer, 3)
    await queue.put("waits", payer, "order")
    await leases.restore("runs", payer, "order", 1, "one")
    assert not await quotas.admit("new", payer, 3), "it may be on its way to the queue"
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 31)
    assert await quotas.admit("new", payer, 3)
    assert not await quotas.admit("newer", payer, 3)
    names = {name.decode() for name in await client().zrange(keys.active(payer), 0, -1)}
    assert names == {"waits", "runs", "new"}
    await queue.withdraw("waits")


async def test_everything_that_is_counted_is_forgotten_by_itself(payer: str) -> None:
    await quotas.count_submission(payer, 3)
    await quotas.charge_cpu([payer], 1)
    await quotas.admit("job", payer, 3)
    kept = await client().keys(f"*{payer}*")
    assert len(kept) == 3
    assert all([await client().ttl(key) > 0 for key in kept])
