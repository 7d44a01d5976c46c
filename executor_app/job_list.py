"""Finding jobs in the admin's list without reading a large table from end to end."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from .languages import languages
from .models import Job

M = TypeVar("M", bound=Model)
# Nobody turns more pages than this, and words are looked for in so many; filters lead further back.
MOST_LISTED: Final = 10_000
MOST_MONTHS: Final = 36
RECENT: Final = 1_000
_ID: Final = re.compile(r"[0-9a-f]{6,32}")


# Django's own classes take no parameters where they run.
if TYPE_CHECKING:
    _Paginator = Paginator[Job]
else:
    _Paginator = Paginator


class BoundedPaginator(_Paginator):
    """Counts up to `MOST_LISTED`: a full count reads every row of the table."""

    @cached_property
    def count(self) -> int:
        listed: Any = self.object_list
        return int(listed[:MOST_LISTED].count())


class _GivenFilter(admin.SimpleListFilter):
    """A filter whose choices come from elsewhere than a scan of the table."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        value = self.value()
        return queryset if value is None else queryset.filter((str(self.parameter_name), value))


class LanguageFilter(_GivenFilter):
    title = "language"
    parameter_name = "language"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, language.title) for name, language in languages().items()]


class PolicyFilter(_GivenFilter):
    title = "policy"
    parameter_name = "policy"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in ("off", "standard", "strict")]


class WorkerFilter(_GivenFilter):
    """The workers of the latest jobs, and the one that the address names."""

    title = "worker"
    parameter_name = "worker"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        latest = Job.objects.order_by("-created_at").values_list("worker", flat=True)[:RECENT]
        asked = request.GET.get(self.parameter_name, "")
        return [(name, name) for name in sorted({*latest, asked}) if name]


class MonthFilter(admin.SimpleListFilter):
    """The months from the first row to the last: two looks at the index of `time`."""

    title = "month"
    parameter_name = "month"
    time = "created_at"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows: QuerySet[Any] = model_admin.model.objects.all()
        times = rows.order_by(self.time).values_list(self.time, flat=True)
        first, last = times.first(), times.last()
        if first is None or last is None:
            return []
        months = range(_number_of(last), _number_of(first) - 1, -1)[:MOST_MONTHS]
        return [(f"{_first_day(n):%Y-%m}", f"{_first_day(n):%B %Y}") for n in months]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in dict(self.lookup_choices):
            return queryset
        month = _number_of(datetime.strptime(str(self.value()), "%Y-%m"))
        begin, end = (
            datetime.combine(_first_day(n), datetime.min.time(), UTC) for n in (month, month + 1)
        )
        return queryset.filter((f"{self.time}__gte", begin), (f"{self.time}__lt", end))


def _number_of(day: date) -> int:
    return day.year * 12 + day.month - 1


def _first_day(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def jobs_by_name(queryset: QuerySet[Job], term: str) -> QuerySet[Job] | None:
    """Those that an index finds by what the list calls them: the beginning of an id, a user, a
    session. None where `term` is none of these."""
    ids = ids_that_begin(term)
    user = User.objects.filter(username=term).first() if "\0" not in term else None
    named = [
        queryset.filter(pk__range=ids) if ids else queryset.none(),
        queryset.filter(owner_key=f"user:{user.pk}") if user else queryset.none(),
        queryset.filter(owner_key__startswith=term) if ":" in term else queryset.none(),
    ]
    return next((found for found in named if found.exists()), None)


def latest(queryset: QuerySet[M], time: str = "created_at") -> QuerySet[M]:
    """The most recent of these by `time`, for what has to be looked at one by one."""
    times = queryset.order_by(f"-{time}").values_list(time, flat=True)
    oldest = times[MOST_LISTED - 1 : MOST_LISTED].first()
    return queryset if oldest is None else queryset.filter((f"{time}__gte", oldest))


def ids_that_begin(term: str) -> tuple[uuid.UUID, uuid.UUID] | None:
    """The first and the last id with this beginning, as the list shows it; None for other text."""
    digits = term.strip().lower().replace("-", "")
    if not _ID.fullmatch(digits):
        return None
    return uuid.UUID(digits.ljust(32, "0")), uuid.UUID(digits.ljust(32, "f"))
