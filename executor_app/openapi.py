"""The document at `/api/openapi.json`: what HTTP answers, built from the models of its bodies.

An address of the API is an `Operation` in `OPERATIONS`. The tests ask the running server everything
that the document says and hold it to each status and schema.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, Field, TypeAdapter
from pydantic.json_schema import models_json_schema

from .answers import (
    Cancelling,
    JobDetail,
    JobLinked,
    JobPage,
    JobTranscript,
    JobWatched,
    LanguagesOffered,
    LinkRequest,
    Me,
    ProgramDetail,
    ProgramFacts,
    ProgramGone,
    ProgramPage,
    ProgramRename,
    ProgramRequest,
    ProgramShared,
    Readiness,
    Refusal,
    ShareRequest,
    Shares,
)

TEXT: Final = "text/plain"
JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes with one status. Without a model it is whatever its media type says."""

    means: str
    model: type[BaseModel] | None = None
    media_type: str = JSON
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    where: Literal["path", "query", "header"]
    type: Any
    means: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """`body` is what a request carries as JSON."""

    method: Literal["get", "post", "put", "patch", "delete"]
    path: str
    means: str
    answers: Mapping[int, Answer]
    body: type[BaseModel] | None = None
    parameters: tuple[Parameter, ...] = ()
    # Names in `SECURITY`, each enough alone, and `NOBODY`; empty where anybody may ask.
    security: tuple[str, ...] = ()
    tags: tuple[str, ...] = field(default=())


# How one says who one is: a name -> OpenAPI's description of it.
SECURITY: Final[Mapping[str, Mapping[str, Any]]] = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "an API key, made on the account's page",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "sessionid",
        "description": "the browser's, `__Host-sessionid` where there is TLS; what changes "
        "something needs the header `X-CSRFToken` too",
    },
}
# Where anonymous use is on, one is known by one's session or address.
NOBODY: Final = ""
CALLERS: Final = ("key", "session", NOBODY)

_BAD: Final = Answer("something in it makes no sense; the message names it", Refusal)
_NOT_SIGNED_IN: Final = Answer(
    "the key is not valid, or anonymous use is off", Refusal, headers=("WWW-Authenticate",)
)
_ORIGIN: Final = Answer("a page of another site asked", Refusal)
_FORBIDDEN: Final = Answer(
    "a page of another site asked, the CSRF token is missing, or one may only read", Refusal
)
_NO_SUCH_JOB: Final = Answer("there is no such job, or not for you", Refusal)
_UNAVAILABLE: Final = Answer("Redis or the database does not answer", Refusal)
_ASKED: Final = {401: _NOT_SIGNED_IN, 403: _ORIGIN, 503: _UNAVAILABLE}
_CHANGED: Final = {401: _NOT_SIGNED_IN, 403: _FORBIDDEN, 503: _UNAVAILABLE}
_PAGE: Final = Annotated[int, Field(ge=1, le=100)]
_TOO_LARGE: Final = Answer("the body is too large", Refusal)
_TOO_MANY: Final = Answer("as many were sent within a minute as one may", Refusal)
_NO_SUCH_PROGRAM: Final = Answer("there is no such program, or not for you", Refusal)
_TAKEN: Final = Answer("one has a program of that name, or no room for one more", Refusal)
_JOB_ID: Final = Parameter("job_id", "path", str, "as `accepted` gave it")
_PROGRAM_ID: Final = Parameter("program_id", "path", str, "as the list of programs has it")
_LINK: Final = Parameter("link", "path", str, "the last part of the link's address")

OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation(
        "get",
        "/api/languages",
        "Every language, its version, and whether an executor offers it now",
        {
            200: Answer("all that there are, offered or not", LanguagesOffered),
            401: _NOT_SIGNED_IN,
            403: _ORIGIN,
        },
        security=CALLERS,
    ),
    Operation(
        "get",
        "/api/openapi.json",
        "This document",
        {200: Answer("OpenAPI 3.1")},
    ),
    Operation(
        "get",
        "/api/me",
        "Who one is",
        {200: Answer("this is known of you", Me), **_ASKED},
        security=CALLERS,
    ),
    Operation(
        "get",
        "/api/jobs",
        "One's own jobs, newest first; none for who is known by an address alone",
        {
            200: Answer("a page of them", JobPage),
            400: _BAD,
            404: Answer("`before` is no job of one's own", Refusal),
            **_ASKED,
        },
        parameters=(
            Parameter("before", "query", UUID, "only jobs older than the one of this id"),
            Parameter("limit", "query", _PAGE, "how many at most; 50 without it"),
        ),
        security=CALLERS,
        tags=("jobs",),
    ),
    Operation(
        "get",
        "/api/jobs/{job_id}",
        "One job: its owner's, staff's, and whom it is shared with",
        {200: Answer("all there is about it", JobDetail), 404: _NO_SUCH_JOB, **_ASKED},
        parameters=(_JOB_ID,),
        security=CALLERS,
        tags=("jobs",),
    ),
    Operation(
        "get",
        "/api/jobs/{job_id}/transcript",
        "What was said while it ran",
        {200: Answer("as it was kept", JobTranscript), 404: _NO_SUCH_JOB, **_ASKED},
        parameters=(_JOB_ID,),
        security=CALLERS,
        tags=("jobs",),
    ),
    Operation(
        "post",
        "/api/jobs/{job_id}/shares",
        "Lets an account read a job of one's own, and type into it if one says so",
        {
            200: Answer("the same whether there is such an account", Shares),
            400: _BAD,
            404: _NO_SUCH_JOB,
            409: Answer("it is shared with too many already", Refusal),
            413: _TOO_LARGE,
            **_CHANGED,
        },
        body=ShareRequest,
        parameters=(_JOB_ID,),
        security=CALLERS,
        tags=("jobs",),
    ),
    Operation(
        "delete",
        "/api/jobs/{job_id}/shares",
        "Takes that back",
        {
            200: Answer("the same whether it was shared", Shares),
            400: _BAD,
            404: _NO_SUCH_JOB,
            **_CHANGED,
        },
        parameters=(_JOB_ID, Parameter("user", "query", str, "the name", required=True)),
        security=CALLERS,
        tags=("jobs",),
    ),
    Operation(
        "get",
        "/api/jobs/{job_id}/link",
        "The link of a job of one's own, if it has one",
        {200: Answer("as it is", JobLinked), 404: _NO_SUCH_JOB, **_CHANGED},
        parameters=(_JOB_ID,),
        security=CALLERS,
        tags=("jobs",),
    ),
    Operation(
        "put",
        "/api/jobs/{job_id}/link",
        "Gives a job of one's own a link by which others see it, and type into it if one says so",
        {
            200: Answer("the same link as before, where there was one", JobLinked),
            400: _BAD,
            404: _NO_SUCH_JOB,
            413: _TOO_LARGE,
            **_CHANGED,
        },
        body=LinkRequest,
        parameters=(_JOB_ID,),
        security=CALLERS,
        tags=("jobs",),
    ),
    Operation(
        "delete",
        "/api/jobs/{job_id}/link",
        "Takes that back: who came by it sees no more",
        {
            200: Answer("the same whether there was one", JobLinked),
            400: _BAD,
            404: _NO_SUCH_JOB,
            **_CHANGED,
        },
        parameters=(_JOB_ID,),
        security=CALLERS,
        tags=("jobs",),
    ),
    Operation(
        "get",
        "/api/watch/{link}",
        "The job that a link leads to; `attach` with `job_id` and `link` has the rest",
        {200: Answer("what ran, and what one may", JobWatched), 404: _NO_SUCH_JOB, **_ASKED},
        parameters=(_LINK,),
        security=CALLERS,
        tags=("jobs",),
    ),
    Operation(
        "get",
        "/api/programs",
        "One's own saved programs",
        {200: Answer("all of them, without their files", ProgramPage), **_ASKED},
        security=CALLERS,
        tags=("programs",),
    ),
    Operation(
        "post",
        "/api/programs",
        "Saves a program under a name",
        {
            200: Answer("as it is kept", ProgramDetail),
            400: _BAD,
            409: _TAKEN,
            413: _TOO_LARGE,
            429: _TOO_MANY,
            **_CHANGED,
        },
        body=ProgramRequest,
        security=CALLERS,
        tags=("programs",),
    ),
    Operation(
        "get",
        "/api/programs/{program_id}",
        "A saved program of one's own",
        {200: Answer("all of it", ProgramDetail), 404: _NO_SUCH_PROGRAM, **_ASKED},
        parameters=(_PROGRAM_ID,),
        security=CALLERS,
        tags=("programs",),
    ),
    Operation(
        "put",
        "/api/programs/{program_id}",
        "Overwrites a saved program of one's own",
        {
            200: Answer("as it is kept", ProgramDetail),
            400: _BAD,
            404: _NO_SUCH_PROGRAM,
            409: _TAKEN,
            413: _TOO_LARGE,
            429: _TOO_MANY,
            **_CHANGED,
        },
        body=ProgramRequest,
        parameters=(_PROGRAM_ID,),
        security=CALLERS,
        tags=("programs",),
    ),
    Operation(
        "patch",
        "/api/programs/{program_id}",
        "Renames a saved program of one's own",
        {
            200: Answer("as it is called now", ProgramFacts),
            400: _BAD,
            404: _NO_SUCH_PROGRAM,
            409: _TAKEN,
            413: _TOO_LARGE,
            **_CHANGED,
        },
        body=ProgramRename,
        parameters=(_PROGRAM_ID,),
        security=CALLERS,
        tags=("programs",),
    ),
    Operation(
        "delete",
        "/api/programs/{program_id}",
        "Deletes a saved program of one's own, and its link",
        {200: Answer("it is gone", ProgramGone), 400: _BAD, 404: _NO_SUCH_PROGRAM, **_CHANGED},
        parameters=(_PROGRAM_ID,),
        security=CALLERS,
        tags=("programs",),
    ),
    Operation(
        "post",
        "/api/programs/{program_id}/link",
        "Gives a saved program a link by which others see it",
        {
            200: Answer("the same link as before, where there was one", ProgramFacts),
            400: _BAD,
            404: _NO_SUCH_PROGRAM,
            **_CHANGED,
        },
        parameters=(_PROGRAM_ID,),
        security=CALLERS,
        tags=("programs",),
    ),
    Operation(
        "delete",
        "/api/programs/{program_id}/link",
        "Takes that back: the link leads nowhere",
        {
            200: Answer("the same whether there was one", ProgramFacts),
            400: _BAD,
            404: _NO_SUCH_PROGRAM,
            **_CHANGED,
        },
        parameters=(_PROGRAM_ID,),
        security=CALLERS,
        tags=("programs",),
    ),
    Operation(
        "get",
        "/api/shared/{link}",
        "The saved program that a link leads to",
        {200: Answer("as it is now", ProgramShared), 404: _NO_SUCH_PROGRAM, **_ASKED},
        parameters=(_LINK,),
        security=CALLERS,
        tags=("programs",),
    ),
    Operation(
        "post",
        "/api/jobs/{job_id}/cancel",
        "Ends a job of one's own",
        {
            200: Answer("it is being ended", Cancelling),
            400: _BAD,
            404: _NO_SUCH_JOB,
            409: Answer("it is over already", Refusal),
            **_CHANGED,
        },
        parameters=(_JOB_ID,),
        security=CALLERS,
        tags=("jobs",),
    ),
    Operation(
        "get",
        "/healthz",
        "Whether this process lives",
        {200: Answer("it does", media_type=TEXT)},
    ),
    Operation(
        "get",
        "/readyz",
        "Whether Redis, the database and an executor answer, and how much there is to do",
        {200: Answer("all do", Readiness), 503: Answer("says which does not", Readiness)},
    ),
)


