"""The names of everything that the relay has in Redis."""

from __future__ import annotations

PREFIX = "codr"
EXECUTORS = f"{PREFIX}:executors"
# Celery keeps a queue as a list of its name behind the prefix that the settings give it.
JOBS_QUEUE = f"{PREFIX}:queue:jobs"


def output_journal(job_id: str) -> str:
    return f"{PREFIX}:job:{job_id}:output"


def input_journal(job_id: str) -> str:
    return f"{PREFIX}:job:{job_id}:input"


def lease(job_id: str) -> str:
    """Held by the executor that runs the job; gone soon after that executor."""
    return f"{PREFIX}:job:{job_id}:lease"


def presence(job_id: str) -> str:
    """Held by whoever follows the job; gone a grace period after the last one."""
    return f"{PREFIX}:job:{job_id}:presence"


def executor(name: str) -> str:
    return f"{PREFIX}:executor:{name}"


def output_group(job_id: str) -> str:
    return f"job.{job_id}.output"


def input_group(job_id: str) -> str:
    return f"job.{job_id}.input"
