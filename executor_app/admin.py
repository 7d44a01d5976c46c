"""Django admin: what was run, by whom and how it ended; to be read, and to end what still runs.

Nobody edits a record. What a person with the permission to change jobs can do is cancel one.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from asgiref.sync import async_to_sync
from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST, require_safe
from redis.exceptions import RedisError

from . import (
    access,
    access_admin,  # noqa: F401 - Django looks for pages of the admin in this module alone
    allowance_admin,  # noqa: F401 - likewise
    audit,
    job_page,
    key_admin,  # noqa: F401 - likewise
    program_admin,  # noqa: F401 - likewise
)
from .admin_list import AdminList
from .control import cancel_job
from .identity import address_of
from .job_list import (
    LanguageFilter,
    MonthFilter,
    PolicyFilter,
    WorkerFilter,
    jobs_by_name,
    latest,
)
from .models import FINAL, Job
from .relay.inputs import TooMuchInputError
from .rendering import transcript
from .rendering.unseen import visible
from .sign_in import AdminSignInForm

logger = logging.getLogger(__name__)

admin.site.site_header = admin.site.site_title = "Codr"
admin.site.index_title = "Administration"
admin.site.index_template = "admin/executor_app/index.html"
# Three kinds of things need no second menu, and the list of jobs needs the room.
admin.site.enable_nav_sidebar = False
# Guarded against guessing as the page of accounts is.
admin.site.login_form = AdminSignInForm

CANCEL_S: Final = 5.0
# How long the page waits for a cancelled program to be gone before it shows itself again.
SEE_IT_END_S: Final = 2.0
REASON: Final = "An administrator cancelled the job."
STREAMS: Final = ("stdout", "stderr", "input")


# Django's own class takes no parameters where it runs.
if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Job]
else:
    _ModelAdmin = admin.ModelAdmin


@admin.register(Job)
class JobAdmin(AdminList, _ModelAdmin):
    list_display = (
        "short_id",
        "how",
        "owned_by",
        "in_language",
        "created",
        "took",
        "cpu",
        "memory_used",
        "ended_with",
        "worker",
        "attempt",
        "output",
    )
    list_display_links = ("short_id",)
    sortable_by = ("created", "took", "cpu", "memory_used", "output")
    list_filter = ("status", LanguageFilter, WorkerFilter, "created_at", MonthFilter, PolicyFilter)
    search_fields = ("owner__username", "owner_key", "worker", "message", "request_id")
    search_help_text = (
        "Id or its beginning, user or session; of the latest jobs also words of the owner, "
        "worker, message or request id"
    )
    ordering = ("-created_at",)
    list_select_related = ("owner",)
    list_per_page = 50
    list_max_show_all = 200
    actions = ("cancel_chosen",)

    class Media:
        css = {"all": ("executor_app/admin.css", "executor_app/highlight.css")}  # noqa: RUF012

    # --- who may do what ------------------------------------------------------------------------

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:
        return super().has_view_permission(request, obj) or self.has_cancel_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:
        """A job that is not over has to be ended first: nothing would remember that it runs."""
        return super().has_delete_permission(request, obj) and (obj is None or obj.is_over)

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("executor_app.change_job")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        if "delete_selected" in actions:
            _, name, description = actions["delete_selected"]
            actions[name] = (_delete_those_over, name, description)
        return actions

    # --- the list -------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        return super().get_queryset(request).defer("source", "arguments")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Job], search_term: str
    ) -> tuple[QuerySet[Job], bool]:
        if not search_term.strip():
            return queryset, False
        found = jobs_by_name(queryset, search_term.strip())
        if found is not None:
            return found, False
        return super().get_search_results(request, latest(queryset), search_term)

    @admin.display(description="id")
    def short_id(self, job: Job) -> SafeString:
        return format_html('<code title="{}">{}</code>', job.pk, str(job.pk)[:8])

    @admin.display(description="owner")
    def owned_by(self, job: Job) -> SafeString:
        shown = job_page.owner(job)
        return _found_by("q", job_page.owner_search(job), shown, f"All jobs of {shown}")

    @admin.display(description="language")
    def in_language(self, job: Job) -> SafeString:
        return _found_by("language", job.language, job.language, job.version)

    @admin.display(description="status")
    def how(self, job: Job) -> SafeString:
        return _status(job)

    @admin.display(description="created", ordering="created_at")
    def created(self, job: Job) -> SafeString:
        return format_html(
            '<time datetime="{}">{}</time>',
            job.created_at.isoformat(),
            job.created_at.strftime("%Y-%m-%d %H:%M:%S"),
        )

    @admin.display(description="run time", ordering="execution_time")
    def took(self, job: Job) -> str:
        return job_page.seconds(job.execution_time)

    @admin.display(description="CPU", ordering="cpu_time")
    def cpu(self, job: Job) -> str:
        return job_page.seconds(job.cpu_time)

    @admin.display(description="memory", ordering="memory")
    def memory_used(self, job: Job) -> str:
        return job_page.size(job.memory)

    @admin.display(description="ended")
    def ended_with(self, job: Job) -> str:
        return job_page.ended_with(job)

    @admin.display(description="output", ordering="output_bytes")
    def output(self, job: Job) -> str:
        return job_page.size(job.output_bytes) + (" (cut)" if job.truncated else "")

    # --- cancelling -----------------------------------------------------------------------------

    @admin.action(description="Cancel selected jobs", permissions=("cancel",))
    def cancel_chosen(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        self._cancel(request, list(queryset))

    def cancel_view(self, request: HttpRequest, job_id: Any) -> HttpResponse:
        if not self.has_cancel_permission(request):
            raise PermissionDenied
        job = self._job(request, job_id)
        if self._cancel(request, [job]):
            _see_it_end(job)
        return HttpResponseRedirect(reverse("admin:executor_app_job_change", args=[job.pk]))

    def _cancel(self, request: HttpRequest, jobs: list[Job]) -> int:
        """Tells the jobs that are not over to end; how many were told."""
        alive = [job for job in jobs if not job.is_over]
        told = async_to_sync(_cancel_all)([str(job.pk) for job in alive])
        for job in alive:
            if str(job.pk) in told:
                self.log_change(request, job, "Cancelled.")
                _audit(audit.Kind.JOB_CANCELLED, request, job)
        if told:
            self.message_user(request, f"{_jobs(len(told))} being cancelled.", messages.SUCCESS)
        if len(alive) < len(jobs):
            over = _jobs(len(jobs) - len(alive))
            self.message_user(request, f"{over} over already.", messages.INFO)
        if len(told) < len(alive):
            lost = _jobs(len(alive) - len(told))
            text = f"{lost} not reached: Redis does not answer. Try again in a moment."
            self.message_user(request, text, messages.ERROR)
        return len(told)

    # --- deleting -------------------------------------------------------------------------------

    def delete_model(self, request: HttpRequest, obj: Job) -> None:
        job_id = obj.pk  # which the deleted one has no more
        super().delete_model(request, obj)
        obj.pk = job_id
        _audit(audit.Kind.JOB_DELETED, request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        deleted = list(queryset)
        super().delete_queryset(request, queryset)
        for job in deleted:
            _audit(audit.Kind.JOB_DELETED, request, job)

    # --- one job --------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site.admin_view
        own = [
            path(
                "<uuid:job_id>/cancel/",
                site(method_decorator(require_POST)(JobAdmin.cancel_view).__get__(self)),
                name="executor_app_job_cancel",
            ),
            path(
                "<uuid:job_id>/raw/<str:stream>/",
                site(method_decorator(require_safe)(JobAdmin.raw_view).__get__(self)),
                name="executor_app_job_raw",
            ),
        ]
        return [*own, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page of one job. It is no form: everything on it is only read."""
        job = self._job(request, object_id)
        said = job_page.said(job)
        symbol, kind = job_page.sign(job.status)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Job {str(job.pk)[:8]}",
            "opts": self.opts,
            "media": self.media,
            "job": job,
            "message": visible(job.message),
            "arguments": [visible(argument) for argument in job.arguments],
            "status": _status(job),
            "kind": kind,
            "symbol": symbol,
            "groups": job_page.facts(job),
            "files": job_page.source_files(job),
            "shares": [
                visible(name) + (", who may type" if may_type else "")
                for name, may_type in access.shared_with(job).items()
            ],
            "said": said,
            "blocks": transcript.render(said.items),
            "streams": STREAMS,
            "may_cancel": self.has_cancel_permission(request) and not job.is_over,
            "may_delete": self.has_delete_permission(request, job),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/executor_app/job/detail.html", context)

    def raw_view(self, request: HttpRequest, job_id: Any, stream: str) -> HttpResponse:
        """The bytes of one stream as the program wrote them, to be kept and not to be opened."""
        job = self._job(request, job_id)
        if stream not in STREAMS:
            raise Http404("There is no such stream.")
        response = HttpResponse(
            job_page.stream_bytes(job_page.said(job).items, stream),
            content_type="text/plain; charset=utf-8",
        )
        name = f"job-{str(job.pk)[:8]}-{stream}.txt"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["X-Content-Type-Options"] = "nosniff"
        response["Content-Security-Policy"] = "default-src 'none'; sandbox"
        response["Cache-Control"] = "private, no-store"
        return response

    def _job(self, request: HttpRequest, job_id: Any) -> Job:
        job: Job | None = self.get_object(request, str(job_id))
        if job is None:
            raise Http404("There is no such job.")
        if not self.has_view_permission(request, job):
            raise PermissionDenied
        return job


