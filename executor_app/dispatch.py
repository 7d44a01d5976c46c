"""The two Celery queues and what travels in them, by name: whoever sends a task needs no code of
whoever runs it. What an executor has to know about a job is all in its order."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from codr.celery import app

JOBS_QUEUE: Final = "jobs"
RECORDS_QUEUE: Final = "records"
EXECUTE: Final = "executor_app.tasks.execute_job_interactive"
RECORD_START: Final = "executor_app.records.record_start"
RECORD_RESULT: Final = "executor_app.records.record_result"


@dataclass(frozen=True, slots=True)
class Order:
    """One job for an executor. `seq` is the last event journalled before it was sent."""

    job_id: str
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

    def as_message(self) -> dict[str, Any]:
        """Plain JSON; bytes as base64."""
        return {
            "job_id": self.job_id,
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
        }

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> Order:
        values = dict(message)
        values["files"] = [(name, base64.b64decode(text)) for name, text in values["files"]]
        if values["stdin"] is not None:
            values["stdin"] = base64.b64decode(values["stdin"])
        return cls(**values)


def send_order(order: Order) -> None:
    app.send_task(EXECUTE, args=[order.as_message()], queue=JOBS_QUEUE)


def send_record(task: str, job_id: str, facts: Mapping[str, Any]) -> None:
    """Tells the recorder; `task` is RECORD_START or RECORD_RESULT."""
    app.send_task(task, args=[job_id, dict(facts)], queue=RECORDS_QUEUE)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
