"""Clients that take their time, or more than their share, before and around the application."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

import pytest

from tests.edge.raw import Raw, descriptors, frame, handshake, resident_bytes
from tests.server.parts import Parts, until

pytestmark = pytest.mark.slow

REQUEST_S = 1.5
CAP = 12
MIB = 1 << 20
GET = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
POST = b"POST /admin/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """Redis and web processes alone: one with little patience, one behind a proxy of ours."""
    parts = Parts(tmp_path_factory.mktemp("door"))
    try:
        parts.start("redis")
        impatient = {
            "CODR_REQUEST_S": str(REQUEST_S),
            "CODR_FIRST_MESSAGE_S": "600",
            "CODR_PING_INTERVAL_S": "0.2",
            "CODR_PING_TIMEOUT_S": "1",
            "CODR_CONNECTIONS_PER_ADDRESS": str(CAP),
        }
        parts.start("web", **impatient)
        parts.start("web", "patient", CODR_FIRST_MESSAGE_S="600")
        parts.start("web", "behind", CODR_TRUSTED_PROXIES="1", **impatient)
        yield parts
        for name in ("web", "patient", "behind"):
            assert "Traceback" not in parts.log(name), parts.log(name)
    finally:
        parts.stop_all()


@pytest.fixture
def port(parts: Parts) -> int:
    return parts.ports["web"]


@pytest.mark.parametrize(
    "wanted",
    [
        GET + b"X-Padding: " + b"x" * 1000,
        handshake("X-Padding: " + "x" * 1000),
        POST + b"Content-Length: 1000\r\n\r\n" + b"x" * 1000,
        POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 1000,
    ],
    ids=["a head", "a handshake", "a body", "a body in chunks"],
)
def test_who_sends_byte_by_byte_is_not_waited_for(port: int, wanted: bytes) -> None:
    """The pause is far below any time since the last byte that one could ask for."""
    with Raw(port) as client:
        begun = wanted.find(b"\r\n\r\n") + 4 if wanted.startswith(b"POST") else 20
        client.send(wanted[:begun])
        took = client.trickle(wanted[begun:], 0.02)
        assert client.received.startswith(b"HTTP/1.1 408 "), client.received
        assert b"nosniff" in client.received
    assert REQUEST_S - 0.5 < took < REQUEST_S + 10


@pytest.mark.parametrize("before", [b"", GET + b"\r\n"], ids=["at first", "between requests"])
def test_who_sends_nothing_is_not_waited_for(port: int, before: bytes) -> None:
    with Raw(port) as client:
        if before:
            client.send(before)
            client.until(b"ok\n")
        assert not client.is_closed(REQUEST_S / 2)
        assert client.is_closed(REQUEST_S + 10)


def test_a_socket_that_answers_no_ping_is_closed(port: int) -> None:
    with Raw(port).shake_hands() as client:
        assert client.is_closed(20)


def test_a_socket_that_answers_pings_may_be_silent(port: int) -> None:
    with Raw(port).shake_hands() as client:
        for _ in range(3):
            client.received = b""
            client.until(b"\x89\x0c")
            client.until(client.received[:2])
            while len(client.received) < 14:
                client.received += client.socket.recv(100)
            client.send(frame(client.received[2:14], opcode=10))
        assert not client.is_closed(0.5)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (GET + b"X-A: b\r\n" * 101 + b"\r\n", b"400"),
        (GET + b"X-A: " + b"b" * 17_000 + b"\r\n\r\n", b"400"),
        (GET + b"X-A: bbbbbbbb\r\n" * 99 + b" " + b"b" * 16_000 + b"\r\n\r\n", b"400"),
        (b"GET /" + b"x" * 17_000 + b" HTTP/1.1\r\n\r\n", b"400"),
        (POST + b"Content-Length: 10000000000\r\n\r\n", b"413"),
        (POST + b"Content-Length: 2500001\r\n\r\n", b"413"),
        (POST + b"Content-Length: 9" + b"9" * 5000 + b"\r\n\r\n", b""),
        (POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n12345", b"400"),
        (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nXYZ\r\n", b"400"),
    ],
)
def test_a_request_that_is_too_much_or_none_is_answered_and_closed(
    port: int, sent: bytes, status: bytes
) -> None:
    with Raw(port) as client:
        client.send(sent)
        answer = client.to_the_end()
    assert answer.startswith(b"HTTP/1.1 " + status if status else b""), answer
    if status:
        assert b"default-src 'none'" in answer


def test_a_body_without_a_size_is_cut_off_where_it_is_too_large(port: int) -> None:
    with Raw(port) as client:
        client.send(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        assert client.pour(piece, 100 * MIB) < 30 * MIB  # what the kernel holds is in it
        assert b"413" in client.to_the_end() or client.is_closed(1)


def test_one_address_has_so_many_connections_and_no_more(parts: Parts, port: int) -> None:
    pid = parts.processes["web"].pid
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(Raw(port)) for _ in range(CAP)]
        with Raw(port) as one_more:
            assert one_more.is_closed(5)
        held[0].socket.close()
        until(lambda: parts.ask("/healthz")[0] == 200, "there is room again")
    until(lambda: parts.ask("/healthz")[0] == 200, "they are gone")
    before = len(descriptors(pid))
    for _ in range(3 * CAP):
        Raw(port).socket.close()
    until(lambda: len(descriptors(pid)) <= before, "none is kept")


def test_one_address_has_so_many_sockets_and_no_more(parts: Parts) -> None:
    """Behind a proxy all connections are the proxy's: what counts is whom it heard."""
    port = parts.ports["behind"]
    with contextlib.ExitStack() as stack:
        for _ in range(CAP):
            client = stack.enter_context(Raw(port))
            client.shake_hands("X-Forwarded-For: 198.51.100.9, 192.0.2.1")
        for claimed in ("", "198.51.100.7, "):
            with Raw(port) as one_more:
                one_more.send(handshake(f"X-Forwarded-For: {claimed}192.0.2.1"))
                assert one_more.to_the_end().startswith(b"HTTP/1.1 429 ")
        with Raw(port) as another:
            another.shake_hands("X-Forwarded-For: 192.0.2.2")
    until(lambda: _shakes(port), "there is room again")


