"""The bodies of HTTP's answers, as models: what a view fills in is what the document describes."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

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


class ExecutorsCount(Body):
    """Slots are those of executors that still take jobs."""

    connected: int = Field(ge=0)
    draining: int = Field(ge=0, description="of these, how many are being stopped")
    slots: int = Field(ge=0)
    slots_free: int = Field(ge=0)


class QueueLength(Body):
    jobs: int = Field(ge=0, description="that no executor has taken")
    owners: int = Field(ge=0, description="whose they are")
    oldest_wait: float | None = Field(description="seconds; null where nothing waits")


class Readiness(Body):
    """What is null is not known, because Redis or the database does not answer."""

    ready: bool
    checks: Checks
    executors: ExecutorsCount | None
    queue: QueueLength | None
    migrations_pending: int | None = Field(description="how many the database does not have yet")


class Me(Body):
    signed_in: bool
    name: str = Field(description="of the account; empty for a browser that is not signed in")
    staff: bool
    key: str = Field(description="the beginning of the API key that this was asked with, or empty")


class JobFacts(Body):
    """Times are ISO 8601 in UTC, durations in seconds, sizes in bytes."""

    id: str
    language: str
    version: str
    status: str = Field(description="`queued`, `running`, or a final status of the socket")
    message: str
    created_at: str
    started_at: str | None
    finished_at: str | None
    exit_code: int | None
    signal: str
    execution_time: float | None
    cpu_time: float | None
    memory: int | None
    output_bytes: int
    truncated: bool


class JobsQuery(Body):
    model_config = ConfigDict(frozen=True, extra="ignore")

    before: UUID | None = None
    limit: int = Field(50, ge=1, le=100)


class JobPage(Body):
    jobs: list[JobFacts]
    next: str | None = Field(description="what to ask for as `before`, where there are more")


class JobFile(Body):
    name: str
    content: str
    encoding: Literal["utf-8", "base64"]


class JobDetail(JobFacts):
    access: Literal["owner", "reader"]
    arguments: list[str]
    tty: bool
    files: list[JobFile]
    request_id: str = Field(description="empty for who is not its owner")
    may_type: bool = Field(description="whether one may type into it while it runs")
    shared_with: list[str] = Field(description="names as its owner wrote them; empty for others")
    typists: list[str] = Field(description="those of them who may type")
    transcript: str = Field(description="the address of the transcript")


class TranscriptEntry(Body):
    t: int = Field(description="milliseconds since 1970")
    stream: Literal["stdout", "stderr", "input", "note"]
    stage: Literal["compile", "run"]
    data: str
    encoding: Literal["base64"] | None


class JobTranscript(Body):
    kept: bool = Field(
        description="false until the job is over and a moment has passed, and again when it is "
        "older than is kept"
    )
    entries: list[TranscriptEntry]
    left_out_bytes: int


class ShareRequest(Body):
    model_config = ConfigDict(frozen=True, extra="ignore")

    # What names of accounts may consist of.
    user: str = Field(pattern=r"^[\w.@+-]+$", max_length=150, description="the name of an account")
    may_type: bool = Field(
        False, strict=True, description="not only read; said again, it is what was said last"
    )


class Shares(Body):
    """The same whether there is an account of that name or not."""

    shared_with: list[str]
    typists: list[str] = Field(description="those of them who may type")


class Cancelling(Body):
    """Its end comes over the socket and into its facts a moment later."""

    id: str
    cancelling: Literal[True] = True
