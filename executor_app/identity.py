"""Who is at the other end of a request or a socket."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.request import validate_host

from .conf import conf
from .jobs import Owner

# Some proxies add the port: 192.0.2.1:443, [2001:db8::1]:443.
_WITH_PORT: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::[0-9]+)?")
_PORTS: Final = {"http": 80, "https": 443}


def owner_of(scope: Mapping[str, Any]) -> Owner:
    """The account, else the browser's session, else the address. Reads the session's table."""
    agent = _header(scope, b"user-agent")
    user = scope.get("user")
    if user is not None and user.is_authenticated:
        return Owner(f"user:{user.pk}", user_id=user.pk, user_agent=agent)
    session = scope.get("session")
    key = session.session_key if session is not None else None
    if key and session is not None and session.exists(key):
        return Owner(f"session:{_fingerprint(key)}", user_agent=agent)
    return Owner(f"address:{client_address(scope)}", user_agent=agent)


def _fingerprint(session_key: str) -> str:
    """Tells sessions apart. Who reads the table of jobs must not be able to take one over."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:32]


def client_address(scope: Mapping[str, Any]) -> str:
    """The address of who opened this socket or sent this request, as ASGI has it."""
    client = scope.get("client")
    forwarded = ",".join(
        value.decode("latin-1")
        for key, value in scope.get("headers", ())
        if key == b"x-forwarded-for"
    )
    return _address(client[0] if client else "", forwarded)


def address_of(request: HttpRequest) -> str:
    """The same of a request as Django has it."""
    meta = request.META
    return _address(meta.get("REMOTE_ADDR") or "", meta.get("HTTP_X_FORWARDED_FOR", ""))


def _address(peer: str, forwarded: str) -> str:
    """Who stands before the outermost proxy of ours, else the peer: every proxy adds at the right
    whom it heard, and what stands further left is the client's own word."""
    proxies = conf().trusted_proxies
    said = forwarded.split(",")
    if proxies and len(said) >= proxies:
        return _plain(said[-proxies]) or peer or "unknown"
    return _plain(peer) or peer or "unknown"


def _plain(text: str) -> str:
    """One spelling of each address, without a port; empty where it is none."""
    text = text.strip(" \t")
    with_port = _WITH_PORT.fullmatch(text)
    try:
        address = ipaddress.ip_address((with_port[1] or with_port[2]) if with_port else text)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:  # any text may stand there
            return ""
        return str(address.ipv4_mapped or address)
    return str(address)


def origin_allowed(scope: Mapping[str, Any]) -> bool:
    """Whether the page that opened the socket is ours. A client that is no browser names none."""
    origin = _header(scope, b"origin")
    if not origin:
        return True
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    try:
        parts = urlsplit(origin)
        own = urlsplit(f"{parts.scheme}://{_header(scope, b'host')}")
        theirs, ours = _place(parts), _place(own)
    except ValueError:
        return False  # not the address of anything
    if parts.scheme not in ("http", "https") or not validate_host(
        theirs[0], settings.ALLOWED_HOSTS
    ):
        return False
    # Of the hosts that are ours, the one that this request came to. A page on another port is
    # another site: a developer's machine has many.
    return theirs == ours


def _place(address: SplitResult) -> tuple[str, int]:
    """Host and port; TLS ends in front of us, so the browser's scheme says what no port means."""
    host = address.hostname or ""
    # Django's patterns have an IPv6 address in its brackets.
    return f"[{host}]" if ":" in host else host, address.port or _PORTS.get(address.scheme, 0)


def _header(scope: Mapping[str, Any], name: bytes) -> str:
    for key, value in scope.get("headers", ()):
        if key == name:
            return str(value.decode("latin-1"))
    return ""
