"""A client that sends faster than its consumer takes it is read more slowly, for as long as it is
there."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import pytest
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from codr import door
from codr.door import MAX_WAITING_BYTES, Socket


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(door, "reactor", clock)
    return clock


@pytest.fixture
def socket(clock: Clock) -> Any:
    """Open, with more in its queue than may wait there."""
    socket: Any = Socket.__new__(Socket)  # without a handshake
    socket.state, socket.transport = Socket.STATE_OPEN, StringTransport()
    socket.application_queue = asyncio.Queue()
    socket._waiting, socket._waiting_bytes, socket._held = deque(), 0, False
    for _ in range(2):
        socket.application_queue.put_nowait({})
        socket._waiting.append(MAX_WAITING_BYTES)
        socket._waiting_bytes += MAX_WAITING_BYTES
    socket._hold_back()
    return socket


def test_it_is_read_again_once_enough_has_been_taken(socket: Any, clock: Clock) -> None:
    assert socket.transport.producerState == "paused"
    clock.advance(1)
    assert socket.transport.producerState == "paused"
    socket.application_queue.get_nowait()
    clock.advance(1)
    assert socket.transport.producerState == "producing"
    assert not clock.getDelayedCalls()


def test_nobody_looks_at_a_closed_one_whose_consumer_has_ended(socket: Any, clock: Clock) -> None:
    clock.advance(1)
    assert clock.getDelayedCalls()
    socket.state = Socket.STATE_CLOSED
    clock.advance(1)
    assert not clock.getDelayedCalls()
