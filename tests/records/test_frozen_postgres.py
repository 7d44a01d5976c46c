"""A PostgreSQL that is frozen: its kernel takes all it is sent, and nobody ever answers."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import OperationalError, connection
from django.db.backends.signals import connection_created
from pytest_django import DjangoDbBlocker

from executor_app import database
from executor_app.runner import procfs
from scripts.with_postgres import temporary_postgres
from tests.records.conftest import connected

PATIENCE_S = 20.0


@pytest.fixture
def server(django_db_blocker: DjangoDbBlocker) -> Iterator[int]:
    """The first process of one of our own, on which `default` is connected as a web process is."""
    with temporary_postgres() as url, django_db_blocker.unblock(), connected(url):
        database.bound_answers()
        backend = ask("SELECT pg_backend_pid()")
        server = procfs.parent(backend)
        assert server is not None
        try:
            yield server
        finally:
            send(server, signal.SIGCONT)
            connection_created.disconnect(dispatch_uid="bound answers")


def ask(question: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return int(cursor.fetchone()[0])


def send(server: int, number: signal.Signals) -> None:
    for pid in procfs.descendants(server):
        os.kill(pid, number)


def in_a_thread(work: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """What came of it, once the thread has ended."""
    came: list[object] = []

    def run() -> None:
        try:
            came.append(work())
        except Exception as error:
            came.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, came


def test_no_thread_waits_for_ever_for_an_answer_or_a_connection(
    server: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "ANSWER_S", 0.5)
    asked, frozen, again = threading.Event(), threading.Event(), threading.Event()
    refusals: list[Exception] = []

    def visit() -> int:
        assert ask("SELECT 1") == 1
        asked.set()
        frozen.wait()
        for _ in ("on the connection that is there", "on a new one"):
            with pytest.raises(OperationalError) as refused:
                ask("SELECT 2")
            refusals.append(refused.value)
            connection.close_if_unusable_or_obsolete()
        again.set()
        back.wait()
        return ask("SELECT 3")

    back = threading.Event()
    thread, came = in_a_thread(visit)
    assert asked.wait(PATIENCE_S)
    send(server, signal.SIGSTOP)
    frozen.set()
    assert again.wait(PATIENCE_S), came
    assert "has not answered for 0.5 s" in str(refusals[0])
    send(server, signal.SIGCONT)
    back.set()
    thread.join(PATIENCE_S)
    assert came == [3]
