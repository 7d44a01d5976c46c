"""Old jobs and transcripts go by themselves, a few at once; what is not over stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from executor_app import jobs, records
from executor_app.models import FINAL, Job, JobLink, JobShare, Transcript, pack, pack_stdin
from executor_app.records import expire_jobs, expire_sessions
from tests.records.cast import ADA, Clock, new_job, row

pytestmark = pytest.mark.usefixtures("database", "no_jobs")

SAID = pack([{"t": 1, "stream": "stdout", "stage": "run", "data": "hello\n"}])


def kept_for(*, jobs: float = 0, transcripts: float = 0) -> Any:
    """Days."""
    kept = {"job_keep_days": jobs, "transcript_keep_days": transcripts}
    return override_settings(CODR=settings.CODR | kept)


def old_job(days: float, status: Job.Status = Job.Status.COMPLETED, said: bool = True) -> str:
    job_id = new_job(ADA, status)
    then = timezone.now() - timedelta(days=days)
    Job.objects.filter(pk=job_id).update(created_at=then)
    if said:
        jobs.store_transcript(job_id, SAID, 0)
        Transcript.objects.filter(job_id=job_id).update(stored_at=then)
    return job_id


def there() -> set[str]:
    return {str(pk) for pk in Job.objects.values_list("pk", flat=True)}


def said_something() -> set[str]:
    return {str(pk) for pk in Transcript.objects.values_list("pk", flat=True)}


def test_an_old_job_goes_with_all_that_belongs_to_it() -> None:
    old, young = old_job(31), old_job(29)
    for job_id in (old, young):
        JobShare.objects.create(job_id=job_id, name="bob")
        JobLink.objects.create(job_id=job_id, token=job_id)
    with kept_for(jobs=30):
        expire_jobs()
    assert there() == said_something() == {young}
    assert [str(share.job_id) for share in JobShare.objects.all()] == [young]
    assert [link.token for link in JobLink.objects.all()] == [young]


def test_a_job_without_anything_that_belongs_to_it_goes_too() -> None:
    old_job(31, said=False)
    with kept_for(jobs=30):
        expire_jobs()
    assert there() == set()


def test_an_old_transcript_goes_and_its_job_stays_and_knows_it() -> None:
    old, young = old_job(8), old_job(6)
    silent = old_job(8, said=False)
    Job.objects.update(stdin=pack_stdin(b"what somebody gave it"))
    before = timezone.now()
    with kept_for(transcripts=7):
        expire_jobs()
    assert there() == {old, young, silent}
    assert said_something() == {young}
    assert before <= row(old)["transcript_expired_at"] <= timezone.now()
    assert row(young)["transcript_expired_at"] is None
    assert (row(old)["stdin"], row(young)["stdin"] is None) == (None, False)
    assert row(silent)["transcript_expired_at"] is None, "it had none"


@pytest.mark.parametrize("status", sorted(set(Job.Status) - FINAL))
def test_what_is_not_over_stays_however_old_it_is(status: Job.Status) -> None:
    alive = old_job(1000, status)
    with kept_for(jobs=1, transcripts=1):
        expire_jobs()
    assert there() == said_something() == {alive}


@pytest.mark.parametrize("status", sorted(FINAL))
def test_whatever_is_over_goes(status: Job.Status) -> None:
    old_job(2, status)
    with kept_for(jobs=1):
        expire_jobs()
    assert there() == set()


def test_nothing_is_deleted_where_all_is_kept_for_ever() -> None:
    old = old_job(10_000)
    with kept_for():
        expire_jobs()
    assert there() == said_something() == {old}


def test_a_transcript_that_is_stored_again_is_as_old_as_it_was() -> None:
    old = old_job(8)
    jobs.store_transcript(old, SAID, 0)
    with kept_for(transcripts=7):
        expire_jobs()
    assert said_something() == set()


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "EXPIRE_AT_ONCE", 3)


@pytest.fixture
def no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "ROUND_S", 0.0)


def test_a_round_has_as_many_batches_as_it_takes(few_at_once: None, clock: Clock) -> None:
    old = [old_job(100) for _ in range(7)]
    with kept_for(transcripts=30):
        expire_jobs()
    assert said_something() == set()
    with kept_for(jobs=30):
        assert there() == set(old)
        expire_jobs()
    assert there() == set()


def test_a_round_that_takes_too_long_leaves_the_rest_to_the_next(
    few_at_once: None, no_time: None
) -> None:
    ages = [old_job(100 - n) for n in range(5)]
    with kept_for(transcripts=30):
        expire_jobs()
        assert said_something() == set(ages[3:]), "the oldest go first"
        expire_jobs()
        assert said_something() == set()
    assert there() == set(ages)
    with kept_for(jobs=30):
        expire_jobs()
        assert there() == set(ages[3:])
        expire_jobs()
        assert there() == set()


def test_no_source_is_read_to_be_deleted() -> None:
    old_job(31)
    with CaptureQueriesContext(connection) as asked, kept_for(jobs=30):
        expire_jobs()
    assert there() == set()
    assert not [each["sql"] for each in asked if '"source"' in each["sql"]]
    assert not [each["sql"] for each in asked if '"content"' in each["sql"]]


@pytest.mark.parametrize(
    ("expire", "index"),
    [(jobs.expire, "job_by_age"), (jobs.expire_transcripts, "transcript_by_age")],
)
def test_an_index_fits_what_is_looked_for(database: str, expire: Any, index: str) -> None:
    """With as many rows as make one worth its while."""
    then = timezone.now() - timedelta(days=5)
    many = Job.objects.bulk_create(
        [
            Job(owner_key="session:x", language="c", source=b"", status=Job.Status.COMPLETED)
            for _ in range(3000)
        ]
    )
    Transcript.objects.bulk_create(
        [Transcript(job=job, content=b"", stored_at=then) for job in many]
    )
    if database == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # which it does by itself; nobody does it for SQLite
    with CaptureQueriesContext(connection) as asked:
        expire(timezone.now() - timedelta(days=30), 100)
    looked = asked[0]["sql"]
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + ("QUERY PLAN " if database == "sqlite" else "") + looked)
        plan = str(cursor.fetchall())
    assert index in plan, plan
    assert "SORT" not in plan.upper(), plan
    assert "TEMP B-TREE" not in plan, plan


def test_sessions_that_ran_out_go_and_the_others_stay() -> None:
    for name, days in (("old", -1), ("young", 1)):
        ends = timezone.now() + timedelta(days=days)
        Session.objects.create(session_key=name, session_data="", expire_date=ends)
    expire_sessions()
    assert list(Session.objects.values_list("session_key", flat=True)) == ["young"]
    Session.objects.all().delete()
