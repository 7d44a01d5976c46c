"""Every answer carries the headers that keep it from harm, whoever gives it: Django, a middleware,
the static files, or the front door before any of them."""

from __future__ import annotations

import http.client
import re
import secrets
from collections.abc import Iterator

import pytest

from tests.edge.raw import Raw
from tests.server.parts import Parts

pytestmark = pytest.mark.slow

SECURE = {"X-Forwarded-Proto": "https", "Host": "codr.example"}
WANTED = {
    "content-security-policy": r"default-src '(self|none)'",
    "x-content-type-options": r"^nosniff$",
    "x-frame-options": r"^DENY$",
    "referrer-policy": r"^same-origin$",
    "cross-origin-opener-policy": r"^same-origin$",
    "cross-origin-resource-policy": r"^same-origin$",
    "permissions-policy": r"camera=\(\)",
}


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """A development web process, and one in production behind a proxy that ends TLS.

    Neither waits long for a next request after it has refused one.
    """
    parts = Parts(tmp_path_factory.mktemp("headers"), {"CODR_REQUEST_S": "5"})
    try:
        parts.start("redis")
        parts.start("web")
        parts.start(
            "web",
            "production",
            CODR_MODE="production",
            CODR_SECRET_KEY=secrets.token_urlsafe(50),
            CODR_ALLOWED_HOSTS="codr.example,127.0.0.1",
            CODR_ALLOW_ANONYMOUS="on",
            CODR_EMBED_ORIGINS="https://school.example, https://*.blog.example:8443",
        )
        yield parts
    finally:
        parts.stop_all()


def ask(
    port: int, method: str, path: str, headers: dict[str, str], body: str = ""
) -> tuple[int, dict[str, str], list[str]]:
    """Status, headers in lower case, and the cookies."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        answer.read()
        got = answer.getheaders()
    finally:
        connection.close()
    lowered = {name.lower(): value for name, value in got}
    return answer.status, lowered, [value for name, value in got if name.lower() == "set-cookie"]


ANSWERS = [
    ("GET", "/", {}, 200),
    ("HEAD", "/", {}, 200),
    ("GET", "/healthz", {}, 200),
    ("GET", "/readyz", {}, 503),
    ("GET", "/api/languages", {}, 200),
    ("GET", "/api/openapi.json", {}, 200),
    ("GET", "/api/nothing", {}, 404),
    ("GET", "/nothing", {}, 404),
    ("GET", "/%00", {}, 404),
    ("GET", "/static/nothing.js", {}, 404),
    ("GET", "/static/admin/css/base.css", {}, 200),
    ("GET", "/favicon.ico", {}, 302),
    ("GET", "/admin", {}, 301),
    ("GET", "/admin/", {}, 302),
    ("GET", "/admin/login/", {}, 200),
    ("GET", "/admin/executor_app/job/", {}, 302),
    ("GET", "/accounts/login/", {}, 200),
    ("POST", "/admin/login/", {}, 403),
    ("POST", "/healthz", {}, 405),
    ("DELETE", "/api/languages", {}, 405),
    ("GET", "/", {"Host": "evil.example"}, 400),
    ("GET", "/", {"Host": "a b"}, 400),
]


@pytest.mark.parametrize(("method", "path", "headers", "status"), ANSWERS)
def test_every_answer_has_every_header(
    parts: Parts, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    got, found, _ = ask(parts.ports["web"], method, path, headers)
    assert got == status
    for name, pattern in WANTED.items():
        assert re.search(pattern, found.get(name, "")), (name, found)
    scripts = re.search(r"script-src ([^;]*)", found["content-security-policy"])
    assert scripts is None or scripts[1] == "'self'"
    assert "server" not in found


def test_others_may_frame_the_page_that_is_made_for_it_and_no_other(parts: Parts) -> None:
    """And no session comes with it, which a browser would not keep there."""
    for where, headers, origins in (
        ("web", {}, "*"),
        ("production", SECURE, "https://school.example https://*.blog.example:8443"),
    ):
        status, found, cookies = ask(parts.ports[where], "GET", "/embed?language=c", headers)
        assert (status, cookies) == (200, [])
        assert "x-frame-options" not in found
        assert found["cross-origin-resource-policy"] == "cross-origin"
        policy = found["content-security-policy"].split("; ")
        assert f"frame-ancestors {origins}" in policy
        assert "script-src 'self'" in policy
    for path in ("/", "/p/x", "/watch/x", "/run/x", "/embed/", "/embedded"):
        _, found, _ = ask(parts.ports["web"], "GET", path, {})
        assert found["x-frame-options"] == "DENY", path
        assert "frame-ancestors 'none'" in found["content-security-policy"], path


@pytest.mark.parametrize(
    "sent",
    [
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: a\x1cb\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999\r\n\r\n",
        b"POST /ws/execute HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n\r\n",
        b"GET /ws/execute HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n\r\n",
    ],
)
def test_what_the_door_says_can_be_taken_for_nothing_else(parts: Parts, sent: bytes) -> None:
    """It is plain text, and neither framed, sniffed nor kept; what was sent is not in it."""
    with Raw(parts.ports["web"]) as client:
        client.send(sent)
        answer = client.to_the_end().lower()
    assert answer.startswith(b"http/1.1 4"), answer
    for wanted in (b"default-src 'none'", b"nosniff", b"no-store", b"text/plain"):
        assert wanted in answer, answer
    assert b"\xff" not in answer
    assert b"<" not in answer


def test_production_sends_everybody_to_tls(parts: Parts) -> None:
    port = parts.ports["production"]
    status, found, cookies = ask(port, "GET", "/admin/login/?x=1", {"Host": "codr.example"})
    assert (status, found["location"]) == (301, "https://codr.example/admin/login/?x=1")
    assert cookies == []
    assert ask(port, "GET", "/healthz", {})[0] == 200
    assert ask(port, "GET", "/readyz", {})[0] == 503
    for name in WANTED:
        assert name in found


def test_production_keeps_its_cookies_and_its_people_to_tls(parts: Parts) -> None:
    cookies = []
    for path in ("/", "/admin/login/"):
        status, found, set_here = ask(parts.ports["production"], "GET", path, SECURE)
        assert status == 200
        assert found["strict-transport-security"] == (
            "max-age=31536000; includeSubDomains; preload"
        )
        cookies += set_here
    names = {cookie.split("=")[0] for cookie in cookies}
    assert names == {"__Host-sessionid", "csrftoken"}
    for cookie in cookies:
        assert "; Secure" in cookie
        assert "; SameSite=Lax" in cookie
        assert "; Path=/" in cookie
        assert "domain=" not in cookie.lower()
        assert ("HttpOnly" in cookie) == cookie.startswith("__Host-")


def test_a_word_of_a_client_does_not_move_us_elsewhere(parts: Parts) -> None:
    headers = {"Daphne-Root-Path": "//evil.example", "X-Forwarded-Host": "evil.example"}
    status, found, _ = ask(parts.ports["web"], "GET", "/admin/", headers)
    assert (status, found["location"]) == (302, "/admin/login/?next=/admin/")