def _shakes(port: int) -> bool:
    with Raw(port) as attempt:
        attempt.send(handshake("X-Forwarded-For: 192.0.2.1"))
        attempt.until(b"\r\n\r\n")
        return attempt.received.startswith(b"HTTP/1.1 101 ")


def test_pings_of_a_client_that_reads_nothing_cost_no_memory(parts: Parts) -> None:
    pid = parts.processes["patient"].pid
    with Raw(parts.ports["patient"]).shake_hands() as client:
        before = resident_bytes(pid)
        assert client.pour(frame(b"x" * 125, opcode=9) * 500, 60 * MIB) >= 60 * MIB
        until(lambda: parts.ask("/healthz", "patient")[0] == 200, "it serves others")
        assert resident_bytes(pid) - before < 16 * MIB


def test_frames_that_come_faster_than_they_are_dealt_with_wait_at_the_client(parts: Parts) -> None:
    """Redis stands still, and with it the consumer."""
    pid = parts.processes["patient"].pid
    with Raw(parts.ports["patient"]).shake_hands() as client:
        before = resident_bytes(pid)
        parts.processes["redis"].send_signal(signal.SIGSTOP)
        try:
            client.send(frame(b'{"type": "execute", "language": "python", "code": "1"}'))
            stdin = frame(b'{"type": "stdin", "data": "' + b"x" * MIB + b'"}')
            taken = client.pour(stdin, 200 * MIB, stuck_s=2)
            grown = resident_bytes(pid) - before
        finally:
            parts.processes["redis"].send_signal(signal.SIGCONT)
        assert taken < 40 * MIB  # most of it in the kernel's buffers
        assert grown < 32 * MIB
        assert client.is_closed(30)  # nobody can run it
    assert parts.ask("/healthz", "patient")[0] == 200


@pytest.mark.parametrize("size", [0, 1])
def test_a_message_in_endless_pieces_is_given_up(parts: Parts, size: int) -> None:
    with Raw(parts.ports["patient"]).shake_hands() as client:
        client.send(frame(b"[", first=0))
        piece = frame(b"1" * size, opcode=0, first=0)
        assert client.pour(piece * 1000, 100 * MIB) < 30 * MIB
        assert client.is_closed(20)


def test_a_handshake_is_not_heard_twice(parts: Parts) -> None:
    with Raw(parts.ports["patient"]) as client:
        client.send(handshake() * 5)
        assert not client.is_closed(0.5)
        assert client.received.count(b"HTTP/1.1 101") == 1
