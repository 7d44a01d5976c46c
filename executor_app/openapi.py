"""The document at `/api/openapi.json`: what HTTP answers, built from the models of its bodies.

An address of the API is an `Operation` in `OPERATIONS`. The tests ask the running server everything
that the document says and hold it to each status and schema.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from .answers import LanguagesOffered, Readiness

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
    # Names in `SECURITY`, each enough alone; empty where anybody may ask.
    security: tuple[str, ...] = ()
    tags: tuple[str, ...] = field(default=())


# How one says who one is: a name -> OpenAPI's description of it.
SECURITY: Final[Mapping[str, Mapping[str, Any]]] = {}

OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation(
        "get",
        "/api/languages",
        "Every language, its version, and whether an executor offers it now",
        {200: Answer("all that there are, offered or not", LanguagesOffered)},
    ),
    Operation(
        "get",
        "/api/openapi.json",
        "This document",
        {200: Answer("OpenAPI 3.1")},
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
        "Whether Redis, the database and an executor answer",
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
        said["security"] = [{name: []} for name in operation.security]
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
