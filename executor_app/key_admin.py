"""The admin's pages of API keys: staff make them, see which are used, and revoke them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from . import api_keys
from .admin_list import AdminList
from .identity import address_of
from .models import ApiKey
from .rendering.unseen import visible

NEVER: Final = "never"
SECRET: Final = "_secret"

# Django's own classes take no parameters where they run.
if TYPE_CHECKING:
    _KeyAdmin = admin.ModelAdmin[ApiKey]
    _KeyForm = forms.ModelForm[ApiKey]
else:
    _KeyAdmin = admin.ModelAdmin
    _KeyForm = forms.ModelForm


class ApiKeyForm(_KeyForm):
    class Meta:
        model = ApiKey
        fields = ("user", "name", "expires_at")

    def clean_expires_at(self) -> Any:
        at = self.cleaned_data["expires_at"]
        if at is not None and at <= timezone.now():
            raise forms.ValidationError("This is in the past.")
        return at

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        user = values.get("user")
        if user is not None and not api_keys.has_room(user):
            raise forms.ValidationError(f"{user} has {api_keys.MOST_KEYS} keys. Revoke one first.")
        return values


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state, state) for state in ("valid", "expired", "revoked")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
        expired = Q(expires_at__isnull=False, expires_at__lte=timezone.now())
        revoked = Q(revoked_at__isnull=False)
        match self.value():
            case "revoked":
                return queryset.filter(revoked)
            case "expired":
                return queryset.filter(expired & ~revoked)
            case "valid":
                return queryset.exclude(expired).exclude(revoked)
            case _:
                return queryset


@admin.register(ApiKey)
class ApiKeyAdmin(AdminList, _KeyAdmin):
    form = ApiKeyForm
    goes_with_account = True
    list_display = ("which", "called", "user", "how", "created", "last_used", "expires")
    list_filter = (StateFilter, "created_at")
    search_fields = ("prefix", "name", "user__username")
    search_help_text = "Beginning of the key, name or user"
    list_select_related = ("user",)
    list_per_page = 50
    raw_id_fields = ("user",)
    actions = ("revoke_chosen",)

    # --- who may do what ------------------------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return super().has_view_permission(request, obj) or self.has_revoke_permission(request)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("executor_app.change_apikey")

    # --- the list -------------------------------------------------------------------------------

    @admin.display(description="key", ordering="prefix")
    def which(self, key: ApiKey) -> SafeString:
        return format_html("<code>{}</code>", key.shown)

    @admin.display(description="name", ordering="name")
    def called(self, key: ApiKey) -> str:
        return visible(key.name)

    @admin.display(description="state")
    def how(self, key: ApiKey) -> str:
        return key.state

    @admin.display(description="created", ordering="created_at")
    def created(self, key: ApiKey) -> str:
        return _minute(key.created_at)

    @admin.display(description="last used", ordering="last_used_at")
    def last_used(self, key: ApiKey) -> str:
        return _minute(key.last_used_at)

    @admin.display(description="expires", ordering="expires_at")
    def expires(self, key: ApiKey) -> str:
        return _minute(key.expires_at)

    @admin.display(description="revoked")
    def revoked(self, key: ApiKey) -> str:
        return _minute(key.revoked_at)

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        """Of one that there is everything but the hash, to be read."""
        if obj is None:
            return ("user", "name", "expires_at")
        return ("which", "called", "user", "how", "created", "last_used", "expires",
                "revoked")  # fmt: skip

    # --- making one -----------------------------------------------------------------------------

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "user":
            kwargs["queryset"] = _may_be_given_one_by(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if change:
            raise PermissionDenied
        made, secret = api_keys.make(
            obj.user,
            obj.name,
            expires_at=obj.expires_at,
            by=request.user.pk,
            address=address_of(request),
        )
        for field in ApiKey._meta.concrete_fields:
            setattr(obj, field.attname, getattr(made, field.attname))
        obj.__dict__[SECRET] = secret  # for the answer to this request, and nothing else

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The only page that ever shows the key, so it is no redirect."""
        context = {
            **self.admin_site.each_context(request),
            "title": "The new key",
            "opts": self.opts,
            "name": visible(obj.name),
            "owner": obj.user,
            "secret": obj.__dict__.pop(SECRET),
        }
        return TemplateResponse(request, "admin/executor_app/apikey/made.html", context)

    # --- revoking -------------------------------------------------------------------------------

    @admin.action(description="Revoke selected keys", permissions=("revoke",))
    def revoke_chosen(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        revoked = [key for key in queryset if self._revoke(request, key)]
        for key in revoked:
            self.log_change(request, key, "Revoked.")
        text = "1 key is revoked." if len(revoked) == 1 else f"{len(revoked)} keys are revoked."
        self.message_user(request, text, messages.SUCCESS)

    def delete_model(self, request: HttpRequest, obj: ApiKey) -> None:
        self._revoke(request, obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset:
            self._revoke(request, key)
        super().delete_queryset(request, queryset)

    def _revoke(self, request: HttpRequest, key: ApiKey) -> bool:
        return api_keys.revoke(key, by=request.user.pk, address=address_of(request))


def _may_be_given_one_by(staff: Any) -> QuerySet[User]:
    """A superuser: everybody. Others: themselves, and who is no staff. A key acts for its account,
    and nobody is to become more than they are by making one."""
    accounts = User.objects.filter(is_active=True)
    if staff.is_superuser:
        return accounts
    return accounts.filter(Q(pk=staff.pk) | Q(is_staff=False, is_superuser=False))


def _minute(at: datetime | None) -> str:
    """In UTC, as all times of the admin."""
    return NEVER if at is None else f"{at:%Y-%m-%d %H:%M}"
