"""What an executor keeps open for telling the recorder: a pool that grows by chance, but not on."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest
from celery import Celery

from codr.celery import app as codr
from tests.hostile.traces import EPOLL, MOST_SENDERS
from tests.relay.conftest import Server


@pytest.fixture
def sender(redis_server: Server) -> Iterator[Celery]:
    """With a pool of its own, as large as an executor's."""
    app = Celery("sender", broker=redis_server.url, set_as_current=False)
    app.conf.broker_pool_limit = codr.conf.broker_pool_limit
    yield app
    app.close()


def test_who_sends_at_once_leaves_an_epoll_each_and_no_more_than_the_pool_has(
    sender: Celery,
) -> None:
    """It stays with its connection, and is no loop that was forgotten."""
    sender.send_task("nobody.takes.this")
    first = epolls()
    send_at_once(sender, 2)
    some = epolls()
    send_at_once(sender, 5 * MOST_SENDERS)
    assert first <= some <= epolls() <= first + MOST_SENDERS
    assert epolls() > first
    many = epolls()
    for _ in range(50):
        sender.send_task("nobody.takes.this")
    assert epolls() == many


def send_at_once(app: Celery, count: int) -> None:
    together = threading.Barrier(count)

    def send() -> None:
        together.wait()
        app.send_task("nobody.takes.this")

    threads = [threading.Thread(target=send) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def epolls() -> int:
    found = 0
    for fd in os.listdir("/proc/self/fd"):
        try:
            found += os.readlink(f"/proc/self/fd/{fd}") == EPOLL
        except OSError:
            continue  # the one that listed the folder
    return found
