"""How jobs get to executors and their results to the recorder.

An order, which has all that an executor has to know about a job, waits in the fair queue of the
relay; Celery's queue of jobs carries tickets, each good for the order whose turn it is when the
ticket is taken. Tasks are sent by name: whoever sends one needs no code of whoever runs it.
"""

from __future__ import annotations

import base64
import functools
import json
import time
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any, Final

from kombu import Connection
from kombu.utils.json import dumps

from codr.celery import app

from . import trace
from .relay import queue, quotas, versions

JOBS_QUEUE: Final = "jobs"
RECORDS_QUEUE: Final = "records"
EXECUTE: Final = "executor_app.tasks.execute_job_interactive"
RECORD_START: Final = "executor_app.records.record_start"
RECORD_RESULT: Final = "executor_app.records.record_result"


@dataclass(frozen=True, slots=True)
class Order:
    """One job for an executor. `seq` is the last event journalled before it was sent.

    `payers` are those whose jobs at once it counts as and whose CPU time it uses.
    """

    job_id: str
    owner: str
    payers: Sequence[str]
    language: str
    files: Sequence[tuple[str, bytes]]
    args: Sequence[str]
    stdin: bytes | None
    tty: bool
    cols: int
    rows: int
    limits: Mapping[str, float | None]
    seq: int
    attempt: int = 1
    flow_control: bool = False

    def as_text(self) -> str:
        """JSON; bytes as base64."""
        values = {
            "v": versions.WRITTEN,
            "job_id": self.job_id,
            "owner": self.owner,
            "payers": list(self.payers),
            "language": self.language,
            "files": [[name, _text(content)] for name, content in self.files],
            "args": list(self.args),
            "stdin": None if self.stdin is None else _text(self.stdin),
            "tty": self.tty,
            "cols": self.cols,
            "rows": self.rows,
            "limits": dict(self.limits),
            "seq": self.seq,
            "attempt": self.attempt,
            "flow_control": self.flow_control,
        }
        return json.dumps(values, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Order:
        """Raises NewerVersionError."""
        values: dict[str, Any] = json.loads(text)
        versions.check("an order", values.pop("v", 0))
        values["files"] = [(name, base64.b64decode(text)) for name, text in values["files"]]
        if values["stdin"] is not None:
            values["stdin"] = base64.b64decode(values["stdin"])
        return cls(**values)


class Turn:
    """What a ticket was good for: the job that it took, as long as there is one."""

    def __init__(self) -> None:
        self.began_ns = time.monotonic_ns()
        self.order: Order | None = None
        self.started_at = 0.0
        # What the recorder has to know; None of a job that was superseded, and where none was left.
        # Raises NewerVersionError.
        self.result: Future[dict[str, Any] | None]


async def enqueue(order: Order) -> None:
    """Says that the job is queued, and puts its order and a ticket for it into their queues.

    Raises SupersededError."""
    await queue.put(order.job_id, order.owner, order.as_text(), ticket())
    trace.mark(order.job_id, "web: has said that it is queued")


def ticket() -> str:
    """What `send_tickets` would send. All that tells one from another are its two numbers."""
    made, message_id, tag = _made_ticket()
    return made.replace(message_id, str(uuid.uuid4())).replace(tag, str(uuid.uuid4()))


@functools.cache
def _made_ticket() -> tuple[str, str, str]:
    """Made by Celery and kombu, sent to nobody: its text, its number and that of its delivery."""
    with Connection("memory://") as connection:
        app.send_task(EXECUTE, queue=JOBS_QUEUE, connection=connection)
        channel: Any = connection.default_channel
        message = channel.basic_get(JOBS_QUEUE, no_ack=True).serializable()
    return dumps(message), message["headers"]["id"], message["properties"]["delivery_tag"]


def send_tickets(count: int) -> None:
    for _ in range(count):
        app.send_task(EXECUTE, queue=JOBS_QUEUE)


async def take(executor: str) -> Order | None:
    """The order whose turn it is, held from now on; None where somebody else has taken it.

    Raises NewerVersionError for one that waits again, for an executor that can read it.
    """
    taken = await queue.take(executor)
    if taken is None:
        return None
    text, attempt = taken
    try:
        return replace(Order.from_text(text), attempt=attempt)
    except versions.NewerVersionError:
        await queue.put_back(json.loads(text)["job_id"], executor)
        raise


async def withdraw(job_id: str) -> bool:
    """Takes a job out of the queue; False where an executor has it, or had."""
    text = await queue.withdraw(job_id)
    if text is None:
        return False
    await quotas.release(job_id, payers_of(text))
    return True


def payers_of(text: str) -> list[str]:
    """Of an order of whatever version: this is where it stands in all of them."""
    payers: list[str] = json.loads(text)["payers"]
    return payers


def send_record(task: str, job_id: str, facts: Mapping[str, Any]) -> None:
    """Tells the recorder; `task` is RECORD_START or RECORD_RESULT."""
    told = {"v": versions.WRITTEN, **facts}
    app.send_task(task, args=[job_id, told], queue=RECORDS_QUEUE)


def result_facts(
    complete: Mapping[str, Any],
    *,
    worker: str = "",
    attempt: int = 0,
    output_bytes: int = 0,
    started_at: float | None = None,
) -> dict[str, Any]:
    """What RECORD_RESULT tells of a job that ends now, `complete` as JSON; times in seconds since
    the epoch. The defaults are those of a job that no executor has had."""
    return {
        "complete": complete,
        "worker": worker,
        "attempt": attempt,
        "output_bytes": output_bytes,
        "started_at": started_at,
        "finished_at": time.time(),
    }


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
