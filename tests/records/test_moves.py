"""A job's status goes where the table says, once; every other move changes nothing."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.utils import timezone

from executor_app import jobs
from executor_app.models import FINAL, MOVES, Job
from executor_app.protocol import Complete, FinalStatus
from tests.records.cast import (
    CANCELLED,
    FINISHED_AT,
    STARTED_AT,
    WELL,
    at_once,
    new_job,
    row,
)

pytestmark = pytest.mark.usefixtures("database", "no_jobs")

ENDS = set(Job.Status) - {Job.Status.QUEUED, Job.Status.RUNNING}
ALLOWED = {(old, Job.Status.RUNNING) for old in (Job.Status.QUEUED, Job.Status.RUNNING)} | {
    (old, end) for old in (Job.Status.QUEUED, Job.Status.RUNNING) for end in ENDS
}


def move(job_id: str, status: Job.Status) -> bool:
    match status:
        case Job.Status.QUEUED:
            return jobs._move(job_id, status)  # no function does: a job is born queued
        case Job.Status.RUNNING:
            return jobs.start(job_id, worker="one", attempt=1, at=STARTED_AT)
        case _:
            return jobs.finish(job_id, WELL.model_copy(update={"status": FinalStatus(status)}))


@pytest.mark.parametrize("old", Job.Status)
def test_a_status_becomes_what_the_table_allows_and_nothing_else(old: Job.Status) -> None:
    for new in Job.Status:
        job_id = new_job(status=old)
        before = row(job_id)
        moved = move(job_id, new)
        assert moved == ((old, new) in ALLOWED), new
        if moved:
            assert row(job_id)["status"] == new
        else:
            assert row(job_id) == before, new


def test_the_table_is_complete() -> None:
    assert {(old, new) for old, more in MOVES.items() for new in more} == ALLOWED
    assert FINAL == ENDS
    over = {status for status in Job.Status if Job(status=status).is_over}
    assert over == ENDS


def test_a_move_of_a_job_that_is_gone_changes_nothing_and_is_no_error() -> None:
    gone = str(uuid.uuid4())
    assert not jobs.start(gone, worker="one", attempt=1, at=STARTED_AT)
    assert not jobs.finish(gone, WELL)


def test_a_move_touches_one_job() -> None:
    other, job_id = new_job(), new_job()
    before = row(other)
    assert jobs.start(job_id, worker="one", attempt=1, at=STARTED_AT)
    assert jobs.finish(job_id, WELL)
    assert row(other) == before


def test_what_an_executor_says_stands_in_the_row() -> None:
    job_id = new_job()
    assert jobs.start(job_id, worker="one", attempt=1, at=STARTED_AT)
    running = row(job_id)
    assert (running["worker"], running["attempt"]) == ("one", 1)
    assert (running["started_at"], running["finished_at"]) == (STARTED_AT, None)
    assert jobs.finish(
        job_id,
        WELL,
        worker="one",
        attempt=1,
        output_bytes=3 * 2**31,
        started_at=STARTED_AT,
        finished_at=FINISHED_AT,
    )
    over = row(job_id)
    assert (over["worker"], over["attempt"]) == ("one", 1)
    assert (over["started_at"], over["finished_at"]) == (STARTED_AT, FINISHED_AT)
    assert over["output_bytes"] == 3 * 2**31


def test_an_end_can_be_told_again_from_its_row() -> None:
    job_id = new_job()
    assert jobs.finish(job_id, WELL)
    assert jobs.ending(Job.objects.get(pk=job_id)) == WELL


def test_an_end_from_outside_leaves_who_ran_the_job_and_is_dated() -> None:
    before = timezone.now()
    job_id = new_job()
    assert jobs.start(job_id, worker="one", attempt=1, at=STARTED_AT)
    assert jobs.finish(job_id, CANCELLED)
    over = row(job_id)
    assert (over["worker"], over["attempt"], over["started_at"]) == ("one", 1, STARTED_AT)
    assert before <= over["finished_at"] <= timezone.now()


def test_of_two_ends_the_first_wins() -> None:
    job_id = new_job()
    assert jobs.finish(job_id, CANCELLED)
    first = row(job_id)
    assert not jobs.finish(job_id, WELL, worker="one", attempt=1, started_at=STARTED_AT)
    assert not jobs.finish(job_id, CANCELLED)
    assert row(job_id) == first


def test_of_many_ends_at_once_exactly_one_wins() -> None:
    job_id = new_job()
    ends = [Complete(status=status, message=status) for status in FinalStatus]
    won = at_once(lambda n: jobs.finish(job_id, ends[n]), len(ends))
    assert won.count(True) == 1
    winner = ends[won.index(True)]
    assert jobs.ending(Job.objects.get(pk=job_id)) == winner


def test_of_many_starts_at_once_exactly_one_wins() -> None:
    job_id = new_job()
    won = at_once(lambda n: jobs.start(job_id, worker=f"{n}", attempt=1, at=STARTED_AT), 8)
    assert won.count(True) == 1
    assert row(job_id)["worker"] == str(won.index(True))


def test_a_later_attempt_takes_over_and_an_earlier_one_does_not() -> None:
    job_id = new_job()
    assert jobs.start(job_id, worker="one", attempt=1, at=STARTED_AT)
    assert jobs.start(job_id, worker="two", attempt=2, at=FINISHED_AT)
    assert not jobs.start(job_id, worker="one", attempt=1, at=STARTED_AT)
    assert (row(job_id)["worker"], row(job_id)["attempt"]) == ("two", 2)
    assert not jobs.finish(job_id, WELL, worker="one", attempt=1, started_at=STARTED_AT)
    assert jobs.finish(job_id, WELL, worker="two", attempt=2, started_at=FINISHED_AT)


def test_an_end_and_a_start_at_once_leave_an_ended_job() -> None:
    for _ in range(10):
        job_id = new_job()

        def begin_or_end(n: int, job_id: str = job_id) -> bool:
            return move(job_id, Job.Status.RUNNING if n else Job.Status.CANCELLED)

        assert at_once(begin_or_end, 2)[0]
        assert row(job_id)["status"] == Job.Status.CANCELLED


@pytest.mark.parametrize(
    "result",
    [
        {"attempt": 1, "worker": "one"},
        {"attempt": 1, "worker": "two"},
    ],
)
def test_a_late_result_of_a_stale_attempt_changes_nothing(result: dict[str, Any]) -> None:
    job_id = new_job()
    assert jobs.start(job_id, worker="two", attempt=2, at=STARTED_AT)
    before = row(job_id)
    assert not jobs.finish(job_id, WELL, started_at=STARTED_AT, **result)
    assert row(job_id) == before
    assert jobs.finish(job_id, CANCELLED, started_at=STARTED_AT, worker="two", attempt=2)


@pytest.mark.parametrize("status", [Job.Status.QUEUED, Job.Status.RUNNING])
def test_unfinished_jobs_are_found_oldest_first(status: Job.Status) -> None:
    waiting = [new_job(status=status) for _ in range(3)]
    for end in ENDS:
        new_job(status=end)
    assert [str(job.pk) for job in jobs.unfinished()] == waiting


def test_a_message_with_nul_is_kept_without_it() -> None:
    """PostgreSQL's text cannot hold it, and who cancels a job may write what they like."""
    job_id = new_job()
    assert jobs.finish(job_id, Complete(status=FinalStatus.CANCELLED, message="a\0b \ufffe 🦄"))
    assert row(job_id)["message"] == "ab \ufffe 🦄"
