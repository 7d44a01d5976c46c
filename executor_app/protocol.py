"""The wire messages of `/ws/execute`, parsed and checked in one place.

Everything that crosses the socket is one of the models below: what a client may say
(`ClientMessage`) and what the server says (`ServerMessage`). `docs/protocol.md` describes them
for people and `frontend/src/protocol.ts` is generated from them.
"""

from __future__ import annotations

import base64
import binascii
import enum
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError, from_json, to_json

# One frame holds a whole program. Past this the socket is closed (4413): nobody types 2 MiB.
MAX_FRAME_BYTES: Final = 2 * 1024 * 1024
MAX_SOURCE_BYTES: Final = 1024 * 1024
MAX_FILES: Final = 32
# Well below what a file system takes for one name (255), so that a compiler may add an ending.
MAX_FILE_NAME_BYTES: Final = 200
MAX_ARGS: Final = 64
MAX_ARG_CHARS: Final = 4096
MAX_INPUT_BYTES: Final = 1024 * 1024
# A counter of JavaScript's, and of Lua's in Redis, is exact up to here.
MAX_INPUT_ID: Final = 2**53 - 1
# A tab has a new name for each time that it was loaded, and names the latest.
MAX_SENDERS_NAMED: Final = 100

Encoding = Literal["utf-8", "base64"]
Stream = Literal["stdout", "stderr"]
Stage = Literal["compile", "run"]
LiveStatus = Literal["queued", "compiling", "running", "waiting_for_input"]
SignalName = Literal["SIGINT", "SIGTERM", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGKILL"]


class FinalStatus(enum.StrEnum):
    """How a job can end. `process_limit` and `file_size_limit` are Codr's own additions."""

    COMPLETED = "completed"
    COMPILE_ERROR = "compile_error"
    TIME_LIMIT = "time_limit"
    MEMORY_LIMIT = "memory_limit"
    PROCESS_LIMIT = "process_limit"
    FILE_SIZE_LIMIT = "file_size_limit"
    OUTPUT_LIMIT = "output_limit"
    INPUT_TIMEOUT = "input_timeout"
    SIGNALED = "signaled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    FAILED = "failed"


class CloseCode(enum.IntEnum):
    """Why the server closed the socket."""

    DONE = 1000
    RESTARTING = 1012
    BAD_FIRST_MESSAGE = 4400
    NOT_SIGNED_IN = 4401
    FORBIDDEN = 4403
    NO_SUCH_JOB = 4404
    NO_FIRST_MESSAGE = 4408
    ALREADY_RUNNING = 4409
    TOO_LARGE = 4413
    TOO_MANY = 4429
    NO_WORKER = 4503


# The code of a `ProtocolError` about the size of something.
TOO_LARGE: Final = "too_large"


class ProtocolError(ValueError):
    """A frame that breaks the contract. `message` names the field and may be shown as it is."""

    def __init__(self, code: str, message: str, about: Numbered | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.about = about


def _too_large(what: str, limit: int) -> PydanticCustomError:
    """An error that `_as_protocol_error` tells from the others: it has a close code of its own."""
    return PydanticCustomError(
        TOO_LARGE,
        "{what} may have {limit} bytes at most",
        {
            "what": what,
            "limit": limit,
        },
    )


class Message(BaseModel):
    """Frozen; unknown fields are ignored; a string is a string and a number a number."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


def _decoded(data: str, encoding: Encoding, field: str = "data") -> bytes:
    if encoding == "utf-8":
        # A lone surrogate is legal in JSON's \u escapes and is not text.
        return data.encode("utf-8")
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise ValueError(f"`{field}` is not valid base64: {error}") from error


class Bytes(Message):
    """Bytes on the wire: text, or base64 where they are not UTF-8."""

    data: str
    encoding: Encoding = "utf-8"

    @property
    def raw(self) -> bytes:
        return _decoded(self.data, self.encoding)

    @model_validator(mode="after")
    def _decodes(self) -> Bytes:
        if len(self.raw) > MAX_INPUT_BYTES:
            raise _too_large("`data`", MAX_INPUT_BYTES)
        return self


# --- client to server -------------------------------------------------------------------------


class SourceFile(Message):
    name: str = Field(min_length=1, max_length=MAX_FILE_NAME_BYTES)
    content: str
    encoding: Encoding = "utf-8"

    @property
    def raw(self) -> bytes:
        return _decoded(self.content, self.encoding, "content")

    @field_validator("name")
    @classmethod
    def _stays_in_the_folder(cls, name: str) -> str:
        parts = name.split("/")
        if any(part in ("", ".", "..") for part in parts):
            raise ValueError("a file name is relative, without empty parts, `.` or `..`")
        if not name.isprintable() or "\\" in name:
            raise ValueError("a file name has printable characters only and no backslash")
        if any(part.startswith(("-", "@")) for part in parts):
            # A compiler, which gets it as an argument, would take it for an option or for a list of
            # them. "./" in front does not help: gcc hands the bare name on to its parts.
            raise ValueError("a file name does not begin with `-` or `@`")
        if len(name.encode("utf-8")) > MAX_FILE_NAME_BYTES:
            raise ValueError(f"a file name has {MAX_FILE_NAME_BYTES} bytes at most")
        return name

    @model_validator(mode="after")
    def _decodes(self) -> SourceFile:
        if len(self.raw) > MAX_SOURCE_BYTES:
            raise _too_large("a file", MAX_SOURCE_BYTES)
        return self


# JSON's 1e999 is infinity here, which no JSON of ours could carry on.
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Amount = Annotated[int, Field(gt=0, lt=2**63)]


class LimitsRequest(Message):
    """Limits that a client asks for. They can only lower what the server allows."""

    cpu_time: Seconds | None = None
    wall_time: Seconds | None = None
    input_timeout: Seconds | None = None
    memory: Amount | None = None
    output: Amount | None = None
    processes: Amount | None = None


def check_files(files: Sequence[SourceFile]) -> None:
    """What holds of a program's files together; raises ValueError."""
    names = [file.name for file in files]
    if len(set(names)) != len(names):
        raise ValueError("two `files` have the same name")
    for name in names:
        if any(other.startswith(name + "/") for other in names):
            raise ValueError(f"`files`: {name} is both a file and a folder")
    if sum(len(file.raw) for file in files) > MAX_SOURCE_BYTES:
        raise _too_large("`files` together", MAX_SOURCE_BYTES)


class Given(Message):
    """What a program is given beforehand; `encoding` is that of `stdin`."""

    stdin: str | None = None
    encoding: Encoding = "utf-8"
    args: list[Annotated[str, Field(max_length=MAX_ARG_CHARS)]] = Field(
        default_factory=list, max_length=MAX_ARGS
    )
    limits: LimitsRequest | None = None

    @property
    def stdin_raw(self) -> bytes | None:
        return None if self.stdin is None else _decoded(self.stdin, self.encoding, "stdin")

    @field_validator("args")
    @classmethod
    def _no_nul(cls, args: list[str]) -> list[str]:
        for arg in args:
            arg.encode("utf-8")
            if "\0" in arg:
                raise ValueError("an argument cannot hold a NUL byte")
        return args

    @model_validator(mode="after")
    def _stdin_decodes(self) -> Given:
        if self.stdin_raw is not None and len(self.stdin_raw) > MAX_INPUT_BYTES:
            raise _too_large("`stdin`", MAX_INPUT_BYTES)
        return self


class ShowsInput(Message):
    """Additions of Codr's: `show_input` has the client told of what others give the program, by
    `input_given`; others are all but those whose `sender` is in `senders`."""

    show_input: bool = False
    senders: list[Annotated[str, Field(min_length=1, max_length=64)]] = Field(
        default_factory=list, max_length=MAX_SENDERS_NAMED
    )


class Execute(Given, ShowsInput):
    type: Literal["execute"]
    language: str = Field(min_length=1, max_length=50)
    code: str | None = None
    files: list[SourceFile] | None = Field(default=None, max_length=MAX_FILES)
    tty: bool | None = None
    cols: int = Field(default=80, ge=1, le=1000)
    rows: int = Field(default=24, ge=1, le=1000)
    flow_control: bool = False
    request_id: str | None = Field(default=None, min_length=1, max_length=100)

    @property
    def on_terminal(self) -> bool:
        """A terminal unless the client says otherwise or gives all the input beforehand."""
        return self.stdin is None and self.tty is not False

    @field_validator("request_id")
    @classmethod
    def _is_plain_text(cls, request_id: str | None) -> str | None:
        # It is kept as text, and PostgreSQL's text holds no NUL.
        if request_id is not None and not request_id.isprintable():
            raise ValueError("it has printable characters only")
        return request_id

    @model_validator(mode="after")
    def _has_a_program(self) -> Execute:
        if (self.code is None) == (not self.files):
            raise ValueError("give the program either as `code` or as `files`")
        if self.code is not None and len(self.code.encode("utf-8")) > MAX_SOURCE_BYTES:
            raise _too_large("`code`", MAX_SOURCE_BYTES)
        check_files(self.files or [])
        return self


class Attach(ShowsInput):
    """Additions of Codr's: `link`, by which the job's owner shares it; `inputs_after`, up to which
    number the client has been told of input."""

    type: Literal["attach"]
    job_id: str = Field(min_length=1, max_length=64)
    after: int = Field(default=0, ge=0, lt=2**63)
    link: str = Field(default="", pattern=r"^[A-Za-z0-9_-]{0,64}$")
    inputs_after: int = Field(default=0, ge=0, lt=2**63)


class Numbered(Message):
    """What its sender numbers, each piece higher than the one before, is taken once however often
    it is sent: after a drop nobody knows what had arrived."""

    sender: str | None = Field(default=None, min_length=1, max_length=64)
    input_id: int | None = Field(default=None, ge=1, le=MAX_INPUT_ID)

    @model_validator(mode="after")
    def _has_both_or_neither(self) -> Numbered:
        if (self.sender is None) != (self.input_id is None):
            raise ValueError("`sender` and `input_id` go together")
        return self


class InputResponse(Bytes, Numbered):
    """One line for the program. `raw` has its newline."""

    type: Literal["input_response"]

    @property
    def raw(self) -> bytes:
        line = _decoded(self.data, self.encoding)
        return line if line.endswith(b"\n") else line + b"\n"


class Stdin(Bytes, Numbered):
    type: Literal["stdin"]


class Eof(Numbered):
    type: Literal["eof"]


class Resize(Message):
    type: Literal["resize"]
    cols: int = Field(ge=1, le=1000)
    rows: int = Field(ge=1, le=1000)


class Signal(Message):
    type: Literal["signal"]
    signal: SignalName


class Cancel(Message):
    """`reason` is an addition of Codr's: it stands in the job's final message."""

    type: Literal["cancel"]
    reason: str = Field(default="", max_length=200)


class Ack(Message):
    type: Literal["ack"]
    seq: int = Field(ge=0, lt=2**63)


# What reaches a running job, in order: the input journal holds exactly these.
JobInput = Annotated[
    InputResponse | Stdin | Eof | Resize | Signal | Cancel, Field(discriminator="type")
]
ClientMessage = Annotated[
    Execute | Attach | InputResponse | Stdin | Eof | Resize | Signal | Cancel | Ack,
    Field(discriminator="type"),
]


# --- server to client -------------------------------------------------------------------------


class Accepted(Message):
    """`may_type` is an addition of Codr's: whether the program takes what one types."""

    type: Literal["accepted"] = "accepted"
    job_id: str
    language: str
    version: str
    may_type: bool = True


class Access(Message):
    """An addition of Codr's: the job's owner lets one type now, or no more."""

    type: Literal["access"] = "access"
    may_type: bool


class QueuePlace(Message):
    """An addition of Codr's: so many jobs are taken before this one now. It is kept nowhere, so
    that it has no `seq`."""

    type: Literal["queue_place"] = "queue_place"
    ahead: int


class Event(Message):
    """Something that happened to a job. `seq` is given where it is journalled."""

    seq: int = 0


class Status(Event):
    type: Literal["status"] = "status"
    status: LiveStatus
    attempt: int = 1
    worker: str | None = None
    queue_position: int | None = None


class Output(Event):
    type: Literal["output"] = "output"
    stream: Stream
    stage: Stage
    data: str
    encoding: Encoding | None = None

    @classmethod
    def of(cls, stream: Stream, stage: Stage, raw: bytes) -> Output:
        """`raw` as text where it is UTF-8, else as base64. Unchecked: this is the hot path."""
        try:
            return cls.model_construct(stream=stream, stage=stage, data=raw.decode("utf-8"))
        except UnicodeDecodeError:
            text = base64.b64encode(raw).decode("ascii")
            return cls.model_construct(stream=stream, stage=stage, data=text, encoding="base64")

    @property
    def raw(self) -> bytes:
        return _decoded(self.data, self.encoding or "utf-8")


class InputRequest(Event):
    """`raw` (the terminal is not in line mode) and `echo` are Codr's own additions."""

    type: Literal["input_request"] = "input_request"
    prompt: str
    stream: Stream
    echo: bool = True
    raw: bool = False
    timeout: float | None = None


class InputClosed(Event):
    type: Literal["input_closed"] = "input_closed"


class Restarted(Event):
    type: Literal["restarted"] = "restarted"
    attempt: int
    reason: str


class Gap(Event):
    type: Literal["gap"] = "gap"
    from_seq: int
    to_seq: int
    reason: str


class Complete(Event):
    """`message` says which limit ended the job and how much it was; an addition of Codr's."""

    type: Literal["complete"] = "complete"
    status: FinalStatus
    exit_code: int | None = None
    signal: str | None = None
    execution_time: float = 0.0
    cpu_time: float = 0.0
    memory: int = 0
    truncated: bool = False
    message: str = ""


class InputAccepted(Message):
    """An addition of Codr's: this piece of input has been taken, now or before."""

    type: Literal["input_accepted"] = "input_accepted"
    sender: str
    input_id: int


class InputGiven(Message):
    """An addition of Codr's: somebody else gave the program this. `number` counts all that a job
    was sent. What its terminal would not have shown, such as a password, is told to nobody."""

    type: Literal["input_given"] = "input_given"
    number: int
    data: str
    encoding: Encoding | None = None


class Detail(Message):
    line: int
    column: int
    message: str
    file: str | None = None


class Error(Message):
    """Additions of Codr's: `retry_after`, seconds after which it is worth trying again; `sender`
    and `input_id` of the input that was not taken."""

    type: Literal["error"] = "error"
    code: str
    message: str
    retry_after: float | None = None
    sender: str | None = None
    input_id: int | None = None
    details: list[Detail] | None = None


JobEvent = Annotated[
    Status | Output | InputRequest | InputClosed | Restarted | Gap | Complete,
    Field(discriminator="type"),
]
ServerMessage = Annotated[
    Accepted
    | Access
    | Status
    | Output
    | InputRequest
    | InputClosed
    | InputAccepted
    | InputGiven
    | QueuePlace
    | Restarted
    | Gap
    | Complete
    | Error,
    Field(discriminator="type"),
]

CLIENT_TYPES: Final[tuple[str, ...]] = tuple(
    get_args(model.model_fields["type"].annotation)[0]
    for model in get_args(get_args(ClientMessage)[0])
)
_client: TypeAdapter[Any] = TypeAdapter(ClientMessage)
_input: TypeAdapter[Any] = TypeAdapter(JobInput)
_event: TypeAdapter[Any] = TypeAdapter(JobEvent)


def parse_client(
    text: str,
) -> Execute | Attach | InputResponse | Stdin | Eof | Resize | Signal | Cancel | Ack:
    """One text frame as a message. Raises `ProtocolError` that names what is wrong and where."""
    try:
        value = from_json(text, allow_inf_nan=False)
    except (ValueError, TypeError) as error:  # TypeError: half of a surrogate pair in the text
        raise ProtocolError("bad_json", f"This frame is not valid JSON: {error}.") from error
    if not isinstance(value, dict):
        raise ProtocolError("bad_message", "A frame is one JSON object with a string `type`.")
    try:
        message: Execute | Attach | InputResponse | Stdin | Eof | Resize | Signal | Cancel | Ack
        message = _client.validate_python(value)
        return message
    except UnicodeEncodeError as error:
        raise ProtocolError("bad_field", "A string holds half of a surrogate pair.") from error
    except ValidationError as error:
        raise _as_protocol_error(error, _numbers_of(value)) from error


def _numbers_of(value: dict[str, Any]) -> Numbered | None:
    """Which input it was that breaks the contract, where that much can be read."""
    try:
        return Numbered.model_validate(value)
    except ValidationError:
        return None


def _as_protocol_error(error: ValidationError, about: Numbered | None) -> ProtocolError:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"].startswith("union_tag"):
        return ProtocolError("unknown_type", _about_type(first["type"]))
    # The first part of the location is the union's tag, which the client knows as `type`.
    where = ".".join(str(part) for part in first["loc"][1:])
    message = first["msg"].removeprefix("Value error, ")
    code = TOO_LARGE if first["type"] == TOO_LARGE else "bad_field"
    return ProtocolError(code, f"`{where}`: {message}." if where else f"{message}.", about)


def _about_type(problem: str) -> str:
    """What came is not repeated: it may be a megabyte."""
    what = "is missing" if problem == "union_tag_not_found" else "is none that there is"
    known = ", ".join(f"`{name}`" for name in CLIENT_TYPES)
    return f"`type` {what}; it is one of {known}."


def encode(message: Message) -> str:
    """A message as its frame; fields without a value are left out, but for `complete`'s."""
    keep_none = isinstance(message, Complete)
    return to_json(message.model_dump(exclude_none=not keep_none)).decode("utf-8")


def encode_event(event: Event, seq: int) -> str:
    """An event as its frame, numbered."""
    values = event.model_dump(exclude_none=not isinstance(event, Complete))
    values["seq"] = seq
    return to_json(values).decode("utf-8")


def is_complete(frame: str) -> bool:
    """Whether a journalled frame ends its job. Looks at its beginning alone: outputs are long."""
    return '"type":"complete"' in frame[:48]


def parse_event(
    text: str | bytes,
) -> Status | Output | InputRequest | InputClosed | Restarted | Gap | Complete:
    """A journalled frame as an event. Lax: it was checked when it was written."""
    event: Status | Output | InputRequest | InputClosed | Restarted | Gap | Complete
    event = _event.validate_json(text, strict=False)
    return event


def parse_input(
    text: str | bytes,
) -> InputResponse | Stdin | Eof | Resize | Signal | Cancel:
    """An entry of a job's input journal as the message that the client sent. Raises ValueError."""
    message: InputResponse | Stdin | Eof | Resize | Signal | Cancel
    message = _input.validate_json(text)
    return message
