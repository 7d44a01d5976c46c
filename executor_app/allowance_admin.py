"""The admin's page of allowances: what single owners may use, where it is not what all may."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from asgiref.sync import async_to_sync
from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from redis.exceptions import RedisError

from . import audit
from .admin_list import AdminList
from .conf import conf
from .identity import address_of
from .models import Allowance
from .relay import quotas
from .rendering.unseen import visible

logger = logging.getLogger(__name__)

KINDS: Final = ("user:", "session:", "address:")
NUMBERS: Final = ("submissions_per_minute", "concurrent_jobs", "cpu_seconds_per_hour")

# Django's own classes take no parameters where they run.
if TYPE_CHECKING:
    _AllowanceAdmin = admin.ModelAdmin[Allowance]
    _AllowanceForm = forms.ModelForm[Allowance]
else:
    _AllowanceAdmin = admin.ModelAdmin
    _AllowanceForm = forms.ModelForm


class AllowanceForm(_AllowanceForm):
    class Meta:
        model = Allowance
        fields = ("user", "owner_key", *NUMBERS, "remark")
        help_texts = {  # noqa: RUF012
            "owner_key": "For somebody without an account, as a job's page has it: "
            "session:… or address:…",
            **dict.fromkeys(NUMBERS, "Empty: as everybody. 0: no bound."),
        }

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        user, key = values.get("user"), values.get("owner_key", "")
        if user is not None:
            values["owner_key"] = f"user:{user.pk}"
        elif not key.startswith(KINDS):
            raise ValidationError("Choose a user, or name an owner: session:… or address:…")
        others = Allowance.objects.exclude(pk=self.instance.pk)
        if others.filter(owner_key=values["owner_key"]).exists():
            raise ValidationError("This owner has an allowance already.")
        return values


@admin.register(Allowance)
class AllowanceAdmin(AdminList, _AllowanceAdmin):
    form = AllowanceForm
    list_display = ("owner", "submissions", "jobs_at_once", "cpu_time", "used", "words")
    list_select_related = ("user",)
    search_fields = ("user__username", "owner_key", "remark")
    autocomplete_fields = ("user",)
    ordering = ("owner_key",)

    @admin.display(description="owner", ordering="owner_key")
    def owner(self, allowance: Allowance) -> str:
        user = allowance.user
        return visible(allowance.owner_key if user is None else str(user.get_username()))

    @admin.display(description="submissions per minute", ordering="submissions_per_minute")
    def submissions(self, allowance: Allowance) -> str:
        return _bound(allowance.submissions_per_minute, conf().submissions_per_minute)

    @admin.display(description="jobs at once", ordering="concurrent_jobs")
    def jobs_at_once(self, allowance: Allowance) -> str:
        return _bound(allowance.concurrent_jobs, conf().concurrent_jobs)

    @admin.display(description="CPU seconds per hour", ordering="cpu_seconds_per_hour")
    def cpu_time(self, allowance: Allowance) -> str:
        return _bound(allowance.cpu_seconds_per_hour, conf().cpu_seconds_per_hour)

    @admin.display(description="used in this hour")
    def used(self, allowance: Allowance) -> str:
        try:
            use = async_to_sync(quotas.cpu_use)(allowance.owner_key)
        except (RedisError, OSError):
            logger.exception("what owners used cannot be read")
            return "unknown: Redis does not answer"
        return f"{use.used_s:.0f} s"

    @admin.display(description="remark")
    def words(self, allowance: Allowance) -> str:
        return visible(allowance.remark)

    def save_model(self, request: HttpRequest, obj: Allowance, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        numbers = ", ".join(f"{name} {getattr(obj, name)}" for name in NUMBERS)
        _tell(request, obj, f"now {numbers}")

    def delete_model(self, request: HttpRequest, obj: Allowance) -> None:
        super().delete_model(request, obj)
        _tell(request, obj, "now as everybody")

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        gone = list(queryset)
        super().delete_queryset(request, queryset)
        for allowance in gone:
            _tell(request, allowance, "now as everybody")


def _bound(own: int | None, usual: int) -> str:
    number = usual if own is None else own
    text = str(number) if number else "no bound"
    return f"{text}, as everybody" if own is None else text


def _tell(request: HttpRequest, allowance: Allowance, what: str) -> None:
    audit.record(
        audit.Kind.LIMITS_CHANGED,
        user_id=request.user.pk,
        address=address_of(request),
        detail=f"{allowance.owner_key}: {what}",
    )
