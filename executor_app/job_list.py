"""Finding jobs in the admin's list without reading a large table from end to end."""

from __future__ import annotations

import re
import uuid
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from .languages import languages
from .models import Job

# Nobody turns more pages than this; filters and dates lead further back.
MOST_LISTED: Final = 10_000
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


def ids_that_begin(term: str) -> tuple[uuid.UUID, uuid.UUID] | None:
    """The first and the last id with this beginning, as the list shows it; None for other text."""
    digits = term.strip().lower().replace("-", "")
    if not _ID.fullmatch(digits):
        return None
    return uuid.UUID(digits.ljust(32, "0")), uuid.UUID(digits.ljust(32, "f"))
