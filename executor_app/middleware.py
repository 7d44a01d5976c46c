"""Headers that every answer has, and whose hosts are answered."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.middleware.common import CommonMiddleware

from . import audit
from .identity import address_of

# Scripts come from our own files alone. Styles may be inline, since the editor and the terminal
# of the page set theirs on the elements that they make.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
# For every answer that does not say otherwise itself.
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def security_headers(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        for name, value in HEADERS.items():
            # What may be framed says so in its policy, and the older header knows no "by whom".
            if name != "X-Frame-Options" or not getattr(response, "xframe_options_exempt", False):
                response.setdefault(name, value)
        return response

    return middleware


# Who asks whether we are well calls us by an address.
FOR_ANY_HOST = ("/healthz", "/readyz")


def known_hosts(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Refuses names that are not ours before anybody else asks for the name, and counts it as other
    refusals are: Django's own error for each would be a stranger's way to fill the log."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info not in FOR_ANY_HOST:
            try:
                request.get_host()
            except DisallowedHost:
                host = request.META.get("HTTP_HOST", "")
                audit.record(audit.Kind.WRONG_HOST, address=address_of(request), detail=host)
                raise
        return get_response(request)

    return middleware


class HostsMiddleware(CommonMiddleware):
    """Django's, which asks for the name once more."""

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        if request.path_info in FOR_ANY_HOST:
            return None
        return super().process_request(request)
