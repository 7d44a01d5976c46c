"""From a checked `execute` message to a job in the queue, or to the reason why not."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from . import allowances, audit, dispatch, jobs
from .allowances import Share
from .conf import conf
from .database import visit, visit_or_undo
from .errors import UserError
from .languages import Language, UnknownLanguage, find
from .models import Job
from .protocol import CloseCode, Complete, Execute, FinalStatus, SourceFile
from .relay import presence, queue, quotas
from .relay.events import SupersededError, publish_end
from .relay.remains import forget_later
from .validation import Finding, Policy, validate

# The list of executors is asked for at most this often by one web process.
EXECUTORS_FRESH_S: Final = 1.0
# As many as a UUID has in its shortest form.
UNGUESSABLE_CHARS: Final = 32
# The check of so little takes 3 ms at worst, and mostly less than to bother a thread with it.
SHORT_BYTES: Final = 256
NOT_QUEUED: Final = "The server could not queue this program. Run it again in a moment."


class RefusedError(UserError):
    """The job cannot start; the socket is closed with `close_code`."""

    def __init__(
        self,
        close_code: CloseCode,
        code: str,
        message: str,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(code, message)
        self.close_code = close_code
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Checked:
    """A submission that can become a job; with `findings` it becomes a rejected one."""

    job_id: uuid.UUID
    message: Execute
    owner: jobs.Owner
    payers: Sequence[str]
    language: Language
    version: str
    files: Sequence[SourceFile]
    policy: Policy
    findings: Sequence[Finding]


async def check(message: Execute, owner: jobs.Owner, shares: Sequence[Share]) -> Checked:
    """Raises RefusedError: too many, unknown language, or nobody who can run it.

    A submission counts before anything is done for it, and a job as soon as it is sure to be one.
    """
    job_id = uuid.uuid4()
    try:
        await allowances.count_submission(shares)
        checked = await _check(job_id, message, owner, [share.payer for share in shares])
        if not checked.findings:
            await allowances.admit(str(job_id), shares)
    except allowances.TooManyError as error:
        await audit.record_async(
            audit.Kind.LIMIT_HIT,
            owner_key=owner.key,
            user_id=owner.user_id,
            address=owner.address,
            detail=error.message,
        )
        raise RefusedError(
            CloseCode.TOO_MANY, error.code, error.message, error.retry_after_s
        ) from error
    return checked


async def _check(
    job_id: uuid.UUID, message: Execute, owner: jobs.Owner, payers: Sequence[str]
) -> Checked:
    language = _language(message.language)
    version = await _offered_version(language)
    files = message.files or [SourceFile(name=language.file_name, content=message.code or "")]
    policy = Policy(conf().validation)
    contents = [(file.name, file.raw) for file in files]
    checking = partial(validate, language.name, contents, policy)
    # The parser of Python holds the interpreter's lock in pieces; in a thread others go on.
    short = sum(len(raw) for _, raw in contents) <= SHORT_BYTES
    findings = checking() if short else await asyncio.to_thread(checking)
    return Checked(job_id, message, owner, payers, language, version, files, policy, findings)


def request_id_of(message: Execute, owner: jobs.Owner) -> str:
    """Empty where it cannot be told who repeats it.

    Behind one address there may be many people without a session. What one of them sends must not
    lead another to their job, so for them it has to be something that nobody guesses.
    """
    given = message.request_id or ""
    shared = owner.key.startswith("address:")
    return "" if shared and len(given) < UNGUESSABLE_CHARS else given


def find_repeated(message: Execute, owner: jobs.Owner) -> Job | None:
    """The job that this message asked for before, whether it could be run now or not."""
    request_id = request_id_of(message, owner)
    return jobs.find_request(owner, request_id) if request_id else None


async def record_in_time(checked: Checked) -> tuple[Job, bool]:
    """As `record`. Raises TimeoutError; a row that is written after that is of a failed job."""

    async def undo(recorded: tuple[Job, bool]) -> None:
        job, is_new = recorded
        if is_new:
            await give_up(job, checked)

    return await visit_or_undo(lambda: record(checked), undo)


def record(checked: Checked) -> tuple[Job, bool]:
    """The row of this job; of an earlier one where the client repeats its `request_id`."""
    message = checked.message
    return jobs.create(
        jobs.Request(
            owner=checked.owner,
            request_id=request_id_of(message, checked.owner),
            language=checked.language.name,
            version=checked.version,
            policy=checked.policy.value,
            files=checked.files,
            args=message.args,
            tty=message.on_terminal,
            stdin=message.stdin_raw,
            limits=message.limits.model_dump(exclude_none=True) if message.limits else {},
            job_id=checked.job_id,
        )
    )


async def enqueue(job: Job, checked: Checked) -> None:
    """Puts the job into the queue, which says so; ends it where it cannot."""
    try:
        await _enqueue(str(job.pk), checked)
    except SupersededError:  # cancelled already, from elsewhere
        await release(checked)
    except (BrokerError, RedisError, OSError):
        await give_up(job, checked)
        raise


async def _enqueue(job_id: str, checked: Checked) -> None:
    message = checked.message
    order = dispatch.Order(
        job_id=job_id,
        owner=checked.owner.key,
        payers=checked.payers,
        language=checked.language.name,
        files=[(file.name, file.raw) for file in checked.files],
        args=message.args,
        stdin=message.stdin_raw,
        tty=message.on_terminal,
        cols=message.cols,
        rows=message.rows,
        limits=_limits(message),
        seq=queue.QUEUED_SEQ,
        flow_control=message.flow_control,
    )
    await dispatch.enqueue(order)


async def release(checked: Checked) -> None:
    """There is no job after all: its place is free."""
    await quotas.release(str(checked.job_id), checked.payers)


async def give_up(job: Job, checked: Checked) -> None:
    """Ends a job whose order could not be sent."""
    complete = Complete(status=FinalStatus.FAILED, message=NOT_QUEUED)
    await visit(jobs.finish, str(job.pk), complete)
    with contextlib.suppress(RedisError, OSError):
        await release(checked)
        await dispatch.withdraw(str(job.pk))
        await publish_end(str(job.pk), complete)
        await forget_later(str(job.pk))


def rejection(checked: Checked) -> str:
    first = checked.findings[0]
    more = len(checked.findings) - 1
    others = f" and {more} more place{'s' if more > 1 else ''}" if more else ""
    return (
        f"The program was not started, because of line {first.line}, column {first.column} of "
        f"{first.file}{others}: {first.message}"
    )


async def reject(job: Job, checked: Checked) -> None:
    """Ends a job that the policy refuses, before it was ever queued."""
    complete = Complete(status=FinalStatus.REJECTED, message=rejection(checked))
    await visit(jobs.finish, str(job.pk), complete)
    await publish_end(str(job.pk), complete)
    await forget_later(str(job.pk))


def _language(name: str) -> Language:
    try:
        return find(name)
    except UnknownLanguage as error:
        raise RefusedError(
            CloseCode.BAD_FIRST_MESSAGE, "unknown_language", f"`language`: {error.args[0]}"
        ) from error


# When they were asked for, and what they said.
_executors: tuple[float, dict[str, dict[str, Any]]] = (0.0, {})


async def _offered_version(language: Language) -> str:
    global _executors
    if not _executors[1] or time.monotonic() - _executors[0] > EXECUTORS_FRESH_S:
        _executors = (time.monotonic(), await presence.executors())
    there = _executors[1]
    if not there:
        raise RefusedError(
            CloseCode.NO_WORKER,
            "no_worker",
            "No machine that runs programs is connected just now. Try again in a minute.",
        )
    reasons = []
    for facts in there.values():
        offer = facts["languages"].get(language.name, {"version": "", "reason": "not offered"})
        if not offer["reason"]:
            return str(offer["version"])
        reasons.append(offer["reason"])
    raise RefusedError(
        CloseCode.NO_WORKER,
        "language_unavailable",
        f"{language.title} cannot be run just now: {reasons[0]}",
    )


def _limits(message: Execute) -> dict[str, float | None]:
    if message.limits is None:
        return {}
    values: dict[str, float | None] = message.limits.model_dump()
    return values
