"""The audit trail: a line and a row for everything, whoever floods it and whatever is broken."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from executor_app import audit
from executor_app.audit import Kind
from executor_app.conf import conf
from executor_app.models import AuditEvent
from executor_app.records import expire_audit_events
from executor_app.relay.client import wait_for
from tests.records.cast import Clock, at_once, new_job

pytestmark = pytest.mark.usefixtures("database", "empty_trail")

ADDRESS = "127.0.0.1"
# What ends a line, colours a terminal, turns text round or cannot be stored.
NASTY = 'a\nb\r\nc\x1b[2J\x7f\x85\u2028\u202e"\\\0\ud800<script>'


@pytest.fixture
def empty_trail(database: str) -> Iterator[None]:
    AuditEvent.objects.all().delete()
    yield
    audit._counter.forget()
    AuditEvent.objects.all().delete()


@pytest.fixture
def minutes(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(audit, "time", clock)
    return clock


def told(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [json.loads(each.getMessage()) for each in caplog.records if each.name == "codr.audit"]


def rows() -> list[dict[str, Any]]:
    return [dict(row) for row in AuditEvent.objects.order_by("pk").values()]


def test_an_event_is_a_line_and_a_row(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="codr.audit")
    job_id = new_job()
    facts: dict[str, Any] = {
        "owner_key": "session:ada",
        "address": ADDRESS,
        "job_id": job_id,
        "detail": "a word",
    }
    audit.record(Kind.NO_SUCH_JOB, **facts)
    assert told(caplog) == [
        {
            "kind": "no_such_job",
            "owner": "session:ada",
            "address": ADDRESS,
            "job": job_id,
            "detail": "a word",
            "times": 1,
        }
    ]
    (row,) = rows()
    assert row.items() >= {"kind": "no_such_job", "times": 1, **facts}.items()


def test_coroutines_can_tell_too() -> None:
    wait_for(audit.record_async(Kind.LIMIT_HIT, address=ADDRESS))
    assert [row["kind"] for row in rows()] == ["limit_hit"]


def test_nothing_that_somebody_sent_ends_a_line_or_gets_at_the_terminal(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="codr.audit")
    audit.record(
        Kind.SIGN_IN_FAILED, owner_key=NASTY, address=NASTY, job_id=NASTY, detail=NASTY * 100
    )
    (line,) = [each.getMessage() for each in caplog.records if each.name == "codr.audit"]
    assert all(" " <= character <= "~" for character in line)
    said = json.loads(line)
    assert said["detail"].startswith("a\nb\r\nc\x1b[2J\x7f\x85")
    (row,) = rows()
    assert row["detail"] == said["detail"]
    assert len(row["detail"]) == 500
    assert len(row["job_id"]) <= 36


def test_the_same_within_a_minute_is_counted(
    caplog: pytest.LogCaptureFixture, minutes: Clock
) -> None:
    caplog.set_level(logging.INFO, logger="codr.audit")
    for _ in range(1000):
        audit.record(Kind.KEY_REFUSED, address=ADDRESS)
    assert [(row["address"], row["times"]) for row in rows()] == [(ADDRESS, 1)]
    audit.record(Kind.KEY_REFUSED, address="127.0.0.2")
    minutes.gone_s += audit.WINDOW_S
    audit.record(Kind.KEY_REFUSED, address=ADDRESS)
    assert [(row["address"], row["times"]) for row in rows()] == [
        (ADDRESS, 1000),
        ("127.0.0.2", 1),
        (ADDRESS, 1),
    ]
    assert [each["times"] for each in told(caplog)] == [1, 1, 1000, 1]


def test_one_customers_addresses_of_ipv6_are_counted_together() -> None:
    for address in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"):
        audit.record(Kind.KEY_REFUSED, address=address)
    audit.flush()
    assert [(row["address"], row["times"]) for row in rows()] == [
        ("2001:db8::1", 2),
        ("2001:db8:0:1::1", 1),
    ]


def test_what_many_threads_tell_at_once_is_counted_right() -> None:
    def tell(n: int) -> None:
        for _ in range(50):
            audit.record(Kind.KEY_REFUSED, address=ADDRESS)

    at_once(tell, 8)
    audit.flush()
    assert [row["times"] for row in rows()] == [400]


def test_a_flood_that_stops_is_written_down_though_nobody_comes_after(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="codr.audit")
    monkeypatch.setattr(audit, "WINDOW_S", 1.0)
    counted = threading.Event()
    real = audit._count

    def count(what: Any) -> None:
        real(what)
        counted.set()

    monkeypatch.setattr(audit, "_count", count)
    for _ in range(3):
        audit.record(Kind.NOT_SIGNED_IN, address=ADDRESS)
    assert counted.wait(30)
    assert sum(row["times"] for row in rows()) == 3


def test_many_addresses_fill_neither_memory_nor_table(minutes: Clock) -> None:
    for n in range(audit.MOST_ROWS + 500):
        audit.record(Kind.KEY_REFUSED, address=f"fd00:0:0:{n:x}::1", detail="a key")
    audit.record(Kind.NOT_SIGNED_IN, address="fd01::1")
    assert len(rows()) == audit.MOST_ROWS + 2
    assert len(audit._counter._windows) == audit.MOST_ROWS + 2
    audit.flush()
    assert audit._counter._windows == {}
    assert sum(row["times"] for row in rows()) == audit.MOST_ROWS + 501
    others = [row for row in rows() if row["detail"] == audit.OTHERS]
    assert [(row["kind"], row["address"], row["times"]) for row in others] == [
        ("key_refused", "", 500)
    ]
    assert rows()[-1]["address"] == "fd01::1", "another kind has a budget of its own"


def test_one_address_spends_its_own_budget_and_nobody_elses(minutes: Clock) -> None:
    for n in range(audit.MOST_ROWS + 500):
        audit.record(Kind.SIGN_IN_FAILED, user_id=n, address=ADDRESS)
    audit.record(Kind.SIGN_IN_FAILED, user_id=7, address="127.0.0.2")
    audit.flush()
    assert len(rows()) == audit.MOST_ROWS_OF_ADDRESS + 2
    *_, rest, other = rows()
    assert (rest["address"], rest["detail"]) == (ADDRESS, audit.OTHERS)
    assert rest["times"] == audit.MOST_ROWS + 500 - audit.MOST_ROWS_OF_ADDRESS
    assert (other["address"], other["user_id"]) == ("127.0.0.2", 7)
    # The next minute is a new one, for the address too.
    audit.record(Kind.SIGN_IN_FAILED, user_id=8, address=ADDRESS)
    assert rows()[-1]["user_id"] == 8


@pytest.mark.parametrize("kind", [Kind.SIGNED_IN, Kind.KEY_USED])
def test_who_came_in_is_named_whatever_flood_there_is(kind: Kind, minutes: Clock) -> None:
    for n in range(audit.MOST_ROWS + 10):
        audit.record(kind, user_id=n, address=ADDRESS)
        audit.record(Kind.KEY_REFUSED, address=f"fd00::{n:x}")
    audit.record(kind, user_id=-1, address=ADDRESS, detail="a key")
    assert rows()[-1].items() >= {"user_id": -1, "address": ADDRESS, "detail": "a key"}.items()


@pytest.mark.parametrize("kind", sorted(audit.ACTS))
def test_an_act_on_ones_own_is_one_row_for_each_thing_however_often(
    kind: Kind, minutes: Clock
) -> None:
    for _ in range(1000):
        for n in range(3):
            audit.record(kind, user_id=1, address=ADDRESS, job_id=f"job-{n}", detail="with ada")
    audit.record(kind, user_id=1, address=ADDRESS, job_id="job-0", detail="with bob")
    audit.flush()
    assert [(row["job_id"], row["detail"], row["times"]) for row in rows()] == [
        *((f"job-{n}", "with ada", 1000) for n in range(3)),
        ("job-0", "with bob", 1),
    ]


def test_who_acts_on_ever_new_things_shares_a_row_and_spends_their_own_budget(
    minutes: Clock,
) -> None:
    for n in range(1000):
        audit.record(Kind.KEY_MADE, user_id=1, address=ADDRESS, detail=f"key {n}")
        audit.record(Kind.KEY_REVOKED, user_id=1, address=ADDRESS, detail=f"key {n}")
    audit.record(Kind.KEY_MADE, user_id=2, address=ADDRESS, detail="another's")
    audit.record(Kind.KEY_REFUSED, address=ADDRESS, detail="of the address")
    audit.flush()
    *named, made, revoked, other, refused = rows()
    assert len(named) == audit.MOST_ACTS
    assert {row["times"] for row in named} == {1}
    for further in (made, revoked):
        assert (further["user_id"], further["detail"]) == (1, audit.FURTHER)
    assert made["times"] + revoked["times"] == 2000 - audit.MOST_ACTS
    assert (other["user_id"], other["detail"]) == (2, "another's")
    assert refused["detail"] == "of the address"


def test_many_without_an_account_at_one_address_act_on_one_budget(minutes: Clock) -> None:
    for n in range(1000):
        audit.record(Kind.JOB_SHARED, owner_key=f"session:{n % 5}", address=ADDRESS, job_id=str(n))
    assert len(rows()) == audit.MOST_ACTS + 5


@pytest.mark.parametrize("kind", sorted(audit.EACH))
def test_acts_of_staff_on_what_is_others_are_all_written(kind: Kind) -> None:
    for n in range(3):
        audit.record(kind, owner_key="user:1", address=ADDRESS, job_id=f"job-{n}")
    assert [row["job_id"] for row in rows()] == ["job-0", "job-1", "job-2"]


def test_without_the_database_the_line_stands_and_nobody_fails(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, logger="codr.audit")

    def away(*args: Any, **kwargs: Any) -> None:
        raise DatabaseError("the server closed the connection")

    with monkeypatch.context() as patch:
        patch.setattr(AuditEvent.objects, "create", away)
        for _ in range(3):
            audit.record(Kind.KEY_REFUSED, address=ADDRESS)
        audit.record(Kind.JOB_CANCELLED, address=ADDRESS)
    assert [each["kind"] for each in told(caplog)] == ["key_refused", "job_cancelled"]
    assert caplog.text.count("the database did not take it") == 2
    # Once it is back, what was counted meanwhile is written after all.
    audit.flush()
    assert [(row["kind"], row["times"]) for row in rows()] == [("key_refused", 3)]


def test_what_makes_no_sense_is_logged_and_fails_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    wrong: Any = "no such kind"
    audit.record(wrong)
    audit.record(Kind.KEY_USED, user_id=2**70)
    assert "an audit event could not be recorded" in caplog.text
    assert rows() == []


def test_a_mistake_does_not_break_the_callers_transaction() -> None:
    with transaction.atomic():
        audit.record(Kind.JOB_CANCELLED, user_id=2**70)
        audit.record(Kind.JOB_CANCELLED, detail="after it")
    assert [row["detail"] for row in rows()] == ["after it"]


def test_old_rows_go_and_young_ones_stay() -> None:
    for age, times in ((1, 1), (-1, 1), (1, 2)):
        last = timezone.now() - timedelta(days=conf().audit_keep_days, minutes=age)
        first = last - timedelta(days=times)
        AuditEvent.objects.create(
            kind=Kind.SIGNED_IN, at=first, last_at=last, times=times, detail=str(age)
        )
    expire_audit_events()
    assert [row["detail"] for row in rows()] == ["-1"]
