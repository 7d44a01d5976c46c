"""What the admin's page of one job shows, in units that people read."""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from asgiref.sync import async_to_sync
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import date_format
from redis.exceptions import RedisError

from . import transcripts
from .conf import conf
from .languages import languages
from .models import Job, Transcript, unpack_stdin
from .relay.events import Entry, read_events
from .relay.inputs import read_inputs
from .rendering import source, transcript
from .rendering.unseen import visible

logger = logging.getLogger(__name__)

# What is read of the journals of a job that still runs: a page is not worth more.
LIVE_BYTES: Final = 1024 * 1024
LIVE_S: Final = 3.0

# Status by a sign, a word and a colour, so that none of them is needed.
SIGNS: Final = {
    Job.Status.QUEUED: ("…", "waiting"),
    Job.Status.RUNNING: ("▶", "active"),
    Job.Status.COMPLETED: ("✓", "good"),
    Job.Status.CANCELLED: ("■", "ended"),
    Job.Status.REJECTED: ("⊘", "ended"),
    Job.Status.FAILED: ("✗", "ours"),
}
OTHER_SIGN: Final = ("!", "bad")
NOTHING: Final = "-"


@dataclass(frozen=True, slots=True)
class Said:
    """A job's transcript entries, wherever they were found; `remark` says what is missing."""

    items: Sequence[dict[str, Any]]
    remark: str = ""
    is_live: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    label: str
    value: str
    url: str = ""
    exactly: str = ""


# --- words and units ----------------------------------------------------------------------------


def sign(status: str) -> tuple[str, str]:
    """The sign of a status, and the class that colours it."""
    return SIGNS.get(Job.Status(status), OTHER_SIGN) if status in Job.Status else OTHER_SIGN


def seconds(value: float | None) -> str:
    if value is None:
        return NOTHING
    if value < 1:
        return f"{value * 1000:.0f} ms"
    if value < 60:
        return f"{value:.2f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s"


def size(value: int | None) -> str:
    return NOTHING if value is None else filesizeformat(value).replace("\xa0", " ")


def owner(job: Job) -> str:
    """An account by its name. A session's key opens that session: its beginning is enough."""
    if job.owner is not None:
        return str(job.owner.get_username())
    kind, _, key = job.owner_key.partition(":")
    return f"{kind} {key[:8]}…" if kind == "session" else f"{kind} {key}"


def owner_search(job: Job) -> str:
    """What finds the other jobs of this job's owner in the list."""
    kind, _, key = job.owner_key.partition(":")
    return f"{kind}:{key[:8]}" if kind == "session" else job.owner_key


def ended_with(job: Job) -> str:
    if job.signal:
        return job.signal
    return NOTHING if job.exit_code is None else f"exit {job.exit_code}"


def facts(job: Job) -> list[tuple[str, list[Fact]]]:
    """Titled groups of facts; every value is plain text, for the template to escape."""
    groups = (
        ("How it ended", _end(job)),
        ("When and where", _course(job)),
        ("What and who", _ask(job)),
    )
    return [
        (title, [replace(fact, value=visible(fact.value)) for fact in group])
        for title, group in groups
    ]


def _end(job: Job) -> list[Fact]:
    code = NOTHING if job.exit_code is None else str(job.exit_code)
    return [
        Fact("Exit code", code),
        Fact("Signal", job.signal or NOTHING),
        Fact("Run time without waits", seconds(job.execution_time)),
        Fact("CPU time", seconds(job.cpu_time)),
        Fact("Memory at its highest", size(job.memory), exactly=_bytes(job.memory)),
        Fact("Output", size(job.output_bytes), exactly=_bytes(job.output_bytes)),
        Fact("Output cut off", "yes" if job.truncated else "no"),
    ]


