"""The pages and answers of HTTP: the IDE, the languages, and whether Codr is well."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final, TypeVar

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from . import openapi, readiness
from .answers import (
    Body,
    LanguageLimits,
    LanguageOffered,
    LanguagesOffered,
)
from .callers import enter, refusal
from .conf import conf
from .errors import UserError
from .languages import languages
from .middleware import CONTENT_SECURITY_POLICY
from .relay import presence

logger = logging.getLogger(__name__)

View = TypeVar("View", bound=Callable[..., Any])
UNBUILT: Final = (
    "The page has not been built yet. Run `make run`, which builds it, or `npm ci` and "
    "`npm run build` in frontend/."
)


def read_only(view: View) -> View:
    """GET and HEAD. There is nothing to forge, so that another method is 405 and not 403."""
    return csrf_exempt(require_safe(view))


@read_only
def ide(request: HttpRequest) -> HttpResponse:
    """The page; it also gives the browser the session that its jobs belong to."""
    if not request.user.is_authenticated:
        if not conf().allow_anonymous:
            return redirect_to_login(request.get_full_path())
        if not request.session.session_key:
            request.session.create()
    return _page()


@read_only
def ide_of_link(request: HttpRequest, link: str) -> HttpResponse:
    """The same page for who follows a link. Whether it leads anywhere the page asks."""
    response: HttpResponse = ide(request)
    return response


@read_only
@xframe_options_exempt
def embed(request: HttpRequest) -> HttpResponse:
    """The page inside of others' pages. No session is made: a browser would not keep it there."""
    response = _page()
    origins = " ".join(conf().embed_origins) or "'none'"
    framed = CONTENT_SECURITY_POLICY.replace("frame-ancestors 'none'", f"frame-ancestors {origins}")
    response["Content-Security-Policy"] = framed
    # For pages that take only what agrees to be taken.
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _page() -> HttpResponse:
    page = settings.IDE_DIR / "index.html"
    if not page.is_file():
        return HttpResponse(UNBUILT, status=503, content_type="text/plain; charset=utf-8")
    response = HttpResponse(page.read_bytes())
    response["Cache-Control"] = "no-cache"
    return response


@read_only
def icon(request: HttpRequest) -> HttpResponse:
    """Where browsers look for it when a page names none, as the admin's."""
    return redirect(static("ide/favicon.svg"))


@read_only
async def languages_offered(request: HttpRequest) -> HttpResponse:
    """Every language, its version and whether an executor offers it now; why not otherwise."""
    if not conf().allow_anonymous or "Authorization" in request.headers:
        try:
            await sync_to_async(enter)(request)
        except UserError as error:
            return refusal(error)
    try:
        there = await presence.executors()
    except (RedisError, OSError):
        logger.exception("/api/languages: Redis does not answer")
        there = {}
    offered = [_offer(name, there) for name in languages()]
    return _json(LanguagesOffered(languages=offered, executors=len(there)))


def _offer(name: str, there: dict[str, dict[str, Any]]) -> LanguageOffered:
    language = languages()[name]
    offers = [facts["languages"][name] for facts in there.values() if name in facts["languages"]]
    good = next((offer for offer in offers if not offer["reason"]), None)
    reason = offers[0]["reason"] if offers else "No machine that runs programs is connected."
    limits = language.run_limits
    return LanguageOffered(
        name=language.name,
        title=language.title,
        aliases=list(language.aliases),
        file_name=language.file_name,
        highlight=language.highlight,
        example=language.example,
        version=good["version"] if good else "",
        available=good is not None,
        reason="" if good else reason,
        limits=LanguageLimits(
            cpu_time=limits.cpu_time_s,
            wall_time=limits.wall_time_s,
            input_timeout=limits.input_timeout_s,
            memory=limits.memory_bytes,
            output=limits.output_bytes,
            processes=limits.processes,
        ),
    )


@read_only
def described(request: HttpRequest) -> HttpResponse:
    """What there is here, for people's tools."""
    return JsonResponse(openapi.document())


@read_only
def healthz(request: HttpRequest) -> HttpResponse:
    """This process lives."""
    return HttpResponse("ok\n", content_type="text/plain")


@read_only
async def readyz(request: HttpRequest) -> HttpResponse:
    """200 only when Redis, the database and an executor answer; says which does not."""
    said = await readiness.look()
    return _json(said, status=200 if said.ready else 503)


def _json(body: Body, status: int = 200) -> HttpResponse:
    return JsonResponse(body.model_dump(), status=status)
