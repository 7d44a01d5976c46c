"""What `/readyz` says besides ok: of executors, the queue, and the tables of each database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test.utils import override_settings

from executor_app import readiness
from executor_app.answers import Checks, ExecutorsCount, QueueLength, Readiness
from executor_app.relay import client as relay_client
from executor_app.relay import presence, queue
from executor_app.relay.client import client, wait_for

pytestmark = pytest.mark.usefixtures("database", "redis", "nothing_in_redis")


@pytest.fixture(autouse=True)
def looks_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "QUEUE_FRESH_S", -1.0)


OFFERED = {"python": {"version": "3", "reason": ""}}
BROKEN = {"python": {"version": "", "reason": "not installed"}}


@pytest.fixture
def nothing_in_redis(redis: None) -> Iterator[None]:
    async def empty() -> None:
        await client().flushdb()

    wait_for(empty())
    yield
    wait_for(empty())


def announce(name: str, **facts: Any) -> None:
    usual = {"languages": OFFERED, "slots": 8, "running": 0, "stopping": False}
    wait_for(presence.announce_executor(name, usual | facts))


def look() -> Readiness:
    return wait_for(readiness.look())


def test_slots_are_counted_over_the_executors_that_take_jobs() -> None:
    announce("one", running=3)
    announce("two", slots=4, running=9, languages=BROKEN)
    announce("three", running=1, stopping=True)
    said = look()
    assert said.ready
    assert said.executors == ExecutorsCount(connected=3, draining=1, slots=12, slots_free=5)


def test_an_executor_of_another_version_may_say_less() -> None:
    wait_for(presence.announce_executor("old", {"languages": OFFERED}))
    said = look()
    assert said.ready
    assert said.executors == ExecutorsCount(connected=1, draining=0, slots=0, slots_free=0)


def test_who_offers_nothing_is_not_enough() -> None:
    announce("one", languages=BROKEN)
    said = look()
    assert not said.ready
    assert said.checks == Checks(
        redis="ok", database="ok", executors="no executor that offers a language is connected"
    )
    assert said.executors is not None
    assert said.executors.connected == 1


def test_the_queue_is_counted() -> None:
    assert look().queue == QueueLength(jobs=0, owners=0, oldest_wait=None)
    for owner, job in (("ada", "a1"), ("ada", "a2"), ("bob", "b1")):
        wait_for(queue.put(job, owner, "the order"))
    found = look().queue
    assert found is not None
    assert (found.jobs, found.owners) == (3, 2)
    assert found.oldest_wait is not None
    assert 0 <= found.oldest_wait < 60


def test_who_asks_often_does_not_keep_redis_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "QUEUE_FRESH_S", 600.0)
    monkeypatch.setattr(readiness, "_last_queue", (0.0, None))
    first = look().queue
    wait_for(queue.put("a1", "ada", "the order"))
    assert look().queue == first
    monkeypatch.setattr(readiness, "QUEUE_FRESH_S", -1.0)
    assert look().queue != first


def test_migrations_that_are_not_applied_are_counted_and_make_nobody_unready() -> None:
    announce("one")
    assert look().migrations_pending == 0
    rows = MigrationRecorder(connection).Migration.objects.filter(app="executor_app")
    last = rows.latest("id")
    rows.filter(pk=last.pk).delete()
    try:
        said = look()
    finally:
        last.save(force_insert=True)
    assert (said.ready, said.migrations_pending) == (True, 1)
    assert look().migrations_pending == 0


def test_without_redis_nothing_is_made_up() -> None:
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        relay_client._clients.clear()
        said = look()
    relay_client._clients.clear()
    assert not said.ready
    assert said.checks == Checks(
        redis="Redis does not answer: ConnectionError",
        database="ok",
        executors="unknown while Redis does not answer",
    )
    assert (said.executors, said.queue, said.migrations_pending) == (None, None, 0)


def test_without_the_table_the_database_is_named() -> None:
    announce("one")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE executor_app_job RENAME TO away")
    try:
        said = look()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO executor_app_job")
    assert said.checks.database.startswith("the database does not answer: ")
    assert "executor_app_job" not in said.model_dump_json(), "no details"
    assert (said.ready, said.migrations_pending) == (False, None)
    assert look().ready
