"""Who is at the other end of a request or a socket.

An API key says it, else the account that is signed in, else the browser's session, else the
address. A key that is not valid is refused, and never makes somebody anonymous.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.http.request import validate_host

from . import api_keys
from .conf import conf
from .jobs import Owner
from .models import ApiKey

# Some proxies add the port: 192.0.2.1:443, [2001:db8::1]:443.
_WITH_PORT: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::[0-9]+)?")
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, with what stands behind it: `user` is the account, `key` what it was shown by."""

    owner: Owner
    user: User | None = None
    key: ApiKey | None = None

    @property
    def address(self) -> str:
        return self.owner.address

    @property
    def may_enter(self) -> bool:
        return self.user is not None or conf().allow_anonymous

    @property
    def facts(self) -> dict[str, Any]:
        """For the audit trail."""
        return {
            "owner_key": self.owner.key,
            "user_id": self.owner.user_id,
            "address": self.address,
        }

    @property
    def sees_all_jobs(self) -> bool:
        """Staff, with the permission that the admin asks for too. Asks the database."""
        return (
            self.user is not None
            and self.user.is_staff
            and self.user.has_perm("executor_app.view_job")
        )


def caller_of(scope: Mapping[str, Any]) -> Caller:
    """Of a socket. Asks the database; raises BadKeyError."""
    secret = _bearer(_header(scope, b"authorization"))
    address, agent = client_address(scope), _header(scope, b"user-agent")
    if secret is not None:
        return _caller(secret, None, None, address, agent)
    # Channels has middleware for it, which asks the database before the socket is open: without a
    # database there would be nobody to tell.
    opened = HttpRequest()
    opened.session = SessionStore(scope["cookies"].get(settings.SESSION_COOKIE_NAME))
    return _caller(None, get_user(opened), opened.session, address, agent)


def caller_of_request(request: HttpRequest) -> Caller:
    """Of a request as Django has it. Asks the database; raises BadKeyError."""
    secret = _bearer(request.headers.get("Authorization", ""))
    # With a key neither of the others is looked at, so that no session is made for it.
    user = request.user if secret is None else None
    session = request.session if secret is None else None
    agent = request.headers.get("User-Agent", "")
    return _caller(secret, user, session, address_of(request), agent)


def caller_of_browser(request: HttpRequest) -> Caller:
    """Of a page for people: whoever is signed in, whatever key or proxy's word comes along."""
    agent = request.headers.get("User-Agent", "")
    return _caller(None, request.user, request.session, address_of(request), agent)


def _caller(secret: str | None, user: Any, session: Any, address: str, agent: str) -> Caller:
    if secret is not None:
        key = api_keys.find(secret, address)
        return Caller(_owner_of_user(key.user, address, agent), key.user, key)
    if user is not None and user.is_authenticated:
        return Caller(_owner_of_user(user, address, agent), user)
    held = session.session_key if session is not None else None
    if held and session.exists(held):
        key_of_it = owner_key_of_session(held)
        return Caller(Owner(key_of_it, user_agent=agent, address=address))
    return Caller(Owner(f"address:{address}", user_agent=agent, address=address))


def _owner_of_user(user: User, address: str, agent: str) -> Owner:
    return Owner(f"user:{user.pk}", user_id=user.pk, user_agent=agent, address=address)


def _bearer(authorization: str) -> str | None:
    """The key of this header. Another scheme is for a proxy in front of us, and none of ours."""
    scheme, _, secret = authorization.strip().partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None


def owner_key_of_session(session_key: str) -> str:
    """Tells sessions apart. Who reads the table of jobs must not be able to take one over."""
    return f"session:{hashlib.sha256(session_key.encode()).hexdigest()[:32]}"


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


def request_origin_allowed(request: HttpRequest) -> bool:
    """The same of a request as Django has it."""
    told = {b"origin": request.headers.get("Origin", ""), b"host": request.get_host()}
    headers = [(name, text.encode("latin-1", "replace")) for name, text in told.items()]
    return origin_allowed({"headers": headers})


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
    # Where there is TLS, a page without it is anybody's who stands on the way.
    if parts.scheme not in (("https",) if settings.TLS else ("http", "https")):
        return False
    if origin != f"{parts.scheme}://{parts.netloc}" or "@" in parts.netloc:
        return False  # more than an origin has
    if not validate_host(theirs[0], settings.ALLOWED_HOSTS):
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
    """Several of one name as one, with commas between them, as Django has them too."""
    values = [value.decode("latin-1") for key, value in scope.get("headers", ()) if key == name]
    return ",".join(values)
