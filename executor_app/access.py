"""Who sees a job, and whom its owner lets see it.

A job is its owner's. Staff who may see jobs, those whom the owner shared it with, and whoever has
the job's link read it; some of these the owner lets type. For everybody else it does not exist: one
question to the database, which answers with nothing whether there is such a job or not.
"""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from typing import Final

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.db.models import BinaryField, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Substr

from . import audit
from .errors import UserError
from .identity import Caller
from .models import GLIMPSE_BYTES, Glimpse, Job, JobLink, JobShare

MOST_SHARES: Final = 50
# 128 bits, which nobody guesses.
TOKEN_BYTES: Final = 16
NO_SUCH_JOB: Final = "There is no such job."
READ_ONLY: Final = "You may read this job, but only its owner may do that."
BY_LINK: Final = "whoever has its link"
BY_LINK_TYPING: Final = f"{BY_LINK}, who may type"
NOT_TYPING: Final = "You may read this job. To type, ask its owner to share it so that you may."


class NoSuchJobError(UserError):
    """Not there, or not for this caller: nobody learns which."""

    def __init__(self) -> None:
        super().__init__("no_such_job", NO_SUCH_JOB)


class ReadOnlyError(UserError):
    def __init__(self, message: str = READ_ONLY) -> None:
        super().__init__("read_only", message)


class TooManySharesError(UserError):
    def __init__(self) -> None:
        text = f"A job can be shared with {MOST_SHARES} people at most. Take somebody out first."
        super().__init__("too_many_shares", text)


@dataclass(frozen=True, slots=True)
class Seen:
    job: Job
    is_owner: bool
    may_type: bool


def find(job_id: str, caller: Caller, link: str = "") -> Seen:
    """The job as this caller sees it; raises NoSuchJobError, and writes that down."""
    try:
        wanted = uuid.UUID(job_id)
    except ValueError:
        wanted = uuid.UUID(int=0)  # asks all the same, and is answered the same
    seen = _look(wanted, caller, link)
    if seen is None:
        audit.record(audit.Kind.NO_SUCH_JOB, job_id=job_id, **caller.facts)
        raise NoSuchJobError
    return seen


def look_again(job_id: str, caller: Caller, link: str = "") -> Seen | None:
    """The same for who has found it before; None where they may no longer see it."""
    return _look(uuid.UUID(job_id), caller, link)


def _look(job_id: uuid.UUID, caller: Caller, link: str) -> Seen | None:
    job = _visible_to(caller, link).filter(pk=job_id).first()
    if job is None:
        return None
    is_owner = job.owner_key == caller.owner.key
    return Seen(job, is_owner, is_owner or may_type(str(job_id), caller, link))


def find_by_link(link: str, caller: Caller) -> Seen:
    """The job that this link leads to; raises NoSuchJobError, and writes that down."""
    link = link.replace("\0", "")  # PostgreSQL knows no such text
    held = JobLink.objects.filter(token=link).values_list("job_id", flat=True).first()
    return find(str(held or ""), caller, link)


def find_own(job_id: str, caller: Caller) -> Job:
    """The same for what only the owner may do; raises ReadOnlyError to who may only read."""
    seen = find(job_id, caller)
    if not seen.is_owner:
        audit.record(audit.Kind.NOT_PERMITTED, job_id=job_id, **caller.facts)
        raise ReadOnlyError
    return seen.job


def _visible_to(caller: Caller, link: str = "") -> QuerySet[Job]:
    if caller.sees_all_jobs:
        return Job.objects.all()
    visible = Q(owner_key=caller.owner.key)
    if caller.user is not None:
        shared = JobShare.objects.filter(job=OuterRef("pk"), user_id=caller.user.pk)
        visible |= Q(Exists(shared))
    if link:
        visible |= Q(Exists(JobLink.objects.filter(job=OuterRef("pk"), token=link)))
    return Job.objects.filter(visible)


