"""The bodies of HTTP's answers, as models: what a view fills in is what the document describes."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .protocol import MAX_FILES, Encoding, Given, LimitsRequest, SourceFile, check_files


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


class JobListed(JobFacts):
    """With what tells one from another."""

    file_name: str = Field(description="of the program; empty where its source cannot be read")
    first_line: str = Field(description="of the program, the first that is not blank, cut off")


class JobPage(Body):
    jobs: list[JobListed]
    next: str | None = Field(description="what to ask for as `before`, where there are more")


class JobFile(Body):
    name: str
    content: str
    encoding: Literal["utf-8", "base64"]


class GivenBefore(Body):
    """What a program is given before it runs."""

    stdin: str | None = Field(description="all its input; null where it is asked for as it runs")
    encoding: Encoding = Field(description="of `stdin`")
    arguments: list[str]
    limits: LimitsRequest | None


class JobDetail(JobFacts, GivenBefore):
    access: Literal["owner", "reader"]
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


class LinkRequest(Body):
    model_config = ConfigDict(frozen=True, extra="ignore")

    may_type: bool = Field(False, strict=True, description="not only watch")


class JobLinked(Body):
    """The link that leads to a job: `/watch/` and this token. Null where there is none."""

    link: str | None
    may_type: bool


class JobWatched(GivenBefore):
    """What one sees of a job who has its link; the rest comes over the socket."""

    job_id: str
    language: str
    version: str
    status: str
    files: list[JobFile]
    may_type: bool
    is_own: bool


# --- saved programs -----------------------------------------------------------------------------

ProgramName = Field(
    min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$", description="one of a kind"
)


class ProgramRequest(Given):
    """A whole program, the file that runs first. `encoding` is that of `stdin`."""

    name: str = ProgramName
    language: str = Field(min_length=1, max_length=50)
    files: list[SourceFile] = Field(min_length=1, max_length=MAX_FILES)

    @model_validator(mode="after")
    def _files_go_together(self) -> ProgramRequest:
        check_files(self.files)
        return self


class ProgramRename(Body):
    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str = ProgramName


class ProgramFacts(Body):
    id: str
    name: str
    language: str
    size: int = Field(description="bytes of its files and its input")
    created_at: str
    changed_at: str
    link: str | None = Field(
        description="`/p/` and this leads others to it; null: it is not shared"
    )


class ProgramListed(ProgramFacts):
    """With what tells one from another."""

    file_name: str
    first_line: str


class ProgramPage(Body):
    """All of one's own, the latest first."""

    programs: list[ProgramListed]


class ProgramDetail(ProgramFacts, GivenBefore):
    files: list[JobFile]


class ProgramShared(GivenBefore):
    """What one sees of a program who has its link."""

    name: str
    language: str
    changed_at: str
    files: list[JobFile]
    is_own: bool


class ProgramGone(Body):
    id: str
    deleted: Literal[True] = True


class Cancelling(Body):
    """Its end comes over the socket and into its facts a moment later."""

    id: str
    cancelling: Literal[True] = True
