"""The door of the HTTP API: who asks, from where, and how it is told that something is not so.

Every view of the API goes through `for_callers`. It answers for all of them alike, before any of
them looks at what was asked for: so nothing that it says depends on what there is.
"""

from __future__ import annotations

import functools
import logging
import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.http.request import UnreadablePostError
from django.middleware.csrf import CsrfViewMiddleware
from django.views.decorators.csrf import csrf_exempt
from pydantic import BaseModel, ValidationError
from redis.exceptions import RedisError

from . import audit
from .allowances import TooManyError
from .answers import Body, Refusal
from .errors import UserError
from .identity import Caller, address_of, caller_of_request, request_origin_allowed
from .protocol import TOO_LARGE

logger = logging.getLogger(__name__)

Model = TypeVar("Model", bound=BaseModel)
SAFE: Final = ("GET", "HEAD")
# What is no bad request and no conflict, by the code of the refusal.
STATUS: Final = {
    "bad_key": 401,
    "not_signed_in": 401,
    "wrong_origin": 403,
    "csrf": 403,
    "read_only": 403,
    "no_session": 403,
    "no_such_job": 404,
    "no_such_program": 404,
    "job_over": 409,
    "too_many_shares": 409,
    "too_many_programs": 409,
    "name_taken": 409,
    "too_large": 413,
    "too_many_submissions": 429,
    "too_much_cpu_time": 429,
    "unavailable": 503,
}
UNAVAILABLE: Final = "The server cannot reach what it needs just now. Try again in a moment."


class _Csrf(CsrfViewMiddleware):
    """Django's own check, asked for its word instead of its page."""

    def _reject(self, request: HttpRequest, reason: str) -> str:
        return reason


def for_callers(*methods: str) -> Callable[[Callable[..., Body]], Callable[..., HttpResponse]]:
    """Gives the view the Caller; makes JSON of its answer, or of the UserError that it raises."""

    def decorate(view: Callable[..., Body]) -> Callable[..., HttpResponse]:
        @csrf_exempt
        @functools.wraps(view)
        def answer(request: HttpRequest, **parts: Any) -> HttpResponse:
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            try:
                return _json(view(request, _caller(request), **parts))
            except UserError as error:
                return refusal(error)
            except (DatabaseError, RedisError, OSError, TimeoutError):
                logger.exception("%s was not answered", request.resolver_match)
                return refusal(UserError("unavailable", UNAVAILABLE))

        return answer

    return decorate


def enter(request: HttpRequest) -> Caller:
    """Who asks; raises the UserError that says why they may not."""
    if not request_origin_allowed(request):
        audit.record(audit.Kind.WRONG_ORIGIN, address=address_of(request))
        raise UserError("wrong_origin", "This page may not use Codr here.")
    caller = caller_of_request(request)
    if not caller.may_enter:
        audit.record(audit.Kind.NOT_SIGNED_IN, address=caller.address)
        raise UserError("not_signed_in", "Sign in, or send an API key.")
    return caller


def _caller(request: HttpRequest) -> Caller:
    caller = enter(request)
    if caller.key is None and request.method not in SAFE:
        _check_csrf(request)
    return caller


def _check_csrf(request: HttpRequest) -> None:
    """A browser sends its cookies with what a page of another site asks it to send."""
    check = _Csrf(lambda request: HttpResponse())
    check.process_request(request)
    if check.process_view(request, _checked, (), {}) is not None:
        text = "Send the cookie `csrftoken` again as the header `X-CSRFToken`, or use an API key."
        raise UserError("csrf", text)


def _checked(request: HttpRequest) -> HttpResponse:
    """Stands for a view, of which Django's check wants to know whether it is exempt."""
    return HttpResponse()


def body_of(request: HttpRequest, model: type[Model]) -> Model:
    """The body as this model; raises the UserError that names what is wrong with it."""
    try:
        body = request.body
    except RequestDataTooBig:
        raise UserError("too_large", "The body is too large.") from None
    except UnreadablePostError:
        raise UserError("bad_request", "The body did not arrive whole.") from None
    return _parsed(lambda: model.model_validate_json(body))


def query_of(request: HttpRequest, model: type[Model]) -> Model:
    """The same of what stands behind the question mark."""
    return _parsed(lambda: model.model_validate(request.GET.dict()))


def _parsed(read: Callable[[], Model]) -> Model:
    try:
        return read()
    except UnicodeEncodeError:
        raise UserError("bad_request", "A string holds half of a surrogate pair.") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == TOO_LARGE:
            raise UserError(TOO_LARGE, f"{first['msg']}.") from None
        where = ".".join(str(part) for part in first["loc"])
        text = f"`{where}`: {first['msg']}" if where else str(first["msg"])
        raise UserError("bad_request", text) from None


def iso(at: datetime) -> str:
    """A time as the answers have it."""
    return at.astimezone(UTC).isoformat()


def refusal(error: UserError) -> HttpResponse:
    status = STATUS.get(error.code, 400)
    response = _json(Refusal(code=error.code, message=error.message), status)
    if isinstance(error, TooManyError) and error.retry_after_s is not None:
        response["Retry-After"] = str(math.ceil(error.retry_after_s))
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="Codr"'
    return response


def _json(body: Body, status: int = 200) -> HttpResponse:
    response = JsonResponse(body.model_dump(), status=status)
    response["Cache-Control"] = "no-store"
    return response