def _course(job: Job) -> list[Fact]:
    return [
        Fact("Created", _time(job.created_at)),
        Fact("Started", _time(job.started_at)),
        Fact("Finished", _time(job.finished_at)),
        Fact("Waited in the queue", _between(job.created_at, job.started_at)),
        Fact("From start to finish", _between(job.started_at, job.finished_at)),
        Fact("Worker", job.worker or NOTHING),
        Fact("Attempt", str(job.attempt) if job.attempt else NOTHING),
    ]


def _ask(job: Job) -> list[Fact]:
    return [
        Fact("Language", f"{job.language} ({job.version})" if job.version else job.language),
        Fact("Validation policy", job.policy or NOTHING),
        Fact("Connected to", "a terminal" if job.tty else "pipes"),
        Fact("Input beforehand", _input_of(job)),
        Fact("Owner", owner(job), url="?" + urlencode({"q": owner_search(job)})),
        Fact("Request id", job.request_id or NOTHING),
        Fact("User agent", job.user_agent or NOTHING),
        Fact("Job id", str(job.pk)),
    ]


def _input_of(job: Job) -> str:
    """What somebody typed is not for this place; how much it was is."""
    try:
        raw = unpack_stdin(job.stdin)
    except zlib.error:
        return "cannot be read"
    return NOTHING if raw is None else size(len(raw))


def _bytes(value: int | None) -> str:
    return "" if value is None else f"{value} bytes"


def _time(at: datetime | None) -> str:
    if at is None:
        return NOTHING
    local = timezone.localtime(at)
    return date_format(local, "Y-m-d H:i:s") + f".{local.microsecond // 1000:03d} {local.tzname()}"


def _between(start: datetime | None, end: datetime | None) -> str:
    if start is None or end is None:
        return NOTHING
    # Two hosts' clocks: a little below nothing is nothing.
    return seconds(max(end - start, timedelta()).total_seconds())


# --- what was said ------------------------------------------------------------------------------


def said(job: Job) -> Said:
    """The transcript that was kept; for a job without one, what its journals hold now."""
    kept = Transcript.objects.filter(pk=job.pk).first()
    if kept is None and job.transcript_expired_at is not None:
        on = date_format(timezone.localtime(job.transcript_expired_at), "Y-m-d")
        return Said([], f"The transcript was older than is kept, and was deleted on {on}.")
    if kept is None:
        return _said_so_far(job)
    try:
        items = kept.entries
    except (zlib.error, ValueError):
        logger.exception("job %s: its transcript cannot be read", job.pk)
        return Said([], "The transcript that was kept cannot be read.")
    left_out = kept.left_out_bytes
    remark = f"{size(left_out)} in the middle were not kept." if left_out else ""
    return Said(items, remark)


def _said_so_far(job: Job) -> Said:
    live = not job.is_over
    try:
        items, is_all = async_to_sync(_read_journals)(str(job.pk))
    except (RedisError, OSError, TimeoutError):
        logger.exception("job %s: its journals cannot be read", job.pk)
        return Said([], "Redis does not answer, so what was said so far cannot be shown.", live)
    remark = "" if is_all else f"Only the first {size(LIVE_BYTES)} are shown while the job runs."
    return Said(items, remark, live)


async def _read_journals(job_id: str) -> tuple[list[dict[str, Any]], bool]:
    async with asyncio.timeout(LIVE_S):
        events: list[Entry] = []
        room = LIVE_BYTES
        async for entry in read_events(job_id, 0):
            room -= len(entry.frame)
            if room < 0:
                break
            events.append(entry)
        inputs = await read_inputs(job_id)
    items, _ = transcripts.build(events, inputs, conf().transcript_bytes)
    return items, room >= 0


def stream_bytes(items: Iterable[dict[str, Any]], stream: str) -> bytes:
    return b"".join(transcript.raw(item) for item in items if item.get("stream") == stream)


def source_files(job: Job) -> list[source.ShownFile]:
    try:
        files = job.files
    except (zlib.error, ValueError):
        logger.exception("job %s: its source cannot be read", job.pk)
        return []
    offered = languages()
    by_extension = {end: language for language in offered.values() for end in language.extensions}
    return source.render(files, offered.get(job.language), by_extension)