def _audit(kind: audit.Kind, request: HttpRequest, job: Job) -> None:
    """`detail` is whose job it was."""
    audit.record(
        kind,
        owner_key=f"user:{request.user.pk}",
        user_id=request.user.pk,
        address=address_of(request),
        job_id=str(job.pk),
        detail=job.owner_key,
    )


async def _cancel_all(job_ids: Iterable[str]) -> set[str]:
    """The jobs that were told; the rest could not be reached."""
    told: set[str] = set()
    try:
        async with asyncio.timeout(CANCEL_S):
            for job_id in job_ids:
                try:
                    await cancel_job(job_id, REASON)
                except TooMuchInputError:
                    logger.warning("job %s takes no message any more", job_id)
                else:
                    told.add(job_id)
    except (RedisError, OSError, TimeoutError):
        logger.exception("jobs could not be cancelled: Redis does not answer")
    return told


def _see_it_end(job: Job) -> None:
    """Waits a moment for the end, so that the page does not show a job that is about to be over."""
    deadline = time.monotonic() + SEE_IT_END_S
    while time.monotonic() < deadline:
        job.refresh_from_db(fields=["status"])
        if job.is_over:
            return
        time.sleep(0.05)


def _delete_those_over(
    model_admin: JobAdmin, request: HttpRequest, queryset: QuerySet[Job]
) -> HttpResponse | None:
    """Django's own action refuses them all, in words about permissions, if one is not over."""
    over = queryset.filter(status__in=FINAL)
    kept = queryset.exclude(status__in=FINAL).count()
    if kept:
        stay = "stays" if kept == 1 else "stay"
        model_admin.message_user(request, f"{_jobs(kept)} not over and {stay}.", messages.WARNING)
    return delete_selected(model_admin, request, over) if over.exists() else None


def _jobs(count: int) -> str:
    return "1 job is" if count == 1 else f"{count} jobs are"


def _status(job: Job) -> SafeString:
    symbol, kind = job_page.sign(job.status)
    return format_html(
        '<span class="job-status job-{}"><span aria-hidden="true">{}</span> {}</span>',
        kind,
        symbol,
        job.status.replace("_", " "),
    )


def _found_by(parameter: str, value: str, shown: str, title: str) -> SafeString:
    address = reverse("admin:executor_app_job_changelist")
    query = urlencode({parameter: value})
    return format_html('<a href="{}?{}" title="{}">{}</a>', address, query, title, shown)