@functools.cache
def document() -> dict[str, Any]:
    schemas = _schemas()
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Codr",
            "version": "1",
            "description": "Programs run over the socket `/ws/execute`; this is what stands beside "
            "it. HEAD is answered wherever GET is; any other method that is not listed is 405.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {name: dict(said) for name, said in SECURITY.items()},
        },
    }


def _schemas() -> dict[str, Any]:
    """Answers are described as they are written, requests as they are read."""
    answers = {a.model for o in OPERATIONS for a in o.answers.values() if a.model is not None}
    bodies = {operation.body for operation in OPERATIONS if operation.body is not None}
    wanted = [
        *((model, "serialization") for model in answers),
        *((model, "validation") for model in bodies),
    ]
    _, described = models_json_schema(
        sorted(wanted, key=lambda pair: pair[0].__name__),  # type: ignore[arg-type]
        ref_template="#/components/schemas/{model}",
    )
    schemas: dict[str, Any] = described.get("$defs", {})
    return schemas


def _operation(operation: Operation) -> dict[str, Any]:
    said: dict[str, Any] = {
        "summary": operation.means,
        "operationId": f"{operation.method} {operation.path}",
        "responses": {str(code): _answer(answer) for code, answer in operation.answers.items()},
    }
    if operation.tags:
        said["tags"] = list(operation.tags)
    if operation.parameters:
        said["parameters"] = [_parameter(parameter) for parameter in operation.parameters]
    if operation.body is not None:
        content = {JSON: {"schema": _reference(operation.body)}}
        said["requestBody"] = {"required": True, "content": content}
    if operation.security:
        said["security"] = [{name: []} if name else {} for name in operation.security]
    return said


def _answer(answer: Answer) -> dict[str, Any]:
    if answer.model is not None:
        schema = _reference(answer.model)
    else:
        schema = {"type": "object" if answer.media_type == JSON else "string"}
    said: dict[str, Any] = {
        "description": answer.means,
        "content": {answer.media_type: {"schema": schema}},
    }
    if answer.headers:
        text = {"required": True, "schema": {"type": "string"}}
        said["headers"] = dict.fromkeys(answer.headers, text)
    return said


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.where,
        "description": parameter.means,
        "required": parameter.required or parameter.where == "path",
        "schema": TypeAdapter(parameter.type).json_schema(),
    }


def _reference(model: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}
