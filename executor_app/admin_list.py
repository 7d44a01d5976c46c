"""What all lists of the admin have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

from .job_list import BoundedPaginator

# Mixed in before Django's own class, which takes no parameters where it runs.
if TYPE_CHECKING:
    _Base = admin.ModelAdmin[Any]
else:
    _Base = object


class AdminList(_Base):
    """Reads no table from end to end to count its rows, and looks for no text that there cannot be.

    `goes_with_account`: who may delete accounts may delete these, for they go along.
    """

    goes_with_account: ClassVar[bool] = False
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = BoundedPaginator

    class Media:
        css = {"all": ("executor_app/admin.css",)}  # noqa: RUF012

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = self.goes_with_account and request.user.has_perm("auth.delete_user")
        return may or super().has_delete_permission(request, obj)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if "%00" in request.META["QUERY_STRING"]:
            raise BadRequest  # PostgreSQL knows no such text, and no filter asks before it does
        return super().changelist_view(request, extra_context)
