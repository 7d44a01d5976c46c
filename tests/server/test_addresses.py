"""The addresses of HTTP that stay."""

from __future__ import annotations

import json
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.stack import Stack


def test_the_page_comes_with_its_headers_and_a_session(codr: Stack) -> None:
    with urlopen(codr.url + "/") as answer:
        page = answer.read().decode()
        headers = dict(answer.headers)
    assert "Codr" in page
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "HttpOnly" in headers["Set-Cookie"]
    assert "<script>" not in page


def test_the_icon_is_where_browsers_look_for_it(codr: Stack) -> None:
    with urlopen(codr.url + "/favicon.ico") as answer:
        assert answer.headers["Content-Type"] == "image/svg+xml"


def test_every_language_is_offered_with_its_version(codr: Stack) -> None:
    answer = json.loads(codr.get("/api/languages"))
    assert answer["executors"] == 1
    offered = {each["name"]: each for each in answer["languages"]}
    assert list(offered) == ["python", "javascript", "c", "cpp", "rust"]
    for each in offered.values():
        assert each["available"], each["reason"]
        assert each["version"]
        assert each["example"]


def test_a_codr_that_runs_is_alive_and_ready(codr: Stack) -> None:
    assert codr.get("/healthz") == b"ok\n"
    ready = json.loads(codr.get("/readyz"))
    assert ready["ready"] is True
    assert ready["checks"] == {"redis": "ok", "database": "ok", "executors": "ok"}
    assert (ready["executors"]["connected"], ready["executors"]["draining"]) == (1, 0)
    assert 0 < ready["executors"]["slots_free"] <= ready["executors"]["slots"]
    assert ready["queue"].keys() == {"jobs", "owners", "oldest_wait"}
    assert ready["migrations_pending"] == 0


@pytest.mark.parametrize("path", ["/nothing", "/ws/nothing", "/admin/executor_app/job/"])
def test_what_is_not_there_or_not_yours_is_said_so(codr: Stack, path: str) -> None:
    if path.startswith("/admin"):
        with urlopen(codr.url + path) as answer:
            assert "login" in answer.url
    else:
        with pytest.raises(HTTPError, match="404"):
            urlopen(codr.url + path)