def glimpses(jobs: list[Job]) -> dict[uuid.UUID, Glimpse]:
    """Which program each of them ran. Of their sources no more than the beginnings are read."""
    beginning = Substr("source", 1, GLIMPSE_BYTES, output_field=BinaryField())
    found = Job.objects.filter(pk__in=[job.pk for job in jobs]).values_list("pk", beginning)
    return {pk: Glimpse.of(source) for pk, source in found}


def own_jobs(caller: Caller, before: uuid.UUID | None, most: int) -> list[Job]:
    """Newest first, those older than the job `before`; raises NoSuchJobError where it is not own.

    Behind an address there may be many people, who are not to see a list of each other's jobs:
    each knows the ids of their own.
    """
    own = Job.objects.filter(owner_key=caller.owner.key).order_by("-created_at", "-pk")
    if caller.owner.key.startswith("address:"):
        own = own.none()
    if before is not None:
        place = own.filter(pk=before).values_list("created_at", flat=True).first()
        if place is None:
            raise NoSuchJobError
        own = own.filter(Q(created_at__lt=place) | Q(created_at=place, pk__lt=before))
    return list(own.defer("source", "stdin")[:most])


def may_type(job_id: str, caller: Caller, link: str = "") -> bool:
    """Whether the owner lets this caller, who is another, type into the job: now, since it may be
    taken back while they are there."""
    with_link = JobLink.objects.filter(job_id=job_id, token=link, may_type=True)
    if link and with_link.exists():
        return True
    if caller.user is None:
        return False
    return JobShare.objects.filter(job_id=job_id, user_id=caller.user.pk, may_type=True).exists()


def shared_with(job: Job) -> dict[str, bool]:
    """The names as the owner wrote them, whether there are such accounts or not, and which of them
    may type."""
    return dict(job.shares.order_by("name").values_list("name", "may_type"))


def share(job: Job, name: str, caller: Caller, *, may_type: bool = False) -> None:
    """Lets the account of that name read the job, if there is one; nobody is told whether."""
    accounts = get_user_model()
    user = accounts.objects.filter(username=accounts.normalize_username(name)).first()
    if job.shares.exclude(name=name).count() >= MOST_SHARES:
        raise TooManySharesError
    try:
        with transaction.atomic():
            held, changed = JobShare.objects.get_or_create(
                job=job, name=name, defaults={"user": user, "may_type": may_type}
            )
            # The account was made later, or another has the name now; or typing is given or taken.
            if (held.user, held.may_type) != (user, may_type):
                same = JobShare.objects.filter(pk=held.pk)
                changed = bool(same.update(user=user, may_type=may_type))
    except IntegrityError:
        raise NoSuchJobError from None  # it, or the account, was deleted this moment
    if changed:
        who = f"{name}, who may type" if may_type else name
        _audit(audit.Kind.JOB_SHARED, job, who, caller)


def unshare(job: Job, name: str, caller: Caller) -> None:
    if job.shares.filter(name=name).delete()[0]:
        _audit(audit.Kind.JOB_UNSHARED, job, name, caller)


def link_of(job: Job) -> JobLink | None:
    return JobLink.objects.filter(job=job).first()


def give_link(job: Job, caller: Caller, *, may_type: bool) -> JobLink:
    """The job's link, made where there is none; who has it may type, or may no more."""
    with transaction.atomic():
        link, changed = JobLink.objects.get_or_create(
            job=job, defaults={"token": new_token(), "may_type": may_type}
        )
        if link.may_type != may_type:
            link.may_type = may_type
            link.save(update_fields=["may_type"])
            changed = True
    if changed:
        _audit(audit.Kind.JOB_SHARED, job, BY_LINK_TYPING if may_type else BY_LINK, caller)
    return link


def withdraw_link(job: Job, caller: Caller) -> None:
    if JobLink.objects.filter(job=job).delete()[0]:
        _audit(audit.Kind.JOB_UNSHARED, job, BY_LINK, caller)


def new_token() -> str:
    """What makes a link one that nobody guesses."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def _audit(kind: audit.Kind, job: Job, who: str, caller: Caller) -> None:
    audit.record(kind, job_id=str(job.pk), detail=f"with {who}", **caller.facts)
