"""Signing in and out by Django's own means, written down in the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from . import audit
from .identity import address_of


@receiver(user_logged_in)
def _signed_in(request: HttpRequest, user: AbstractBaseUser, **kwargs: Any) -> None:
    audit.record(audit.Kind.SIGNED_IN, user_id=user.pk, address=_address(request))


@receiver(user_logged_out)
def _signed_out(request: HttpRequest, user: AbstractBaseUser | None, **kwargs: Any) -> None:
    if user is not None:
        audit.record(audit.Kind.SIGNED_OUT, user_id=user.pk, address=_address(request))


@receiver(user_login_failed)
def _sign_in_failed(
    credentials: Mapping[str, Any], request: HttpRequest | None = None, **kwargs: Any
) -> None:
    """The name only of an account that there is: people type passwords into the wrong field."""
    tried = get_user_model().objects.filter(username=str(credentials.get("username", "")))
    audit.record(
        audit.Kind.SIGN_IN_FAILED,
        user_id=tried.values_list("pk", flat=True).first(),
        address=_address(request),
    )


def _address(request: HttpRequest | None) -> str:
    return address_of(request) if request is not None else ""
