"""Jobs in a database, and people who may do different things with them."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.test.utils import override_settings

from executor_app import jobs
from executor_app.models import Job, pack
from executor_app.protocol import SourceFile
from executor_app.relay import client as relay_client
from executor_app.relay.client import client, wait_for
from executor_app.rendering import source
from tests.relay.conftest import Server
from tests.stack import free_port

# Makes a job; what is not given is ordinary.
MakeJob = Callable[..., Job]
SAID = [{"t": 1, "stream": "stdout", "stage": "run", "data": "hello\n"}]


@pytest.fixture(autouse=True)
def plain_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Static files by their own names: nothing was collected. No Redis, which nobody needs to look
    at what is over. And time enough for colours, however busy the machine is."""
    monkeypatch.setattr(source, "TIME_S", 60.0)
    storages = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    elsewhere = {"STATIC_ROOT": str(tmp_path), "REDIS_URL": "redis://127.0.0.1:1/0"}
    with override_settings(STORAGES=storages, **elsewhere):
        yield


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(free_port(), tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis(redis_server: Server, plain_surroundings: None) -> Iterator[None]:
    """For the tests of pages that ask for what is at work now."""
    with override_settings(REDIS_URL=redis_server.url):
        wait_for(_forget_clients())
        yield
        wait_for(_clear())
        wait_for(_forget_clients())


async def _clear() -> None:
    await client().flushdb()


async def _forget_clients() -> None:
    """The pool of the loop that is kept knows the address that it was made with."""
    await client().aclose()
    relay_client._clients.pop(asyncio.get_running_loop(), None)


@pytest.fixture
def make_job(db: None) -> MakeJob:
    def make(**fields: Any) -> Job:
        files = fields.pop("files", {"main.py": "print('hello')\n"})
        said = fields.pop("said", SAID)
        job = Job.objects.create(
            **{
                "owner_key": "session:0123456789abcdef0123456789abcdef",
                "request_id": uuid.uuid4().hex,
                "language": "python",
                "version": "Python 3.11.2",
                "policy": "standard",
                "source": Job.pack_files(
                    [SourceFile(name=name, content=text) for name, text in files.items()]
                ),
                "status": Job.Status.COMPLETED,
                "worker": "host-1",
                "attempt": 1,
                "exit_code": 0,
                "execution_time": 0.021,
                "cpu_time": 0.014,
                "memory": 4849664,
                "output_bytes": 6,
            }
            | fields
        )
        if said is not None:
            jobs.store_transcript(str(job.pk), pack(said), 0)
        return job

    return make


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def staff(name: str, *permissions: str) -> Client:
    """A member of staff who may do this to jobs, and nothing else."""
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(codename__in=[f"{kind}_job" for kind in permissions])
    )
    return signed_in(user)


@pytest.fixture
def administrator(db: None) -> Client:
    return signed_in(User.objects.create_superuser("root"))


@pytest.fixture
def viewer(db: None) -> Client:
    return staff("viewer", "view")


@pytest.fixture
def operator(db: None) -> Client:
    """May view and cancel."""
    return staff("operator", "view", "change")
