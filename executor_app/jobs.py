"""Creating, starting, finishing, cancelling and losing a job: the only writer of a status.

A move is one UPDATE filtered on the old status. Zero rows changed means that another move won,
which is no error: every function says whether its own did.
"""

from __future__ import annotations

import base64
import contextlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from .models import MOVES, Job, Transcript, may_become, pack_stdin, unpack
from .protocol import Complete, FinalStatus, SourceFile


@dataclass(frozen=True, slots=True)
class Owner:
    """Who asked: an account, a browser session, or an address where there is neither."""

    key: str
    user_id: int | None = None
    user_agent: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be run, as checked by the consumer."""

    owner: Owner
    request_id: str
    language: str
    version: str
    policy: str
    files: Sequence[SourceFile]
    args: Sequence[str]
    tty: bool
    stdin: bytes | None = None
    limits: Mapping[str, float | None] = field(default_factory=dict)
    job_id: uuid.UUID = field(default_factory=uuid.uuid4)


def find_request(owner: Owner, request_id: str) -> Job | None:
    """The job that this owner has asked for under that id before."""
    return Job.objects.filter(owner_key=owner.key, request_id=request_id).first()


def create(request: Request) -> tuple[Job, bool]:
    """The job for this request, and whether it is new: a repeated `request_id` finds the first."""
    job = Job(
        id=request.job_id,
        owner_id=request.owner.user_id,
        owner_key=request.owner.key,
        user_agent=_text(request.owner.user_agent)[:200],
        request_id=request.request_id,
        language=request.language,
        version=request.version[:100],
        policy=request.policy,
        source=Job.pack_files(request.files),
        arguments=list(request.args),
        tty=request.tty,
        stdin=pack_stdin(request.stdin),
        limits=dict(request.limits) or None,
    )
    try:
        with transaction.atomic():
            job.save(force_insert=True)
    except IntegrityError:
        same = Job.objects.filter(owner_key=request.owner.key, request_id=request.request_id)
        first = same.exclude(request_id="").first()
        if first is None:
            raise  # for another reason: the account has just been deleted
        return first, False
    return job, True


def claim(session_key: str, owner: Owner) -> int:
    """Gives the jobs of a browser's session to the account that has signed in there; how many."""
    mine = Job.objects.filter(owner_key=session_key)
    with transaction.atomic():
        # A request id that the account has used too: that one is its, the job comes without.
        taken = Job.objects.filter(owner_key=owner.key).exclude(request_id="")
        mine.filter(request_id__in=taken.values("request_id")).update(request_id="")
        return mine.update(owner_key=owner.key, owner_id=owner.user_id)


def start(job_id: str, *, worker: str, attempt: int, at: datetime) -> bool:
    """An attempt starts a job once; a later one also if it runs, for its executor was lost."""
    later = Q(attempt__lt=attempt)
    return _move(job_id, Job.Status.RUNNING, later, worker=worker, attempt=attempt, started_at=at)


def finish(
    job_id: str,
    complete: Complete,
    *,
    worker: str = "",
    attempt: int = 0,
    output_bytes: int = 0,
    started_at: datetime | None = None,
    finished_at: datetime | None = None,
    never_taken: bool = False,
) -> bool:
    """From an executor with its `worker` and `attempt`, which is stale if a later one started.

    `never_taken`: only while the job is queued.
    """
    facts: dict[str, object] = {
        "message": _text(complete.message),
        "exit_code": complete.exit_code,
        "signal": complete.signal or "",
        "execution_time": complete.execution_time,
        "cpu_time": complete.cpu_time,
        "memory": complete.memory,
        "truncated": complete.truncated,
        "output_bytes": output_bytes,
        "finished_at": finished_at or timezone.now(),
    }
    conditions: list[Q] = []
    if worker:
        facts |= {"worker": worker, "attempt": attempt}
        if started_at is not None:
            facts["started_at"] = started_at
        conditions.append(Q(attempt__lte=attempt))
    if never_taken:
        conditions.append(Q(status=Job.Status.QUEUED))
    return _move(job_id, Job.Status(complete.status.value), *conditions, **facts)


