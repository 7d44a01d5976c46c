"""Jobs that nobody runs any more are ended, once it is certain; the journal has the last word."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.conf import settings
from django.utils import timezone

from executor_app import dispatch, jobs, records
from executor_app.conf import conf
from executor_app.control import cancel_job
from executor_app.models import Job, Transcript
from executor_app.protocol import Cancel, Complete, FinalStatus
from executor_app.records import (
    LOST,
    NEVER_QUEUED,
    NEVER_TAKEN,
    RESULT_PATIENCE_S,
    SUBMITTING_S,
    UNHELD_S,
    end_lost_jobs,
    record_result,
    record_start,
    send_missing_tickets,
)
from executor_app.relay import keys, leases, queue, quotas
from executor_app.relay.client import wait_for
from executor_app.relay.events import SupersededError, publish_end, read_end
from scripts.run import read_procfile
from tests.records.cast import (
    ADA,
    CANCELLED,
    WELL,
    Clock,
    at_once,
    ended,
    new_job,
    row,
    speak,
    started,
)

pytestmark = pytest.mark.usefixtures("database", "no_jobs", "redis")

PATIENCE_S = conf().queue_patience_s
# Between two looks, as the beat has it.
SCHEDULE: Any = settings.CELERY_BEAT_SCHEDULE
LOOK_S: float = SCHEDULE["end lost jobs"]["schedule"]


def new_running_job(*output: bytes) -> str:
    job_id = new_job()
    record_start(job_id, started())
    wait_for(speak(job_id, *output))
    return job_id


def new_waiting_job() -> str:
    """One whose order is in the queue."""
    job_id = new_job()
    order = dispatch.Order(
        job_id=job_id,
        owner=ADA.key,
        payers=[ADA.key],
        language="python",
        files=[("main.py", b"")],
        args=[],
        stdin=None,
        tty=True,
        cols=80,
        rows=24,
        limits={},
        seq=0,
    )
    wait_for(queue.put(job_id, ADA.key, order.as_text()))
    return job_id


def look_again(clock: Clock, times: int = 1, after_s: float = LOOK_S) -> None:
    for _ in range(times):
        clock.gone_s += after_s
        end_lost_jobs()


def hold(job_ids: Sequence[str]) -> None:
    for job_id in job_ids:
        wait_for(leases.restore(job_id, ADA.key, "{}", 1, "one"))


def status(job_id: str) -> tuple[str, str]:
    return row(job_id)["status"], row(job_id)["message"]


def test_a_running_job_whose_executor_is_gone_fails_with_what_it_said(clock: Clock) -> None:
    job_id = new_running_job(b"so far")
    look_again(clock, times=2)
    assert status(job_id) == ("failed", LOST)
    assert wait_for(read_end(job_id)) == Complete(status=FinalStatus.FAILED, message=LOST, seq=2)
    assert [item["data"] for item in Transcript.objects.get(job_id=job_id).entries] == ["so far"]


def test_its_result_that_comes_after_all_changes_nothing(clock: Clock) -> None:
    job_id = new_running_job()
    look_again(clock, times=2)
    before = row(job_id)
    record_result(job_id, ended())
    record_start(job_id, started())
    assert row(job_id) == before


def test_its_executor_that_was_only_away_can_say_no_more(clock: Clock) -> None:
    job_id = new_running_job(b"so far")
    look_again(clock, times=2)
    with pytest.raises(SupersededError):
        wait_for(speak(job_id, b"I am back", seq=1))


def test_one_that_was_cancelled_meanwhile_is_cancelled_and_keeps_what_it_said(
    clock: Clock,
) -> None:
    job_id = new_running_job(b"so far")
    wait_for(cancel_job(job_id, "enough"))
    with pytest.raises(SupersededError):
        wait_for(speak(job_id, b"I am back", seq=1))
    look_again(clock, times=2 + int(RESULT_PATIENCE_S / LOOK_S))
    assert status(job_id) == ("cancelled", "enough")
    assert [item["data"] for item in Transcript.objects.get(job_id=job_id).entries] == ["so far"]


def test_one_look_is_not_enough(clock: Clock) -> None:
    job_id = new_running_job()
    look_again(clock)
    look_again(clock, after_s=UNHELD_S - 0.1)
    assert status(job_id) == ("running", "")
    look_again(clock, after_s=0.1)
    assert status(job_id) == ("failed", LOST)


def test_two_looks_of_the_beat_are_enough() -> None:
    assert UNHELD_S < LOOK_S


def test_a_job_that_is_held_runs_on(clock: Clock) -> None:
    job_id = new_running_job()
    hold([job_id])
    look_again(clock, times=5)
    assert status(job_id) == ("running", "")


def test_a_lease_that_comes_back_begins_the_wait_anew(clock: Clock) -> None:
    job_id = new_running_job()
    look_again(clock)
    hold([job_id])
    look_again(clock)
    wait_for(leases.release(job_id))
    look_again(clock)
    assert status(job_id) == ("running", "")
    look_again(clock)
    assert status(job_id) == ("failed", LOST)


def test_a_queued_job_waits_for_the_patience_and_no_longer(clock: Clock) -> None:
    job_id = new_waiting_job()
    assert wait_for(quotas.admit(job_id, ADA.key, 1))
    look_again(clock, times=3, after_s=(PATIENCE_S - 10) / 3)
    assert status(job_id) == ("queued", "")
    look_again(clock, after_s=20)
    assert status(job_id) == ("failed", NEVER_TAKEN)
    assert wait_for(dispatch.take("one")) is None
    assert wait_for(quotas.admit("the next one", ADA.key, 1)), "its place is free"
    wait_for(quotas.release("the next one", [ADA.key]))


def test_an_executor_that_takes_it_later_cannot_say_anything(clock: Clock) -> None:
    job_id = new_waiting_job()
    look_again(clock, times=2, after_s=PATIENCE_S)
    with pytest.raises(SupersededError):
        wait_for(speak(job_id, b"late", seq=1))
    record_start(job_id, started())
    assert status(job_id) == ("failed", NEVER_TAKEN)


def test_a_job_that_was_taken_late_is_held_and_not_ended(clock: Clock) -> None:
    job_id = new_waiting_job()
    order = wait_for(dispatch.take("one"))
    assert order is not None
    assert order.job_id == job_id
    look_again(clock, times=2, after_s=PATIENCE_S)
    assert status(job_id) == ("queued", "")


def test_a_job_whose_executor_died_before_its_start_was_told_is_lost_soon(clock: Clock) -> None:
    job_id = new_waiting_job()
    wait_for(speak(job_id, b"so far"))
    assert wait_for(dispatch.take("one"))
    wait_for(leases.release(job_id))
    look_again(clock, times=2)
    assert status(job_id) == ("queued", ""), "it may be on its way to the queue"
    look_again(clock, after_s=SUBMITTING_S)
    assert status(job_id) == ("failed", LOST)


def test_a_job_whose_web_process_died_before_it_was_queued_is_told_so(clock: Clock) -> None:
    job_id = new_job()
    look_again(clock, times=2)
    look_again(clock, after_s=SUBMITTING_S)
    assert status(job_id) == ("failed", NEVER_QUEUED)
    end = Complete(status=FinalStatus.FAILED, message=NEVER_QUEUED, seq=1)
    assert wait_for(read_end(job_id)) == end


def test_a_job_that_waits_without_a_ticket_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    monkeypatch.setattr(dispatch, "send_tickets", sent.append)
    send_missing_tickets()
    assert sent == []
    jobs_waiting = [new_waiting_job() for _ in range(3)]
    with redis.Redis.from_url(settings.REDIS_URL) as server:
        server.rpush(keys.TICKETS, "a ticket")
        send_missing_tickets()
        server.delete(keys.TICKETS)
    assert sent == [2]
    for job_id in jobs_waiting:
        assert wait_for(dispatch.withdraw(job_id))


def test_an_end_in_the_journal_is_given_time_for_its_result(clock: Clock) -> None:
    job_id = new_running_job(b"all of it")
    wait_for(speak(job_id, end=WELL, seq=1))
    look_again(clock, times=2, after_s=UNHELD_S)
    assert status(job_id) == ("running", "")
    record_result(job_id, ended())
    assert status(job_id) == (WELL.status, WELL.message)


def test_an_end_whose_result_never_came_is_taken_from_the_journal(clock: Clock) -> None:
    job_id = new_running_job(b"all of it")
    wait_for(speak(job_id, end=WELL, seq=1))
    look_again(clock, times=2, after_s=RESULT_PATIENCE_S)
    assert jobs.ending(Job.objects.get(pk=job_id)) == WELL
    assert [e["data"] for e in Transcript.objects.get(job_id=job_id).entries] == ["all of it"]


def test_an_end_from_outside_that_missed_its_row_gets_there(clock: Clock) -> None:
    job_id = new_job()
    assert wait_for(publish_end(job_id, CANCELLED))
    look_again(clock, times=2, after_s=PATIENCE_S)
    assert status(job_id) == ("cancelled", CANCELLED.message)


def test_a_reason_that_a_database_cannot_hold_does_not_keep_a_job_alive(clock: Clock) -> None:
    job_id = new_running_job()
    reason = Cancel(type="cancel", reason="en\0ough").reason
    wait_for(publish_end(job_id, Complete(status=FinalStatus.CANCELLED, message=reason)))
    look_again(clock, times=2, after_s=RESULT_PATIENCE_S)
    assert status(job_id) == ("cancelled", "enough")


def test_jobs_that_are_over_are_left_alone(clock: Clock) -> None:
    over = [new_job(status=end) for end in Job.Status if Job(status=end).is_over]
    before = [row(job_id) for job_id in over]
    look_again(clock, times=3, after_s=PATIENCE_S)
    assert [row(job_id) for job_id in over] == before
    assert not any(wait_for(read_end(job_id)) for job_id in over)


def test_one_that_cannot_be_ended_does_not_hold_up_the_others(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = new_running_job(), new_running_job()
    finish = jobs.finish

    def failing(job_id: str, *facts: Complete) -> bool:
        if job_id == first:
            raise OSError("the network's failure")
        return finish(job_id, *facts)

    with monkeypatch.context() as broken, caplog.at_level(logging.ERROR):
        broken.setattr(jobs, "finish", failing)
        look_again(clock, times=2)
    assert status(first) == ("running", "")
    assert status(second) == ("failed", LOST)
    assert f"job {first} could not be ended" in caplog.text
    look_again(clock, after_s=RESULT_PATIENCE_S + 1)
    assert status(first) == ("failed", LOST)


def test_two_recorders_that_look_at_once_end_a_job_once(clock: Clock) -> None:
    job_id = new_running_job(b"so far")
    look_again(clock)
    clock.gone_s += LOOK_S
    at_once(lambda n: end_lost_jobs(), 4)
    assert status(job_id) == ("failed", LOST)
    assert wait_for(read_end(job_id)) == Complete(status=FinalStatus.FAILED, message=LOST, seq=2)


def test_what_was_seen_is_forgotten_with_its_job(clock: Clock) -> None:
    new_running_job()
    look_again(clock)
    assert len(records._unheld_since) == 1
    Job.objects.all().delete()
    look_again(clock)
    assert not records._unheld_since


def test_the_patience_is_measured_from_when_the_job_came_into_the_queue(clock: Clock) -> None:
    old, new = new_waiting_job(), new_waiting_job()
    long_ago = timezone.now() - timedelta(seconds=PATIENCE_S)
    Job.objects.filter(pk=new).update(created_at=long_ago)  # it ran until its executor was lost
    with redis.Redis.from_url(settings.REDIS_URL) as server:
        server.hset(keys.order(old), "t", int(long_ago.timestamp() * 1000))
    look_again(clock, times=2)
    assert status(old) == ("failed", NEVER_TAKEN)
    assert status(new) == ("queued", "")
    assert wait_for(dispatch.withdraw(new))


def test_an_end_is_told_to_whoever_follows_as_the_row_has_it(clock: Clock) -> None:
    job_id = new_running_job()
    look_again(clock, times=2)
    told = wait_for(read_end(job_id))
    assert told is not None
    unnumbered = json.loads(told.model_dump_json()) | {"seq": 0}
    assert Complete.model_validate(unnumbered, strict=False) == jobs.ending(
        Job.objects.get(pk=job_id)
    )


def test_the_clocks_turns_do_not_wait_behind_results() -> None:
    """The recorder takes from its queues by turns."""
    command = read_procfile(settings.BASE_DIR / "Procfile")["recorder"].split()
    taken_from = command[command.index("--queues") + 1].split(",")
    queues = {turn["options"]["queue"] for turn in SCHEDULE.values()}
    assert queues == set(taken_from) - {dispatch.RECORDS_QUEUE}


def test_jobs_that_just_run_are_asked_for_by_their_ids_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded: list[None] = []
    unfinished = jobs.unfinished

    def counted() -> list[Job]:
        loaded.append(None)
        return unfinished()

    monkeypatch.setattr(jobs, "unfinished", counted)
    job_id = new_job()
    hold([job_id])
    end_lost_jobs()
    assert not loaded
    wait_for(leases.release(job_id))
    end_lost_jobs()
    assert loaded
