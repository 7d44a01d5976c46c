"""Whose address a client behind proxies has: what our own proxies say, and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import RequestFactory, override_settings

from executor_app.identity import address_of, client_address

PROXY = "10.0.0.1"
Ask = Callable[[str, list[str]], str]


def by_scope(peer: str, forwarded: list[str]) -> str:
    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    return client_address({"client": (peer, 1234), "headers": [(b"host", b"x"), *headers]})


def by_request(peer: str, forwarded: list[str]) -> str:
    headers: dict[str, Any] = {"HTTP_X_FORWARDED_FOR": ",".join(forwarded)} if forwarded else {}
    return address_of(RequestFactory().get("/", REMOTE_ADDR=peer, **headers))


@pytest.mark.parametrize("ask", [by_scope, by_request])
@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, [], PROXY),
        (0, ["192.0.2.7"], PROXY),  # anybody can send a header
        (1, ["192.0.2.7"], "192.0.2.7"),
        (1, ["203.0.113.9, 192.0.2.7"], "192.0.2.7"),  # the left one is the client's own word
        (1, ["203.0.113.9", "192.0.2.7"], "192.0.2.7"),  # two headers are one list
        (2, ["203.0.113.9, 192.0.2.7, 10.0.0.2"], "192.0.2.7"),
        (2, ["192.0.2.7"], PROXY),  # it came past one of ours
        (1, [], PROXY),
        (1, ["2001:DB8:0::1"], "2001:db8::1"),
        (1, ["::ffff:192.0.2.7"], "192.0.2.7"),
        (1, ["192.0.2.7:50123"], "192.0.2.7"),
        (1, ["[2001:db8::1]:443"], "2001:db8::1"),
        (1, ["[2001:db8::1]"], "2001:db8::1"),
        (1, ["unknown"], PROXY),
        (1, [""], PROXY),
        (1, ["192.0.2.7,"], PROXY),
        (1, ["fe80::1%<script>"], PROXY),
        (1, ["192.0.2.7\x00"], PROXY),
        (1, ["user@192.0.2.7/x"], PROXY),
        (1, ["192.0.2.07"], PROXY),
        (1, ["1" * 5000], PROXY),
    ],
)
def test_the_address_is_what_the_outermost_proxy_of_ours_heard(
    ask: Ask, proxies: int, forwarded: list[str], address: str
) -> None:
    with override_settings(CODR={**django_settings.CODR, "trusted_proxies": proxies}):
        assert ask(PROXY, forwarded) == address


def test_a_peer_without_an_address_is_unknown() -> None:
    assert client_address({"client": None, "headers": []}) == "unknown"
    assert client_address({"headers": []}) == "unknown"
    assert by_request("", []) == "unknown"
