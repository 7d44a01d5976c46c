"""A typed view of the settings that are Codr's own. `codr/settings.py` reads them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Conf:
    """Times in seconds, sizes in bytes. docs/configuration.md says what each is for."""

    sandbox: str
    limits_by: Literal["cgroup", "auto"]
    validation: str
    allow_anonymous: bool
    rate_limits: bool
    submissions_per_minute: int
    concurrent_jobs: int
    cpu_seconds_per_hour: int
    owners_per_address: int
    trusted_proxies: int
    request_s: float
    ping_interval_s: float
    ping_timeout_s: float
    connections_per_address: int
    unread_bytes: int
    job_weight: float
    job_cpus: float
    executor_slots: int
    working_jobs: int
    compile_cache: Literal["owner", "shared", "off"]
    compile_cache_bytes: int
    precompiled_headers: bool
    warm: int
    executor_name: str
    first_message_s: float
    client_grace_s: float
    stop_grace_s: float
    lease_s: float
    attempts: int
    queue_patience_s: float
    journal_bytes: int
    journal_keep_s: float
    ended_journals_bytes: int
    flow_window_bytes: int
    transcript_bytes: int
    audit_keep_days: float
    job_keep_days: float
    transcript_keep_days: float
    programs_per_owner: int
    program_bytes_per_owner: int
    anonymous_program_keep_days: float
    embed_origins: tuple[str, ...]


def conf() -> Conf:
    values: dict[str, Any] = settings.CODR
    return Conf(**values)


def redis_url() -> str:
    return str(settings.REDIS_URL)


def keepalive() -> dict[int, int]:
    """How the kernel finds out that the other end of a connection is no longer there."""
    return dict(settings.KEEPALIVE)


def version() -> str:
    """Of Codr."""
    return str(settings.VERSION)


def state_dir() -> Path:
    return Path(settings.STATE_DIR)
