"""A job that is lost too often is given up: what it kept of its owner's share is free at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from django.conf import settings
from django.test.utils import override_settings

from executor_app import dispatch, takeover
from executor_app.dispatch import Order
from executor_app.protocol import Complete, FinalStatus
from executor_app.relay import leases, queue, quotas
from executor_app.relay.client import client
from executor_app.relay.events import publish_end, read_end

ORDER = Order(
    job_id="job", owner="ada", payers=["ada", "her address"], language="python",
    files=[("main.py", b"")], args=[], stdin=None, tty=True, rows=24, cols=80, limits={}, seq=0,
)  # fmt: skip


@pytest.fixture(autouse=True)
async def empty(relay_settings: None) -> AsyncIterator[None]:
    with override_settings(CODR={**settings.CODR, "attempts": 1, "lease_s": 0.1}):
        yield
    await client().flushdb()


async def lose() -> None:
    """The owner's only job, whose executor is not heard of any more."""
    for payer in ORDER.payers:
        assert await quotas.admit(ORDER.job_id, payer, 1)
    await queue.put(ORDER.job_id, ORDER.owner, ORDER.as_text())
    await queue.take("one")
    async with asyncio.timeout(10):
        while ORDER.job_id not in await leases.expired():  # noqa: ASYNC110 - Redis tells nobody
            await asyncio.sleep(0.02)


async def test_who_hears_that_their_job_is_given_up_may_begin_the_next_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    may_begin: list[bool] = []
    told: list[tuple[str, str, Mapping[str, Any]]] = []

    async def say_the_end(job_id: str, complete: Complete) -> bool:
        """Whoever hears it is as fast as that."""
        may_begin.extend([await quotas.admit("next", payer, 1) for payer in ORDER.payers])
        return bool(await publish_end(job_id, complete))

    monkeypatch.setattr(takeover, "publish_end", say_the_end)
    monkeypatch.setattr(dispatch, "send_record", lambda *record: told.append(record))
    await lose()
    await takeover.take_up_lost()

    assert may_begin == [True, True]
    end = await read_end(ORDER.job_id)
    assert end is not None
    [(task, job_id, facts)] = told
    assert (task, job_id) == (dispatch.RECORD_RESULT, ORDER.job_id)
    assert facts["complete"]["status"] == FinalStatus.FAILED
    assert (facts["worker"], facts["attempt"]) == ("one", 1)
