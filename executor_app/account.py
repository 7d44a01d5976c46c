"""The pages of an account: signing in and out, one's name, password, API keys and latest jobs.

Made by the server, without a script. Staff make accounts in the admin; nobody makes their own.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from . import access, api_keys, audit
from .errors import UserError
from .identity import address_of, caller_of_browser
from .models import ApiKey
from .sign_in import ChangePasswordForm, SignInForm

LATEST_JOBS: Final = 20
DAYS: Final = (
    ("", "Never"),
    ("7", "7 days"),
    ("30", "30 days"),
    ("90", "90 days"),
    ("365", "1 year"),
)


class NewKeyForm(forms.Form):
    name = forms.CharField(
        max_length=100, help_text="What it is for, such as the machine that will have it."
    )
    days = forms.ChoiceField(label="Expires after", choices=DAYS, required=False)


class SignIn(LoginView):
    template_name = "executor_app/sign_in.html"
    authentication_form = SignInForm

    def form_invalid(self, form: Any) -> HttpResponse:
        response = super().form_invalid(form)
        if form.wait_s:
            response.status_code = 429
            response["Retry-After"] = str(math.ceil(form.wait_s))
        return response


class SignOut(LogoutView):
    http_method_names = ["post", "options"]  # noqa: RUF012 - Django's own is a list


@method_decorator(never_cache, name="dispatch")
class ChangePassword(PasswordChangeView):
    template_name = "executor_app/password.html"
    form_class = ChangePasswordForm
    success_url = reverse_lazy("account")

    def get_form(self, form_class: Any = None) -> Any:
        form: Any = super().get_form(form_class)
        form.request = self.request
        return form

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        user = self.request.user
        audit.record(
            audit.Kind.PASSWORD_CHANGED,
            owner_key=f"user:{user.pk}",
            user_id=user.pk,
            address=address_of(self.request),
        )
        messages.success(self.request, "The password is changed. Other browsers are signed out.")
        return response


@never_cache
@login_required
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    return _page(request, NewKeyForm())


@never_cache
@login_required
@require_POST
def make_key(request: HttpRequest) -> HttpResponse:
    """The answer is the only page that ever shows the key, so it is not a redirect."""
    form = NewKeyForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    days = form.cleaned_data["days"]
    try:
        key, secret = api_keys.make(
            _user(request),
            form.cleaned_data["name"],
            expires_at=timezone.now() + timedelta(days=int(days)) if days else None,
            by=_user(request).pk,
            address=address_of(request),
        )
    except UserError as error:
        form.add_error(None, error.message)
        return _page(request, form)
    return _page(request, NewKeyForm(), made=key, secret=secret)


@never_cache
@login_required
@require_POST
def revoke_key(request: HttpRequest, key_id: int) -> HttpResponse:
    key = ApiKey.objects.filter(pk=key_id, user=_user(request)).first()
    if key is None:
        raise Http404("There is no such key.")
    api_keys.revoke(key, by=_user(request).pk, address=address_of(request))
    messages.success(request, f"The key “{key.name}” is revoked.")
    return redirect(reverse("account"))


def _page(request: HttpRequest, form: NewKeyForm, **more: Any) -> HttpResponse:
    context = {
        "form": form,
        "keys": ApiKey.objects.filter(user=_user(request)),
        "jobs": access.own_jobs(caller_of_browser(request), None, LATEST_JOBS),
        **more,
    }
    return render(request, "executor_app/account.html", context)


def _user(request: HttpRequest) -> User:
    user = request.user
    assert isinstance(user, User)  # `login_required` has seen to it
    return user
