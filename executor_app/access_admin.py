"""The admin's pages about who may do what. The audit trail is only read: nobody edits or adds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from .admin_list import AdminList
from .job_list import MonthFilter, latest
from .models import AuditEvent
from .rendering.unseen import visible

NOTHING: Final = "-"
# By which events are found however old they are.
INDEXED: Final = ("user_name", "owner_key", "address")

# Django's own classes take no parameters where they run.
if TYPE_CHECKING:
    _AuditAdmin = admin.ModelAdmin[AuditEvent]
else:
    _AuditAdmin = admin.ModelAdmin


class _AskedFilter(admin.SimpleListFilter):
    """Its one choice is what the address of the page names; a column links to it."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        asked = request.GET.get(str(self.parameter_name), "")
        return [(asked, visible(asked))] if asked else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter((str(self.parameter_name), value)) if value else queryset


class AddressFilter(_AskedFilter):
    title = "address"
    parameter_name = "address"


class UserFilter(_AskedFilter):
    title = "user"
    parameter_name = "user_name"


class OwnerFilter(_AskedFilter):
    title = "owner"
    parameter_name = "owner_key"


class DateFilter(admin.DateFieldListFilter):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "date"


class EventMonth(MonthFilter):
    """In the place of Django's `date_hierarchy`, which reads the whole table for each page."""

    time = "at"


@admin.register(AuditEvent)
class AuditEventAdmin(AdminList, _AuditAdmin):
    list_display = ("when", "what", "how_often", "who", "from_address", "about_job", "words")
    list_display_links = None
    list_filter = ("kind", ("at", DateFilter), EventMonth, UserFilter, OwnerFilter, AddressFilter)
    search_fields = ("user_name", "owner_key", "address", "job_id", "detail")
    search_help_text = "User, owner or address; of the latest events also jobs and words"
    list_per_page = 100
    list_max_show_all = 200

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:
        """Not by superusers either. It goes by itself when it is old."""
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, {"title": "Audit trail", **(extra_context or {})})

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEvent], search_term: str
    ) -> tuple[QuerySet[AuditEvent], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        for field in INDEXED:
            found = queryset.filter((field, term))
            if found.exists():
                return found, False
        return super().get_search_results(request, latest(queryset, "at"), search_term)

    @admin.display(description="when", ordering="at")
    def when(self, event: AuditEvent) -> SafeString:
        return format_html(
            '<time datetime="{}">{}</time>',
            event.at.isoformat(),
            event.at.strftime("%Y-%m-%d %H:%M:%S"),
        )

    @admin.display(description="what", ordering="kind")
    def what(self, event: AuditEvent) -> str:
        return event.get_kind_display()

    @admin.display(description="times", ordering="times")
    def how_often(self, event: AuditEvent) -> str:
        if event.times == 1:
            return "1"
        return f"{event.times}, until {event.last_at:%H:%M:%S}"

    @admin.display(description="who", ordering="user_name")
    def who(self, event: AuditEvent) -> SafeString | str:
        if event.user_name:
            return _narrowed("user_name", event.user_name, event.user_name)
        if event.owner_key:
            kind, _, key = event.owner_key.partition(":")
            shown = f"{kind}:{key[:8]}" if kind == "session" else event.owner_key
            return _narrowed("owner_key", event.owner_key, shown)
        return NOTHING

    @admin.display(description="address", ordering="address")
    def from_address(self, event: AuditEvent) -> SafeString | str:
        return _narrowed("address", event.address, event.address) if event.address else NOTHING

    @admin.display(description="job")
    def about_job(self, event: AuditEvent) -> SafeString | str:
        """A link only to what there is: a job that somebody made up is not to look like one."""
        if not event.job_id:
            return NOTHING
        shown = visible(event.job_id[:8])
        if event.kind in (AuditEvent.Kind.NO_SUCH_JOB, AuditEvent.Kind.JOB_DELETED):
            return format_html('<code title="{}">{}</code>', visible(event.job_id), shown)
        address = reverse("admin:executor_app_job_change", args=[event.job_id])
        return format_html('<a href="{}" title="{}">{}</a>', address, event.job_id, shown)

    @admin.display(description="detail")
    def words(self, event: AuditEvent) -> str:
        return visible(event.detail) or NOTHING


def _narrowed(parameter: str, value: str, shown: str) -> SafeString:
    address = reverse("admin:executor_app_auditevent_changelist")
    query = urlencode({parameter: value})
    text = visible(shown)
    return format_html('<a href="{}?{}" title="All of {}">{}</a>', address, query, text, text)
