"""A job and its ticket come into their queues together, and the ticket is as Celery makes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from codr.celery import app
from executor_app import dispatch
from executor_app.relay import queue
from executor_app.relay.client import client
from tests.relay.conftest import Server
from tests.relay.test_takeover import ORDER


@pytest.fixture
def channel(redis_server: Server) -> Iterator[Any]:
    with app.connection_for_read(redis_server.url) as connection:
        yield connection.default_channel


def waiting_tickets(channel: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while (message := channel.basic_get(dispatch.JOBS_QUEUE, no_ack=True)) is not None:
        found.append(message.serializable())
    return found


def without_numbers(ticket: dict[str, Any]) -> dict[str, Any]:
    numbers = {
        "headers": {"id": "", "root_id": ""},
        "properties": {"correlation_id": "", "delivery_tag": "", "reply_to": ""},
    }
    return ticket | {part: ticket[part] | none for part, none in numbers.items()}


async def test_an_order_comes_with_a_ticket_of_its_own(channel: Any) -> None:
    await client().flushdb()
    for n in range(3):
        await dispatch.enqueue(replace(ORDER, job_id=f"job {n}"))
    length = await queue.length()
    assert length.tickets == length.jobs == 3
    tickets = waiting_tickets(channel)
    assert len({each["headers"]["id"] for each in tickets}) == 3
    assert len({each["properties"]["delivery_tag"] for each in tickets}) == 3
    assert all(each["headers"]["root_id"] == each["headers"]["id"] for each in tickets)


async def test_it_is_the_ticket_that_celery_sends(channel: Any) -> None:
    await client().flushdb()
    await dispatch.enqueue(ORDER)
    app.send_task(dispatch.EXECUTE, queue=dispatch.JOBS_QUEUE, connection=channel.connection.client)
    made, sent = waiting_tickets(channel)
    assert without_numbers(made) == without_numbers(sent)
    assert sent["headers"]["task"] == dispatch.EXECUTE