def ending(job: Job) -> Complete:
    """How a job that is over ended, from its row: for who comes after its journal has gone."""
    return Complete(
        status=FinalStatus(job.status),
        exit_code=job.exit_code,
        signal=job.signal or None,
        execution_time=job.execution_time or 0.0,
        cpu_time=job.cpu_time or 0.0,
        memory=job.memory or 0,
        truncated=job.truncated,
        message=job.message,
    )


def store_transcript(job_id: str, content: bytes, left_out_bytes: int, events: bytes = b"") -> None:
    facts = {"content": content, "left_out_bytes": left_out_bytes, "events": events}
    # Its only reason: the job has been deleted, even while this is under way.
    with contextlib.suppress(IntegrityError):
        # One statement: what is there already is the same, of a result that came before.
        Transcript.objects.bulk_create(
            [Transcript(job_id=job_id, **facts)],
            update_conflicts=True,
            unique_fields=["job"],
            update_fields=list(facts),
        )


@dataclass(frozen=True, slots=True)
class KeptRun:
    """What was kept of a job that is over: its events with their times, as clients got them, and
    with theirs what it was given."""

    events: Sequence[tuple[int, str]] = ()
    inputs: Sequence[tuple[int, bytes]] = ()


def kept_run(job_id: str, *, with_input: bool) -> KeptRun:
    wanted = ("events", "content") if with_input else ("events",)
    kept = Transcript.objects.filter(job_id=job_id).only(*wanted).first()
    if kept is None:
        return KeptRun()
    given = [each for each in kept.entries if each["stream"] == "input"] if with_input else []
    return KeptRun(
        [(int(at), str(frame)) for at, frame in unpack(kept.events)],
        [(each["t"], _raw(each)) for each in given],
    )


def _raw(entry: Mapping[str, str]) -> bytes:
    data = entry["data"]
    return base64.b64decode(data) if "encoding" in entry else data.encode("utf-8")


def expire(before: datetime, most: int) -> int:
    """Deletes up to `most` jobs that are over and were sent before, the oldest first; how many."""
    old = Job.objects.filter(created_at__lt=before).exclude(status__in=MOVES)
    # By their ids, and nothing else of them is read: a source may have megabytes.
    gone = Job.objects.filter(pk__in=_first(old.order_by("created_at"), most)).only("pk")
    return gone.delete()[1].get(Job._meta.label, 0)


def expire_transcripts(before: datetime, most: int) -> int:
    """Deletes up to `most` transcripts that were stored before, of jobs that are over; how many.

    Each job keeps in mind that it had one.
    """
    # Few jobs are not over. By a join, SQLite would go through all that are, each time.
    alive = Job.objects.filter(status__in=MOVES).values("pk")
    old = Transcript.objects.filter(stored_at__lt=before).exclude(job__in=alive)
    ids = _first(old.order_by("stored_at"), most)
    with transaction.atomic():
        Job.objects.filter(pk__in=ids).update(transcript_expired_at=timezone.now(), stdin=None)
        return Transcript.objects.filter(pk__in=ids).delete()[0]


def unfinished() -> list[Job]:
    return list(Job.objects.filter(status__in=MOVES).defer("source").order_by("created_at"))


def unfinished_ids() -> list[str]:
    """The same without all that is in them: there may be a thousand that just run."""
    return [str(pk) for pk in Job.objects.filter(status__in=MOVES).values_list("pk", flat=True)]


def is_under_way(job_id: str) -> bool:
    return Job.objects.filter(pk=job_id, status__in=MOVES).exists()


def _move(job_id: str, status: Job.Status, *conditions: Q, **facts: object) -> bool:
    jobs = Job.objects.filter(*conditions, pk=job_id, status__in=may_become(status))
    return bool(jobs.update(status=status, **facts))


def _first(rows: QuerySet[Any], most: int) -> list[Any]:
    return list(rows.values_list("pk", flat=True)[:most])


def _text(value: str) -> str:
    """As every database takes it: PostgreSQL's text cannot hold U+0000."""
    return value.replace("\0", "")
