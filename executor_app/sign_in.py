"""Signing in and out by Django's own means: guarded against guessing, and written down.

The forms are those of the account's pages and of the admin. Both ask `Guard` before they look at a
password; where it cannot be asked, nobody signs in.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import get_user_model
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.core.exceptions import ValidationError
from django.db import DatabaseError
from django.dispatch import receiver
from django.http import HttpRequest
from redis.exceptions import RedisError

from . import audit, jobs, programs
from .identity import address_of, owner_key_of_session
from .networks import network_of
from .relay import attempts
from .relay.client import wait_for

logger = logging.getLogger(__name__)

NOT_NOW: Final = "The server cannot check who you are just now. Try again in a moment."


class GuardMixin:
    """For a form that takes a password. `wait_s` is how long to stay away, once that was said."""

    wait_s: float = 0.0

    def begin(self, request: HttpRequest | None, name: str) -> None:
        """Raises the ValidationError that says when to come back."""
        address = _address(request)
        try:
            which, wait_s = wait_for(attempts.begin(name, network_of(address)))
        except (RedisError, OSError):
            logger.exception("an attempt to sign in could not be counted")
            raise ValidationError(NOT_NOW, code="unavailable") from None
        if which:
            self.wait_s = wait_s
            audit.record(audit.Kind.LIMIT_HIT, address=address, detail=f"sign-ins by {which}")
            raise ValidationError(
                f"Too many attempts to sign in. Try again in {_words(wait_s)}.", code="too_many"
            )

    def end(self, request: HttpRequest | None, name: str, *, well: bool) -> None:
        try:
            network = network_of(_address(request))
            wait_for(attempts.succeeded(name) if well else attempts.failed(network))
        except (RedisError, OSError):
            logger.exception("the end of an attempt to sign in could not be counted")


class _Guarded(GuardMixin, AuthenticationForm):
    def clean(self) -> dict[str, Any]:
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if not name or not password:
            return dict(super().clean())
        self.begin(self.request, name)
        try:
            cleaned = super().clean()
        except ValidationError:
            self.end(self.request, name, well=False)
            raise
        self.end(self.request, name, well=True)
        return dict(cleaned)


class SignInForm(_Guarded):
    pass


class AdminSignInForm(_Guarded, AdminAuthenticationForm):
    pass


class ChangePasswordForm(GuardMixin, PasswordChangeForm):
    """Who sits down at somebody else's browser cannot guess here either."""

    request: HttpRequest | None = None

    def clean_old_password(self) -> str:
        name = self.user.get_username()
        self.begin(self.request, name)
        try:
            old = super().clean_old_password()
        except ValidationError:
            self.end(self.request, name, well=False)
            raise
        self.end(self.request, name, well=True)
        return str(old)


@receiver(user_logged_in)
def _signed_in(request: HttpRequest, user: AbstractBaseUser, **kwargs: Any) -> None:
    audit.record(audit.Kind.SIGNED_IN, user_id=user.pk, address=_address(request))
    _claim(request, user)


def _claim(request: HttpRequest, user: AbstractBaseUser) -> None:
    """The programs that one ran or saved before one signed in stay one's own.

    The session has a new key by now; the cookie still has the old one.
    """
    before = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    if not before:
        return
    owner = jobs.Owner(f"user:{user.pk}", user_id=user.pk)
    try:
        jobs.claim(owner_key_of_session(before), owner)
        programs.claim(owner_key_of_session(before), owner)
    except DatabaseError:
        logger.exception("what a session had was not claimed by user %s", user.pk)


@receiver(user_logged_out)
def _signed_out(request: HttpRequest, user: AbstractBaseUser | None, **kwargs: Any) -> None:
    if user is not None:
        audit.record(audit.Kind.SIGNED_OUT, user_id=user.pk, address=_address(request))


@receiver(user_login_failed)
def _sign_in_failed(
    credentials: Mapping[str, Any], request: HttpRequest | None = None, **kwargs: Any
) -> None:
    """The name only of an account that there is: people type passwords into the wrong field."""
    name = str(credentials.get("username", "")).replace("\0", "")
    audit.record(
        audit.Kind.SIGN_IN_FAILED,
        user_id=get_user_model().objects.filter(username=name).values_list("pk", flat=True).first(),
        address=_address(request),
    )


def _address(request: HttpRequest | None) -> str:
    return address_of(request) if request is not None else ""


def _words(seconds: float) -> str:
    if seconds <= 60:
        return f"{math.ceil(seconds)} seconds"
    minutes = math.ceil(seconds / 60)
    return f"{minutes} minutes"
