"""Whom the front door counts, and what it says of those whom it refuses."""

from __future__ import annotations

import logging
from collections import Counter
from types import SimpleNamespace

import pytest

from codr.door import Channel, Door

MOST = 20


@pytest.fixture
def door() -> Door:
    door = Door.__new__(Door)  # without the reactor and its ports
    door.max_connections, door.count_peers = MOST, True
    door.connections_of, door.sockets_of = Counter(), Counter()
    door._told_of = set()
    return door


def test_peers_of_a_unix_socket_are_not_counted(door: Door) -> None:
    for _ in range(MOST + 1):
        channel = Channel()
        channel.factory = SimpleNamespace(server=door)
        assert channel.enter("")
        channel.leave()
    assert not door.connections_of


def test_one_customers_addresses_of_ipv6_are_one(door: Door) -> None:
    taken = [door.take(door.sockets_of, f"2001:db8::{n:x}") for n in range(MOST + 1)]
    assert taken == [True] * MOST + [False]
    assert door.take(door.sockets_of, "2001:db8:0:1::1")
    for n in range(MOST):
        door.leave(door.sockets_of, f"2001:db8::{n:x}")
    assert list(door.sockets_of) == ["2001:db8:0:1::/64"]


def test_an_address_at_its_limit_is_named_once(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for _ in range(MOST + 5):
        door.take(door.connections_of, "192.0.2.1")
    door.leave(door.connections_of, "192.0.2.1")
    for _ in range(5):
        door.take(door.connections_of, "192.0.2.1")
    assert len(caplog.messages) == 1
    for _ in range(MOST):
        door.leave(door.connections_of, "192.0.2.1")
    for _ in range(MOST + 5):
        door.take(door.connections_of, "192.0.2.1")
    assert len(caplog.messages) == 2
