"""People with accounts, browsers and keys, on both databases."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.test.utils import override_settings

from executor_app import api_keys, audit, jobs
from executor_app.identity import owner_key_of_session
from executor_app.models import ApiKey, AuditEvent, Job, pack
from executor_app.protocol import SourceFile
from tests.records.conftest import (
    database,
    fresh_database,
    fresh_postgres,
    migrated_database,
    no_jobs,
    postgres_url,
    redis,
    redis_server,
)

__all__ = [
    "database",
    "fresh_database",
    "fresh_postgres",
    "migrated_database",
    "no_jobs",
    "postgres_url",
    "redis",
    "redis_server",
]

SAID = [
    {"t": 1, "stream": "stdout", "stage": "run", "data": "name? "},
    {"t": 2, "stream": "input", "stage": "run", "data": "/w==", "encoding": "base64"},
]
ORIGIN = "http://testserver"


@pytest.fixture(autouse=True)
def plain_surroundings(tmp_path: Path) -> Iterator[None]:
    """Static files by their own names: nothing was collected. Passwords hashed in no time, which
    is otherwise what these tests would wait for."""
    storages = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    quick = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    elsewhere = {"STATIC_ROOT": str(tmp_path)}
    with override_settings(STORAGES=storages, PASSWORD_HASHERS=quick, **elsewhere):
        yield


@dataclass
class Person:
    """Asks the HTTP API by a key, or by a browser that is signed in or is not."""

    client: Client
    user: User | None = None
    key: ApiKey | None = None
    secret: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def owner_key(self) -> str:
        if self.user is not None:
            return f"user:{self.user.pk}"
        return owner_key_of_session(str(self.client.session.session_key))

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        sends = {"data": body, "content_type": "application/json"} if body is not None else {}
        request = getattr(self.client, method)
        return request(path, headers={**self.headers, **headers}, **sends)

    def get(self, path: str) -> Any:
        return self.ask("get", path)


@pytest.fixture
def clean(no_jobs: None) -> Iterator[None]:
    yield
    audit._counter.forget()
    AuditEvent.objects.all().delete()


def user_named(name: str, *permissions: str, **facts: Any) -> User:
    user = User.objects.create_user(name, **facts)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


def with_key(name: str, *permissions: str, **facts: Any) -> Person:
    """By an API key, and with no cookies at all."""
    user = user_named(name, *permissions, **facts)
    key, secret = api_keys.make(user, "laptop")
    client = Client(enforce_csrf_checks=True)
    return Person(client, user, key, secret, {"Authorization": f"Bearer {secret}"})


def signed_in(name: str, *permissions: str, **facts: Any) -> Person:
    """By a browser that is signed in and knows its CSRF token."""
    user = user_named(name, *permissions, **facts)
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    return Person(client, user, headers=_token(client))


def anonymous() -> Person:
    """By a browser that has opened the page."""
    client = Client(enforce_csrf_checks=True)
    client.get("/")
    return Person(client, headers=_token(client))


def _token(client: Client) -> dict[str, str]:
    client.get("/api/me")
    return {"X-CSRFToken": client.cookies["csrftoken"].value}


def new_job(owner: Person | str, **fields: Any) -> Job:
    owner_key = owner if isinstance(owner, str) else owner.owner_key
    user = None if isinstance(owner, str) else owner.user
    source = Job.pack_files([SourceFile(name="main.py", content="print('hello')\n")])
    values = {
        "owner_key": owner_key,
        "owner": user,
        "language": "python",
        "source": source,
        "status": Job.Status.COMPLETED,
        "request_id": uuid.uuid4().hex,
    }
    job = Job.objects.create(**values | fields)
    jobs.store_transcript(str(job.pk), pack(SAID), 0)
    return job
