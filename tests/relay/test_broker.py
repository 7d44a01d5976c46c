"""What Celery's messages are sent with."""

from __future__ import annotations

from typing import Any

import pytest
from kombu import Connection

from codr import broker
from codr.celery import app
from tests.relay.conftest import Server


@pytest.fixture
def channel(redis_server: Server) -> Any:
    with app.connection_for_write(redis_server.url) as connection:
        yield connection.default_channel


def test_a_channel_has_one_client_for_all_that_it_says(channel: Any) -> None:
    assert isinstance(channel, broker.Channel)
    with channel.conn_or_acquire() as first, channel.conn_or_acquire() as second:
        assert first is second
        # The one that waits for messages holds a connection; it is nobody else's.
        assert first is not channel.client
        assert first.ping()


def test_a_channel_whose_connections_were_given_up_has_others(channel: Any) -> None:
    with channel.conn_or_acquire() as before:
        channel._disconnect_pools()  # as after a fork
    with channel.conn_or_acquire() as after:
        assert after.connection_pool is channel.pool is not before.connection_pool
        assert after.ping()


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
def test_an_address_with_tls_is_reached_with_it(scheme: str) -> None:
    connection = Connection(f"{scheme}://127.0.0.1:1/0")
    assert connection.get_transport_cls() is broker.Transport
    assert (connection.ssl is not False) == (scheme == "rediss")
