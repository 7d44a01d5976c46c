"""Who listens to the channel layer sleeps until there is a message."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio.client import PubSub

from executor_app.relay.client import client, end_tasks, keep_listening, layer
from tests.relay.conftest import Server


@pytest.fixture(autouse=True)
async def empty(relay_settings: None) -> AsyncIterator[None]:
    yield
    await client().flushdb()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One for each time that the library was asked for the next message."""
    times: list[None] = []
    get_message = PubSub.get_message

    async def counted(*arguments: Any, **options: Any) -> Any:
        times.append(None)
        return await get_message(*arguments, **options)

    monkeypatch.setattr(PubSub, "get_message", counted)
    return times


async def test_while_nothing_is_said_nobody_asks(asked: list[None]) -> None:
    channel = await layer().new_channel()
    await layer().group_add("group", channel)
    # Of the channels that it was subscribed to it is told first.
    for number in range(3):
        await layer().group_send("group", {"type": "said", "number": number})
        assert (await layer().receive(channel))["number"] == number
    heard = len(asked)
    await asyncio.sleep(1)  # the library's own would have asked ten times
    assert len(asked) <= heard + 1


async def test_who_joins_while_it_sleeps_hears_the_next_message(asked: list[None]) -> None:
    await keep_listening()
    for number in range(3):
        channel = await layer().new_channel()
        await layer().group_add(f"group-{number}", channel)
        await layer().group_send(f"group-{number}", {"type": "said"})
        assert await asyncio.wait_for(layer().receive(channel), 20) == {"type": "said"}
        await layer().group_discard(f"group-{number}", channel)


async def test_a_restart_of_redis_wakes_it(redis_server: Server) -> None:
    channel = await layer().new_channel()
    await layer().group_add("group", channel)
    heard = asyncio.create_task(layer().receive(channel))
    await asyncio.to_thread(redis_server.stop)
    await asyncio.to_thread(redis_server.start)
    try:
        async with asyncio.timeout(20):
            while not heard.done():  # until it has subscribed again
                await layer().group_send("group", {"type": "said"})
                await asyncio.sleep(0.05)
        assert heard.result() == {"type": "said"}
    finally:
        await end_tasks([heard])
