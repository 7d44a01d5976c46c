"""A recorder that is lost between a job's row and its transcript: the transcript is made all the
same, and the journals go."""

from __future__ import annotations

import logging

import pytest

from executor_app import jobs, records
from executor_app.models import Job, Transcript
from executor_app.records import keep_missing_transcripts, keep_transcript, record_result
from executor_app.relay import keys
from executor_app.relay.client import client, wait_for
from tests.records.cast import WELL, ended, new_job, speak

pytestmark = pytest.mark.usefixtures("database", "no_jobs", "redis")


def over(job_id: str) -> str:
    """The job has its end and its row, and its recorder got no further."""
    wait_for(speak(job_id, b"all of it", end=WELL))
    jobs.finish(job_id, WELL)
    return job_id


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "RESULT_PATIENCE_S", -1.0)


@pytest.mark.usefixtures("no_patience")
def test_it_is_made_from_the_journal_which_goes_then() -> None:
    job_id = over(new_job())
    keep_missing_transcripts()
    assert [e["data"] for e in Transcript.objects.get(job_id=job_id).entries] == ["all of it"]
    assert wait_for(_seconds_left(job_id)) < 3600


@pytest.mark.usefixtures("no_patience")
def test_what_was_let_go_is_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    record_result(over(new_job()), ended())
    monkeypatch.setattr(records, "keep_transcript", pytest.fail)
    keep_missing_transcripts()


@pytest.mark.usefixtures("no_patience")
def test_a_job_without_its_end_or_its_row_is_left_to_others() -> None:
    speaking, unrecorded = new_job(), new_job(status=Job.Status.RUNNING)
    wait_for(speak(speaking, b"so far"))
    wait_for(speak(unrecorded, b"all of it", end=WELL))
    keep_missing_transcripts()
    assert not Transcript.objects.exists()
    assert min(wait_for(_seconds_left(each)) for each in (speaking, unrecorded)) > 3600


@pytest.mark.usefixtures("no_patience")
def test_the_journal_of_a_job_that_was_deleted_goes_too() -> None:
    job_id = over(new_job())
    Job.objects.filter(pk=job_id).delete()
    keep_missing_transcripts()
    assert wait_for(_seconds_left(job_id)) < 3600


def test_a_result_that_may_be_on_its_way_is_waited_for() -> None:
    over(new_job())
    keep_missing_transcripts()
    assert not Transcript.objects.exists()


@pytest.mark.usefixtures("no_patience")
def test_one_that_cannot_be_kept_does_not_hold_up_the_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = over(new_job()), over(new_job())

    def failing(job_id: str) -> None:
        if job_id == first:
            raise OSError("the network's failure")
        keep_transcript(job_id)

    monkeypatch.setattr(records, "keep_transcript", failing)
    with caplog.at_level(logging.ERROR):
        keep_missing_transcripts()
    assert [str(kept.job_id) for kept in Transcript.objects.all()] == [second]
    assert f"the transcript of job {first} could not be kept" in caplog.text


async def _seconds_left(job_id: str) -> int:
    return int(await client().ttl(keys.output_journal(job_id)))
