"""What the recorder does: results into rows, and an end for jobs that lost their executor."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from celery import shared_task
from celery.signals import worker_shutting_down
from django.contrib.sessions.backends.db import SessionStore
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from . import audit, dispatch, jobs, programs, transcripts
from .conf import conf
from .models import Job, pack
from .protocol import Complete, FinalStatus
from .relay import leases, queue
from .relay.client import wait_for
from .relay.events import Entry, last_event, publish_end, read_end, read_events
from .relay.inputs import JobMessage, read_inputs
from .relay.remains import forget_later, overlooked
from .relay.versions import NewerVersionError, check
from .takeover import take_up_lost

logger = logging.getLogger(__name__)

# How long a job has to be seen without a lease. One look is not enough: a job that was taken this
# moment has none yet, and after an outage of Redis all of them are gone until the executors' next
# round. Below the pause between two looks.
UNHELD_S: Final = 4.0
# How much longer than its lease a job may be without a sign before the recorder takes it up.
ALONE_S: Final = 10.0
# How long a job of the table may be on its way to the queue.
SUBMITTING_S: Final = 30.0
# Who writes meanwhile waits for one batch of expiry, of 2 MB with usual transcripts; and who waits
# for a result, for one round. What is left comes in the next, a minute later.
EXPIRE_AT_ONCE: Final = 20
ROUND_S: Final = 2.0
DATABASE_PAUSE_S: Final = 1.0
# How long a result may be on its way after its job's last event.
RESULT_PATIENCE_S: Final = 15.0
LOST = (
    "The machine that ran this program stopped answering, so it did not finish. "
    "Nothing is wrong with your program: run it again."
)
NEVER_QUEUED = "The server was interrupted before it could queue this program. Run it again."
NEVER_TAKEN = "No machine took this program in time. Run it again when the server is less busy."


# Set when this recorder is to stop: it does not wait for the database any longer.
_stopping = threading.Event()


@worker_shutting_down.connect
def stop_waiting(**kwargs: Any) -> None:
    _stopping.set()


def _once_the_database_is_there(work: Callable[[], object]) -> None:
    """Tries again until it can be done: nobody else can record anything meanwhile, so whatever
    comes after it waits in the queue. Doing `work` twice has to be harmless."""
    while True:
        try:
            work()
            return
        except (OperationalError, InterfaceError) as error:
            logger.warning("the database cannot be reached, trying again: %s", error)
            connection.close()
            if _stopping.wait(DATABASE_PAUSE_S):
                raise  # the journal has the end, though not all of its figures


# What a later release wrote waits in the queue for a recorder that can read it.
LATER_BY_ANOTHER: Final[dict[str, Any]] = {
    "autoretry_for": (NewerVersionError,),
    "max_retries": None,
    "default_retry_delay": 2,
}


@shared_task(name=dispatch.RECORD_START, **LATER_BY_ANOTHER)
def record_start(job_id: str, facts: dict[str, Any]) -> None:
    check("a start", facts.get("v", 0))
    at = datetime.fromtimestamp(facts["started_at"], UTC)
    worker, attempt = facts["worker"], facts["attempt"]
    _once_the_database_is_there(lambda: jobs.start(job_id, worker=worker, attempt=attempt, at=at))


# Acknowledged when it is done: of a recorder that is killed meanwhile another has it again.
@shared_task(name=dispatch.RECORD_RESULT, acks_late=True, **LATER_BY_ANOTHER)
def record_result(job_id: str, facts: dict[str, Any]) -> None:
    """Writes the row, keeps the transcript, lets the journals go."""
    check("a result", facts.get("v", 0))
    _once_the_database_is_there(lambda: _record_result(job_id, facts))


def _record_result(job_id: str, facts: dict[str, Any]) -> None:
    complete = Complete.model_validate(facts["complete"], strict=False)
    changed = jobs.finish(
        job_id,
        complete,
        worker=facts["worker"],
        attempt=facts["attempt"],
        output_bytes=facts["output_bytes"],
        started_at=_time(facts["started_at"]),
        finished_at=datetime.fromtimestamp(facts["finished_at"], UTC),
    )
    if not changed:
        logger.info("job %s had ended already", job_id)
    keep_transcript(job_id)


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def keep_transcript(job_id: str) -> None:
    events, inputs = wait_for(_read_journals(job_id))
    # No events: the journal has gone already, and what was made of it stays.
    if events:
        limit = conf().transcript_bytes
        items, left_out = transcripts.build(events, inputs, limit)
        frames = transcripts.kept_frames(events, limit)
        jobs.store_transcript(job_id, pack(items), left_out, pack(frames))
    wait_for(forget_later(job_id, sum(len(entry.frame.encode()) for entry in events)))


async def _read_journals(job_id: str) -> tuple[list[Entry], list[tuple[int, JobMessage]]]:
    events = [entry async for entry in read_events(job_id, 0)]
    return events, await read_inputs(job_id)


@shared_task(name="executor_app.records.end_lost_jobs")
def end_lost_jobs() -> None:
    """Ends jobs that nobody runs any more. The journal decides: it may hold an end already."""
    # Executors do that sooner. Where there is none, the job waits for one that comes.
    if _looks_regularly():
        wait_for(take_up_lost(for_s=ALONE_S))
    running = jobs.unfinished_ids()
    unheld = set(running) - wait_for(leases.held(running))
    queued_at = wait_for(queue.waiting_since(list(unheld)))
    now = time.monotonic()
    for job_id in _unheld_since.keys() - unheld:
        del _unheld_since[job_id]
    for job in jobs.unfinished() if unheld else ():
        job_id = str(job.pk)
        if job_id not in unheld:
            continue
        unheld_for_s = now - _unheld_since.setdefault(job_id, now)
        if unheld_for_s < UNHELD_S or _may_wait(job, queued_at.get(job_id)):
            continue
        try:
            _end_lost(job, never_taken=job_id in queued_at)
        except Exception:
            # One job that cannot be ended is no reason to leave the others.
            logger.exception("job %s could not be ended", job_id)


@shared_task(name="executor_app.records.expire_audit_events")
def expire_audit_events() -> None:
    before = timezone.now() - timedelta(days=conf().audit_keep_days)
    if gone := audit.expire(before):
        logger.info("%d audit events were older than is kept", gone)


@shared_task(name="executor_app.records.expire_sessions")
def expire_sessions() -> None:
    """Of browsers that are gone: nobody else takes them out."""
    SessionStore.clear_expired()


@shared_task(name="executor_app.records.expire_programs")
def expire_programs() -> None:
    """Of people without an account, who mostly do not come back."""
    keep_days = conf().anonymous_program_keep_days
    if keep_days and (gone := programs.expire(timezone.now() - timedelta(days=keep_days))):
        logger.info("%d programs of nobody in particular were older than is kept", gone)


@shared_task(name="executor_app.records.expire_jobs")
def expire_jobs() -> None:
    """Deletes jobs and transcripts that are older than is kept. What is not over stays."""
    for what, keep_days, expire in (
        ("transcripts", conf().transcript_keep_days, jobs.expire_transcripts),
        ("jobs", conf().job_keep_days, jobs.expire),
    ):
        if not keep_days:
            continue
        before = timezone.now() - timedelta(days=keep_days)
        late_at = time.monotonic() + ROUND_S
        gone = batch = expire(before, EXPIRE_AT_ONCE)
        while batch == EXPIRE_AT_ONCE and time.monotonic() < late_at:
            batch = expire(before, EXPIRE_AT_ONCE)
            gone += batch
        if gone:
            logger.info("%d %s were older than is kept", gone, what)


def _looks_regularly() -> bool:
    """Not after a pause, which may have been an outage of Redis: then every lease has run out, and
    whoever runs a job has to have had the time to say so."""
    global _looked_at
    now, before = time.monotonic(), _looked_at
    _looked_at = now
    return before is not None and now - before < ALONE_S


# When the recorder looked last, on this process's clock.
_looked_at: float | None = None
# Jobs of the table that no executor held at the last look, and since when (this process's clock).
_unheld_since: dict[str, float] = {}


def _may_wait(job: Job, queued_at: float | None) -> bool:
    """`queued_at`: since when it is in the queue, in seconds since the epoch."""
    if queued_at is not None:
        return timezone.now().timestamp() - queued_at < conf().queue_patience_s
    age = timezone.now() - job.created_at
    return job.status == Job.Status.QUEUED and age < timedelta(seconds=SUBMITTING_S)


def _why_lost(job: Job, never_taken: bool) -> str:
    if never_taken:
        return NEVER_TAKEN
    last = wait_for(last_event(str(job.pk)))
    # Whoever submits a job says, before any attempt, that it is queued, and then queues it.
    never_queued = job.status == Job.Status.QUEUED and (last is None or last.attempt == 0)
    return NEVER_QUEUED if never_queued else LOST


def _end_lost(job: Job, *, never_taken: bool) -> None:
    job_id = str(job.pk)
    complete = Complete(status=FinalStatus.FAILED, message=_why_lost(job, never_taken))
    if never_taken and not wait_for(dispatch.withdraw(job_id)):
        return  # an executor took it this moment
    if wait_for(publish_end(job_id, complete)):
        logger.error("job %s was lost: %s", job_id, complete.message)
    else:
        ended = wait_for(last_event(job_id))
        if ended is None or time.time() - ended.at_ms / 1000 < RESULT_PATIENCE_S:
            return  # its result, which knows more, is on its way
        complete = wait_for(read_end(job_id)) or complete
    jobs.finish(job_id, complete)
    keep_transcript(job_id)


@shared_task(name="executor_app.records.keep_missing_transcripts")
def keep_missing_transcripts() -> None:
    """Of jobs whose recorder was lost, or lost Redis, when it had made the row and not yet the
    transcript: nobody else looks at them any more."""
    late_at = time.monotonic() + ROUND_S
    for job_id in wait_for(overlooked(RESULT_PATIENCE_S)):
        if time.monotonic() > late_at:
            return
        if jobs.is_under_way(job_id):
            continue
        try:
            keep_transcript(job_id)
            logger.warning("job %s had its row and no transcript yet", job_id)
        except Exception:
            # One that cannot be kept is no reason to leave the others.
            logger.exception("the transcript of job %s could not be kept", job_id)


@shared_task(name="executor_app.records.send_missing_tickets")
def send_missing_tickets() -> None:
    """A ticket is lost with the executor that held it; the job that it was for waits on.

    One too many does no harm: it finds nothing to take.
    """
    length = wait_for(queue.length())
    missing = length.jobs - length.tickets
    if missing > 0:
        dispatch.send_tickets(missing)
