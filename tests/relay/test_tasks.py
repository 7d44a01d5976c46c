"""Tasks that have to end although a library of theirs takes a cancel for something else."""

from __future__ import annotations

import asyncio
import contextlib

from executor_app.relay.client import end_tasks


async def test_a_task_that_took_a_cancel_for_a_timeout_ends_all_the_same() -> None:
    begun = asyncio.Event()

    async def goes_on() -> None:
        begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        await asyncio.sleep(60)

    task = asyncio.create_task(goes_on())
    await begun.wait()
    async with asyncio.timeout(10):
        await end_tasks([task])
    assert task.cancelled()
