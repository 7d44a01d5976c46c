"""The admin's pages of saved programs: staff see and delete them, and end their links."""

from __future__ import annotations

import logging
import zlib
from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from . import audit
from .admin_list import AdminList
from .identity import address_of
from .job_list import LanguageFilter
from .models import SavedProgram
from .rendering.unseen import visible

logger = logging.getLogger(__name__)

# Django's own classes take no parameters where they run.
if TYPE_CHECKING:
    _ProgramAdmin = admin.ModelAdmin[SavedProgram]
else:
    _ProgramAdmin = admin.ModelAdmin


@admin.register(SavedProgram)
class SavedProgramAdmin(AdminList, _ProgramAdmin):
    goes_with_account = True
    list_display = ("called", "whose", "language", "how_large", "changed", "is_shared")
    list_filter = (LanguageFilter, "changed_at")
    search_fields = ("name", "owner__username", "owner_key")
    search_help_text = "Name, user or owner"
    list_select_related = ("owner",)
    list_per_page = 50
    fields = ("called", "whose", "language", "how_large", "changed", "is_shared", "arguments",
              "source_files")  # fmt: skip
    actions = ("unshare_chosen",)

    # --- who may do what ------------------------------------------------------------------------

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: SavedProgram | None = None) -> bool:
        return False

    def has_unshare_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("executor_app.delete_savedprogram")

    # --- the list -------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[SavedProgram]:
        found = super().get_queryset(request)
        named = request.resolver_match.url_name if request.resolver_match else ""
        # A list of sources would be megabytes.
        return found.defer("source", "stdin") if str(named).endswith("changelist") else found

    @admin.display(description="name", ordering="name")
    def called(self, program: SavedProgram) -> str:
        return visible(program.name)

    @admin.display(description="owner", ordering="owner_key")
    def whose(self, program: SavedProgram) -> str:
        if program.owner is not None:
            return str(program.owner.get_username())
        kind, _, key = program.owner_key.partition(":")
        return f"{kind} {key[:8]}…"

    @admin.display(description="size", ordering="size")
    def how_large(self, program: SavedProgram) -> str:
        return filesizeformat(program.size)

    @admin.display(description="changed", ordering="changed_at")
    def changed(self, program: SavedProgram) -> str:
        return f"{program.changed_at:%Y-%m-%d %H:%M}"

    @admin.display(description="shared", boolean=True)
    def is_shared(self, program: SavedProgram) -> bool:
        return program.link is not None

    @admin.display(description="source")
    def source_files(self, program: SavedProgram) -> SafeString | str:
        try:
            files = [(file.name, file.raw.decode("utf-8", "replace")) for file in program.files]
        except (zlib.error, ValueError):
            logger.exception("program %s: its source cannot be read", program.pk)
            return "It cannot be read."
        shown = ((visible(name), visible(text)) for name, text in files)
        return format_html_join("", "<p><strong>{}</strong></p><pre>{}</pre>", shown)

    # --- ending ---------------------------------------------------------------------------------

    @admin.action(description="End the links of selected programs", permissions=("unshare",))
    def unshare_chosen(self, request: HttpRequest, queryset: QuerySet[SavedProgram]) -> None:
        shared = list(queryset.exclude(link=None).defer("source", "stdin"))
        for program in shared:
            SavedProgram.objects.filter(pk=program.pk).update(link=None)
            _audit(request, audit.Kind.PROGRAM_UNSHARED, program)
        count = "1 link is" if len(shared) == 1 else f"{len(shared)} links are"
        self.message_user(request, f"{count} ended.", messages.SUCCESS)

    def delete_model(self, request: HttpRequest, obj: SavedProgram) -> None:
        _audit(request, audit.Kind.PROGRAM_DELETED, obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[SavedProgram]) -> None:
        for program in queryset.defer("source", "stdin"):
            _audit(request, audit.Kind.PROGRAM_DELETED, program)
        super().delete_queryset(request, queryset)


def _audit(request: HttpRequest, kind: audit.Kind, program: SavedProgram) -> None:
    audit.record(
        kind,
        owner_key=f"user:{request.user.pk}",
        user_id=request.user.pk,
        address=address_of(request),
        detail=f"{program.pk} {program.name} of {program.owner_key}",
    )
