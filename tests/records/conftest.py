"""Every test here runs on both databases, each set up by the settings' own code, in one session;
those of `make fast` on SQLite."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connections
from django.test.utils import override_settings
from pytest_django import DjangoDbBlocker

from codr import settings as codr_settings
from executor_app import records
from executor_app.models import Job
from executor_app.relay import client as relay_client
from executor_app.relay.client import wait_for
from scripts.with_postgres import VARIABLE, temporary_postgres
from tests.records.cast import Clock
from tests.relay.conftest import Server
from tests.stack import free_port


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The server of `make test`, or one of our own."""
    if given := os.environ.get(VARIABLE):
        yield given
    else:
        with temporary_postgres() as url:
            yield url


@pytest.fixture(scope="session")
def fresh_postgres(postgres_url: str) -> Iterator[Callable[[], str]]:
    """Makes an empty database on the server and returns its URL."""
    made: list[str] = []

    def make() -> str:
        made.append(f"records_{uuid.uuid4().hex}")
        with psycopg.connect(postgres_url, autocommit=True) as server:
            server.execute(f"CREATE DATABASE {made[-1]}".encode())
        return f"{postgres_url.rpartition('/')[0]}/{made[-1]}"

    yield make
    with psycopg.connect(postgres_url, autocommit=True) as server:
        for name in made:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="session")
def fresh_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], str]:
    """Makes an empty database of a kind and returns its URL. No server starts for SQLite alone."""

    def make(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path_factory.mktemp('database') / 'codr.sqlite3'}"
        url: str = request.getfixturevalue("fresh_postgres")()
        return url

    return make


@pytest.fixture(scope="session")
def migrated_database(fresh_database: Callable[[str], str]) -> Callable[[str], str]:
    """The same with Codr's tables, one of each kind for the session."""
    made: dict[str, str] = {}

    def find(kind: str) -> str:
        if kind not in made:
            made[kind] = fresh_database(kind)
            with connected(made[kind]):
                call_command("migrate", interactive=False, verbosity=0)
        return made[kind]

    return find


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]
)
def database(
    request: pytest.FixtureRequest,
    migrated_database: Callable[[str], str],
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[str]:
    """What `Job.objects` works on: its kind. Nothing is rolled back, transactions are real."""
    with django_db_blocker.unblock(), connected(migrated_database(request.param)):
        yield request.param


@contextmanager
def connected(url: str) -> Iterator[None]:
    """`default` is this database meanwhile, with all the options that the settings give it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", url)
        configured = connections.configure_settings(codr_settings._databases())["default"]
        patch.setitem(connections.databases, "default", configured)
        forget_connections()
        try:
            yield
        finally:
            forget_connections()


def forget_connections() -> None:
    """In this thread, and in the one in which asynchronous code uses the database."""

    def forget() -> None:
        connections["default"].close()
        del connections["default"]

    forget()
    wait_for(sync_to_async(forget)())


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(free_port(), tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def redis(redis_server: Server) -> Iterator[None]:
    layer = {
        "BACKEND": "executor_app.relay.listening.ChannelLayer",
        "CONFIG": {"hosts": [redis_server.url], "prefix": "codr"},
    }
    url = redis_server.url
    with override_settings(REDIS_URL=url, CELERY_BROKER_URL=url, CHANNEL_LAYERS={"default": layer}):
        # The loop behind `wait_for` outlives a module, and with it the connection to its Redis.
        relay_client._clients.clear()
        yield
        relay_client._clients.clear()


@pytest.fixture
def no_jobs(database: str) -> Iterator[None]:
    """A table that only this test writes to, whatever the module before it left there."""
    Job.objects.all().delete()
    yield
    Job.objects.all().delete()
    User.objects.all().delete()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The recorder's clock, which goes on only when it is told to; nothing it saw is known."""
    clock = Clock()
    monkeypatch.setattr(records, "time", clock)
    monkeypatch.setattr(records, "timezone", clock)
    monkeypatch.setattr(records, "_unheld_since", {})
    monkeypatch.setattr(records, "_looked_at", None)
    return clock


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    return folder
