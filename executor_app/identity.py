"""Who is at the other end of a request or a socket."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.http.request import validate_host

from .jobs import Owner

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
    client = scope.get("client")
    return Owner(f"address:{client[0] if client else 'unknown'}", user_agent=agent)


def _fingerprint(session_key: str) -> str:
    """Tells sessions apart. Who reads the table of jobs must not be able to take one over."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:32]


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
