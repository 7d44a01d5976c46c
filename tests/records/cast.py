"""Who and what the tests of this folder are about."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Barrier
from typing import Any, Final, TypeVar

from django.db import connections

from executor_app import jobs
from executor_app.models import Job
from executor_app.protocol import Complete, FinalStatus, SourceFile
from executor_app.relay.events import Publisher

T = TypeVar("T")
ADA: Final = jobs.Owner("session:ada", user_agent="Mozilla/5.0")
BOB: Final = jobs.Owner("session:bob")
STARTED_AT: Final = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
FINISHED_AT: Final = datetime(2026, 3, 1, 12, 0, 9, tzinfo=UTC)

# Every field has a value that is not its default: none can be forgotten unnoticed.
WELL: Final = Complete(
    status=FinalStatus.SIGNALED,
    exit_code=-11,
    signal="SIGSEGV",
    execution_time=1.25,
    cpu_time=0.75,
    memory=5 * 2**30,
    truncated=True,
    message="a word about it ✨",
)
CANCELLED: Final = Complete(status=FinalStatus.CANCELLED, message="changed her mind")


def asked(
    owner: jobs.Owner = ADA, request_id: str = "", files: Sequence[SourceFile] = (), **fields: Any
) -> jobs.Request:
    values = {
        "language": "python",
        "version": "3.11.2",
        "policy": "standard",
        "args": [],
        "tty": True,
        "files": files or [SourceFile(name="main.py", content="print('hello')")],
    }
    return jobs.Request(owner=owner, request_id=request_id, **{**values, **fields})


def new_job(owner: jobs.Owner = ADA, status: Job.Status = Job.Status.QUEUED) -> str:
    """The id of a job, as the queues have it, put into that status."""
    job, is_new = jobs.create(asked(owner))
    assert is_new
    if status != Job.Status.QUEUED:
        Job.objects.filter(pk=job.pk).update(status=status)
    return str(job.pk)


def row(job_id: str) -> dict[str, Any]:
    """All there is about a job."""
    return dict(Job.objects.filter(pk=job_id).values().get())


def started(worker: str = "one", attempt: int = 1) -> dict[str, Any]:
    """An executor's word for the recorder, as it comes out of the queue."""
    return travelled(worker=worker, attempt=attempt, started_at=STARTED_AT.timestamp())


def ended(complete: Complete = WELL, worker: str = "one", attempt: int = 1) -> dict[str, Any]:
    return travelled(
        complete=complete.model_dump(mode="json"),
        worker=worker,
        attempt=attempt,
        output_bytes=3 * 2**31,
        started_at=STARTED_AT.timestamp(),
        finished_at=FINISHED_AT.timestamp(),
    )


async def speak(
    job_id: str, *output: bytes, end: Complete | None = None, attempt: int = 1, seq: int = 0
) -> None:
    """What an executor journals of a run after event number `seq`."""
    publisher = Publisher(job_id, attempt, seq)
    for raw in output:
        await publisher.publish_output("stdout", "run", raw)
    if end is not None:
        await publisher.publish_complete(end)


def travelled(**facts: Any) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(json.dumps(facts))
    return values


def at_once(what: Callable[[int], T], times: int) -> list[T]:
    """What `what(0)`, `what(1)` … return when threads begin them together."""
    together = Barrier(times)

    def begin(n: int) -> T:
        try:
            connections["default"].ensure_connection()
            together.wait(30)
            return what(n)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(begin, range(times)))


@dataclass
class Clock:
    """Stands in for `time` and `timezone`; begins now."""

    gone_s: float = 0.0

    def __post_init__(self) -> None:
        self._began = time.time()

    def time(self) -> float:
        return self._began + self.gone_s

    def monotonic(self) -> float:
        return self.gone_s

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time(), UTC)
