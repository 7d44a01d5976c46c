"""The HTTP API: one's jobs, what was said in them, who may see them, and ending one.

Starting a job and talking to it is the socket's. `openapi.py` describes each address here.
"""

from __future__ import annotations

import asyncio
import contextlib
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from asgiref.sync import async_to_sync
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.urls import reverse
from redis.exceptions import RedisError

from . import access
from .answers import (
    Cancelling,
    JobDetail,
    JobLinked,
    JobListed,
    JobPage,
    JobsQuery,
    JobTranscript,
    JobWatched,
    LinkRequest,
    Me,
    ShareRequest,
    Shares,
    TranscriptEntry,
)
from .callers import body_of, for_callers, iso, query_of
from .control import cancel_job
from .errors import UserError
from .identity import Caller
from .models import Glimpse, Job, Transcript
from .program_api import files_of, given_to
from .relay.client import wait_for
from .relay.events import publish_access_changed
from .relay.inputs import TooMuchInputError

CANCEL_S: Final = 5.0


@for_callers("GET", "HEAD")
def me(request: HttpRequest, caller: Caller) -> Me:
    """Who one is. Also gives a browser the token that it needs for what changes something."""
    if caller.key is None:
        get_token(request)
    return Me(
        signed_in=caller.user is not None,
        name=caller.user.get_username() if caller.user is not None else "",
        staff=caller.user is not None and caller.user.is_staff,
        key=caller.key.shown if caller.key is not None else "",
    )


@for_callers("GET", "HEAD")
def jobs(request: HttpRequest, caller: Caller) -> JobPage:
    asked = query_of(request, JobsQuery)
    # One more than is shown: whether there are more.
    found = access.own_jobs(caller, asked.before, asked.limit + 1)
    shown = found[: asked.limit]
    more = len(found) > len(shown)
    glimpses = access.glimpses(shown)
    return JobPage(
        jobs=[_listed(job, glimpses.get(job.pk, Glimpse())) for job in shown],
        next=str(shown[-1].pk) if more else None,
    )


@for_callers("GET", "HEAD")
def job(request: HttpRequest, caller: Caller, job_id: str) -> JobDetail:
    seen = access.find(job_id, caller)
    found = seen.job
    shared = access.shared_with(found) if seen.is_owner else {}
    return JobDetail(
        **_facts(found),
        **given_to(found),
        access="owner" if seen.is_owner else "reader",
        tty=found.tty,
        files=files_of(found),
        request_id=found.request_id if seen.is_owner else "",
        may_type=seen.may_type,
        shared_with=list(shared),
        typists=_typists(shared),
        transcript=reverse("api-transcript", args=[found.pk]),
    )


@for_callers("GET", "HEAD")
def transcript(request: HttpRequest, caller: Caller, job_id: str) -> JobTranscript:
    found = access.find(job_id, caller).job
    kept = Transcript.objects.filter(pk=found.pk).first()
    if kept is None:
        return JobTranscript(kept=False, entries=[], left_out_bytes=0)
    entries = [TranscriptEntry(**{"encoding": None} | entry) for entry in _readable(kept)]
    return JobTranscript(kept=True, entries=entries, left_out_bytes=kept.left_out_bytes)


@for_callers("POST", "DELETE")
def shares(request: HttpRequest, caller: Caller, job_id: str) -> Shares:
    """Answers the same whether there is such an account or not."""
    give = request.method == "POST"
    asked = (body_of if give else query_of)(request, ShareRequest)
    found = access.find_own(job_id, caller)
    if give:
        access.share(found, asked.user, caller, may_type=asked.may_type)
    else:
        access.unshare(found, asked.user, caller)
    with contextlib.suppress(RedisError, OSError):  # who types is asked for it each time anyway
        wait_for(publish_access_changed(str(found.pk)))
    shared = access.shared_with(found)
    return Shares(shared_with=list(shared), typists=_typists(shared))


def _typists(shared: Mapping[str, bool]) -> list[str]:
    return [name for name, may_type in shared.items() if may_type]


@for_callers("GET", "HEAD", "PUT", "DELETE")
def link(request: HttpRequest, caller: Caller, job_id: str) -> JobLinked:
    """Who follows the job by it learns at once what they may now, or that it leads nowhere; where
    they cannot be told, its owner is told that, and tries again."""
    asked = body_of(request, LinkRequest) if request.method == "PUT" else None
    found = access.find_own(job_id, caller)
    held = access.link_of(found)
    if asked is not None:
        held = access.give_link(found, caller, may_type=asked.may_type)
    elif request.method == "DELETE":
        access.withdraw_link(found, caller)
        held = None
    if request.method in ("PUT", "DELETE"):
        wait_for(publish_access_changed(str(found.pk)))
    if held is None:
        return JobLinked(link=None, may_type=False)
    return JobLinked(link=held.token, may_type=held.may_type)


@for_callers("GET", "HEAD")
def watched(request: HttpRequest, caller: Caller, link: str) -> JobWatched:
    seen = access.find_by_link(link, caller)
    found = seen.job
    return JobWatched(
        job_id=str(found.pk),
        language=found.language,
        version=found.version,
        status=found.status,
        files=files_of(found),
        may_type=seen.may_type,
        is_own=seen.is_owner,
        **given_to(found),
    )


@for_callers("POST")
def cancel(request: HttpRequest, caller: Caller, job_id: str) -> Cancelling:
    found = access.find_own(job_id, caller)
    if found.is_over:
        raise UserError("job_over", "This job is over already.")
    try:
        async_to_sync(_cancel)(str(found.pk))
    except TooMuchInputError:
        text = "This job has been sent all the input that one job may have."
        raise UserError("too_much_input", text) from None
    return Cancelling(id=str(found.pk))


async def _cancel(job_id: str) -> None:
    async with asyncio.timeout(CANCEL_S):
        await cancel_job(job_id)


def _listed(job: Job, glimpse: Glimpse) -> JobListed:
    return JobListed(**_facts(job), file_name=glimpse.file_name, first_line=glimpse.first_line)


def _facts(job: Job) -> dict[str, Any]:
    return {
        "id": str(job.pk),
        "language": job.language,
        "version": job.version,
        "status": job.status,
        "message": job.message,
        "created_at": _time(job.created_at),
        "started_at": _time(job.started_at),
        "finished_at": _time(job.finished_at),
        "exit_code": job.exit_code,
        "signal": job.signal,
        "execution_time": job.execution_time,
        "cpu_time": job.cpu_time,
        "memory": job.memory,
        "output_bytes": job.output_bytes,
        "truncated": job.truncated,
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else iso(at)


def _readable(kept: Transcript) -> list[dict[str, Any]]:
    try:
        return kept.entries
    except (zlib.error, ValueError):
        raise UserError("unavailable", "The transcript that was kept cannot be read.") from None
