"""The bodies of HTTP's answers, as models: what a view fills in is what the document describes."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Refusal(Body):
    """Why not, in the words of the socket's `error`."""

    code: str
    message: str


class LanguageLimits(Body):
    """Seconds and bytes; a client's own limits can only be lower."""

    cpu_time: float
    wall_time: float
    input_timeout: float
    memory: int
    output: int
    processes: int


class LanguageOffered(Body):
    name: str = Field(description="what `execute` calls it")
    title: str
    aliases: list[str]
    file_name: str = Field(description="what a program given as `code` is called")
    highlight: str
    example: str
    version: str = Field(description="empty where no executor offers it")
    available: bool
    reason: str = Field(description="why it is not available; else empty")
    limits: LanguageLimits


class LanguagesOffered(Body):
    languages: list[LanguageOffered]
    executors: int = Field(ge=0, description="how many are connected")


class Checks(Body):
    """`ok`, or what is wrong."""

    redis: str
    database: str
    executors: str


class Readiness(Body):
    ready: bool
    checks: Checks
