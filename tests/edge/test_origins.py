"""Which pages may open the socket: the one that this very request came to, and named ones."""

from __future__ import annotations

import pytest
from django.test import override_settings

from executor_app.identity import origin_allowed
from tests.edge.raw import Raw, handshake
from tests.stack import Stack

HOSTS = ["codr.example", ".codr.test", "127.0.0.1", "[::1]", "localhost"]


def allowed(origin: str, host: str, *, tls: bool = False, trusted: tuple[str, ...] = ()) -> bool:
    headers = [(b"host", host.encode("latin-1")), (b"origin", origin.encode("latin-1"))]
    with override_settings(ALLOWED_HOSTS=HOSTS, TLS=tls, CSRF_TRUSTED_ORIGINS=list(trusted)):
        return origin_allowed({"headers": headers})


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000"),
        ("http://[::1]:8000", "[::1]:8000"),
        ("http://codr.example", "codr.example"),
        ("http://codr.example", "codr.example:80"),
        ("https://codr.example", "codr.example"),
        ("http://a.codr.test", "a.codr.test"),
        ("http://codr.example", "CODR.example"),
    ],
)
def test_our_own_page_may(origin: str, host: str) -> None:
    assert allowed(origin, host)


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "http://evil.example",
        "http://codr.example:81",
        "http://www.codr.example",
        "http://example",
        "http://codr.example.evil.example",
        "http://evilcodr.example",
        "http://codr.example.",
        "http://codr.example@evil.example",
        "http://evil.example@codr.example",
        "http://codr.example:80@evil.example",
        "http://evil.example#@codr.example",
        "http://evil.example/codr.example",
        "http://evil.example?codr.example",
        "http://evil.example\\@codr.example",
        "http://codr.example\\.evil.example",
        "http://codr.example/",
        "http://codr.example/path",
        "http://codr.example?x",
        "HTTP://CODR.EXAMPLE",
        "http://codr.example, http://evil.example",
        "http://evil.example, http://codr.example",
        "http://codr.example http://evil.example",
        "http://codr.example\t",
        "http://\xa0codr.example",
        "http://codr.example:65536",
        "http://codr.example:-1",
        "http://[codr.example]",
        "http://[::1",
        "http://[::1]",
        "http://[::ffff:127.0.0.1]",
        "http://127.1",
        "http://2130706433",
        "http://*",
        "ftp://codr.example",
        "file://codr.example",
        "ws://codr.example",
        "javascript://codr.example",
        "chrome-extension://codr.example",
        "//codr.example",
        "codr.example",
        "http:codr.example",
        "://codr.example",
        "http://",
        "http:///codr.example",
    ],
)
def test_every_other_page_may_not(origin: str) -> None:
    assert not allowed(origin, "codr.example")


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://evil.example", "evil.example"),  # a name that somebody points at us
        ("http://a.codr.test", "b.codr.test"),
        ("http://localhost:8000", "127.0.0.1:8000"),
        ("http://127.0.0.1:3000", "127.0.0.1:8000"),
        ("http://[::1]:3000", "[::1]:8000"),
        ("http://codr.example", ""),
        ("http://codr.example", "codr.example:port"),
    ],
)
def test_it_has_to_be_the_host_and_port_of_this_request(origin: str, host: str) -> None:
    assert not allowed(origin, host)


def test_where_there_is_tls_a_page_without_it_may_not() -> None:
    assert allowed("https://codr.example", "codr.example", tls=True)
    assert not allowed("http://codr.example", "codr.example", tls=True)


def test_an_origin_that_is_named_may_and_nothing_near_it() -> None:
    trusted = ("https://school.example",)
    assert allowed("https://school.example", "codr.example", trusted=trusted)
    for near in ("http://school.example", "https://school.example:444", "https://a.school.example"):
        assert not allowed(near, "codr.example", trusted=trusted)


def test_a_client_that_is_no_browser_names_none() -> None:
    assert allowed("", "codr.example")


@pytest.mark.parametrize(
    "fields",
    [
        ["Origin: null"],
        ["Origin: http://127.0.0.1:{port}@evil.example"],
        ["Origin: http://evil.example", "Origin: http://127.0.0.1:{port}"],
        ["Origin: http://127.0.0.1:{port}", "Origin: http://evil.example"],
        ["Origin: http://evil.example", "Host: evil.example"],
        ["origin: http://evil.example", "X-Forwarded-Host: evil.example"],
    ],
)
def test_on_the_wire_no_trick_with_headers_helps(codr: Stack, fields: list[str]) -> None:
    """Refused in the handshake, or by the first frame, which carries 4403."""
    with Raw(codr.port) as client:
        client.send(handshake(*(field.format(port=codr.port) for field in fields)))
        answer = client.to_the_end()
    refused = answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 403 "))
    assert refused or b'"code":"wrong_origin"' in answer, answer
    assert b"accepted" not in answer
