"""The admin's pages of what is at work now: the executors that are there, and the queue.

What executors say of themselves is text of other hosts, and owners' keys may be anything: all of
it is shown bounded, escaped and made visible. Nothing here changes anything.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from . import job_page
from .conf import version
from .models import Job
from .relay import leases, presence, queue
from .relay.client import wait_for
from .rendering.unseen import visible

logger = logging.getLogger(__name__)

T = TypeVar("T")
View = Callable[[HttpRequest], HttpResponse]
PATIENCE_S: Final = 3.0
MOST_EXECUTORS: Final = 200
NEXT_OWNERS: Final = 20
LONGEST: Final = 300
UNKNOWN: Final = "unknown"
LIMITS: Final = {
    "cgroup": "control groups, for a job as a whole",
    "rlimit": "setrlimit only, which bounds processes singly",
}


@dataclass(frozen=True, slots=True)
class ShownLanguage:
    name: str
    version: str
    reason: str


@dataclass(frozen=True, slots=True)
class ShownExecutor:
    name: str
    draining: bool
    facts: Sequence[tuple[str, str]]
    languages: Sequence[ShownLanguage]
    warnings: Sequence[str]
    slots: int
    used: int
    version: str


@dataclass(frozen=True, slots=True)
class ShownOwner:
    name: str
    url: str
    jobs: int
    oldest_wait: str


@dataclass(frozen=True, slots=True)
class ShownOverdue:
    job_id: str
    url: str
    executor: str
    attempt: int
    since: str


# --- executors ----------------------------------------------------------------------------------


def executors_view(request: HttpRequest) -> HttpResponse:
    try:
        there = wait_for(_within(presence.heartbeats()))
    except (RedisError, OSError, TimeoutError, ValueError):
        logger.exception("the admin's page of executors: Redis does not answer")
        return _page(request, "executors", "Executors", {"unknown": True})
    shown = [_executor(name, heard) for name, heard in there.items()]
    context = {
        "executors": shown[:MOST_EXECUTORS],
        "left_out": max(0, len(shown) - MOST_EXECUTORS),
        "count": len(shown),
        "draining": sum(each.draining for each in shown),
        "slots": sum(each.slots for each in shown),
        "used": sum(each.used for each in shown),
        "own_version": version(),
        "versions": sorted({each.version for each in shown} | {version()}),
    }
    return _page(request, "executors", "Executors", context)


def _executor(name: str, heard: presence.Heartbeat) -> ShownExecutor:
    facts = heard.facts
    slots, used = _whole(facts.get("slots")), _whole(facts.get("running"))
    limits = str(facts.get("limits", UNKNOWN))
    its_version = _text(facts.get("version", UNKNOWN))
    return ShownExecutor(
        name=_text(name),
        draining=bool(facts.get("stopping")),
        facts=(
            ("Host", _text(facts.get("host", UNKNOWN))),
            ("Codr", its_version),
            ("Slots used", f"{used} of {slots}"),
            ("Sandbox", _text(facts.get("sandbox", UNKNOWN))),
            ("Limits by", _text(LIMITS.get(limits, limits))),
            ("Last heartbeat", f"{heard.age_s:.1f} s ago"),
        ),
        languages=_languages(facts.get("languages")),
        warnings=[_text(each) for each in _list(facts.get("warnings"))],
        slots=slots,
        used=used,
        version=its_version,
    )


def _languages(offers: Any) -> list[ShownLanguage]:
    if not isinstance(offers, Mapping):
        return []
    return [
        ShownLanguage(_text(name), _text(offer.get("version", "")), _text(offer.get("reason", "")))
        for name, offer in offers.items()
        if isinstance(offer, Mapping)
    ]


# --- the queue ----------------------------------------------------------------------------------


def queue_view(request: HttpRequest) -> HttpResponse:
    try:
        length, waiting, (held, overdue) = wait_for(_within(_look_at_queue()))
    except (RedisError, OSError, TimeoutError, ValueError):
        logger.exception("the admin's page of the queue: Redis does not answer")
        return _page(request, "queue", "Queue", {"unknown": True})
    longest = max((each.oldest_wait_s for each in waiting), default=None)
    context = {
        "jobs": length.jobs,
        "facts": (
            ("Jobs waiting", str(length.jobs)),
            ("Owners waiting", str(length.owners)),
            ("Tickets", str(length.tickets)),
            ("Oldest wait", job_page.seconds(longest)),
            ("Jobs held by executors", str(held)),
            ("Of these, lease run out", str(len(overdue))),
        ),
        "next": _owners(waiting[:NEXT_OWNERS]),
        "further": max(0, length.owners - NEXT_OWNERS),
        "overdue": [_overdue(each) for each in overdue],
    }
    return _page(request, "queue", "Queue", context)


async def _look_at_queue() -> tuple[
    queue.Length, list[queue.Waiting], tuple[int, list[leases.Overdue]]
]:
    return await queue.length(), await queue.waiting(), await leases.overdue()


def _owners(waiting: Sequence[queue.Waiting]) -> list[ShownOwner]:
    """An account by its name, all others as the list of jobs has them."""
    ids = [int(n) for kind, _, n in (w.owner.partition(":") for w in waiting) if _is_id(kind, n)]
    users = get_user_model().objects.in_bulk(ids)
    by_key = {f"user:{pk}": user for pk, user in users.items()}
    address = reverse("admin:executor_app_job_changelist")
    shown = []
    for each in waiting:
        like = Job(owner=by_key.get(each.owner), owner_key=each.owner)
        query = urlencode({"q": job_page.owner_search(like)[:LONGEST].replace("\0", "")})
        wait = job_page.seconds(each.oldest_wait_s)
        shown.append(ShownOwner(_text(job_page.owner(like)), f"{address}?{query}", each.jobs, wait))
    return shown


def _is_id(kind: str, number: str) -> bool:
    return kind == "user" and number.isascii() and number.isdigit() and len(number) < 19


def _overdue(each: leases.Overdue) -> ShownOverdue:
    query = urlencode({"q": each.job_id[:LONGEST].replace("\0", "")})
    return ShownOverdue(
        job_id=_text(each.job_id),
        url=f"{reverse('admin:executor_app_job_changelist')}?{query}",
        executor=_text(each.executor) or UNKNOWN,
        attempt=each.attempt,
        since=job_page.seconds(each.for_s),
    )


# --- both ---------------------------------------------------------------------------------------


async def _within(look: Coroutine[Any, Any, T]) -> T:
    async with asyncio.timeout(PATIENCE_S):
        return await look


def _page(request: HttpRequest, name: str, title: str, context: dict[str, Any]) -> HttpResponse:
    values = {**admin.site.each_context(request), "title": title, **context}
    return TemplateResponse(request, f"admin/executor_app/{name}.html", values)


def _for_those_who_see_jobs(view: View) -> View:
    """As the list of jobs: who may cancel them may see them."""

    @require_safe
    def guarded(request: HttpRequest) -> HttpResponse:
        has = request.user.has_perm
        if not has("executor_app.view_job") and not has("executor_app.change_job"):
            raise PermissionDenied
        return view(request)

    return admin.site.admin_view(guarded)


def _text(value: Any) -> str:
    text = str(value)
    return visible(text if len(text) <= LONGEST else text[:LONGEST] + "…")


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


urlpatterns = [
    path("executors/", _for_those_who_see_jobs(executors_view), name="admin-executors"),
    path("queue/", _for_those_who_see_jobs(queue_view), name="admin-queue"),
]
