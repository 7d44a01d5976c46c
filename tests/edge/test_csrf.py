"""Every address there is, asked to do something by a page of another site."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter, UUIDConverter

METHODS = ("post", "put", "patch", "delete")


def addresses(found: Any, before: str = "/") -> Iterator[str]:
    """One address of every pattern, with something in the place of what varies."""
    for pattern in found.url_patterns:
        route = before + str(pattern.pattern)
        for name, converter in getattr(pattern.pattern, "converters", {}).items():
            value = "x"
            if isinstance(converter, IntConverter):
                value = "1"
            elif isinstance(converter, UUIDConverter):
                value = str(uuid.UUID(int=1))
            for written in (f"<{name}>", f"<int:{name}>", f"<str:{name}>", f"<path:{name}>",
                            f"<uuid:{name}>", f"<slug:{name}>"):  # fmt: skip
                route = route.replace(written, value)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, route)
        else:
            assert isinstance(pattern, URLPattern)
            # The admin's own are the only ones written as an expression.
            yield route.replace("(?P<app_label>auth|executor_app)/$", "auth/").replace(
                "(?P<url>.*)$", "x"
            )


EVERY = sorted(set(addresses(get_resolver())))


def test_the_list_of_addresses_is_whole() -> None:
    assert len(EVERY) > 20
    assert {"/admin/login/", "/admin/logout/", "/accounts/login/"} <= set(EVERY)
    assert any("cancel" in address for address in EVERY)
    assert not any(mark in address for address in EVERY for mark in "<>()?$")


@pytest.mark.django_db
@pytest.mark.parametrize("address", EVERY)
def test_nothing_is_done_for_who_has_no_token(address: str) -> None:
    """403, or 405 of what never changes anything: even to an administrator's browser."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("root"))
    with override_settings(
        STORAGES={
            "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        }
    ):
        for method in METHODS:
            answer = getattr(client, method)(address, b"{}", content_type="application/json")
            assert answer.status_code in (403, 405), (method, answer.status_code)
        form = client.post(address, {"x": "y"}, headers={"Origin": "http://evil.example"})
        assert form.status_code in (403, 405)
