"""The job record: what was asked, by whom, and how it ended."""

from __future__ import annotations

import json
import uuid
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from pydantic_core import from_json

from .protocol import FinalStatus, SourceFile


def pack(value: Any) -> bytes:
    """JSON, compressed. Bytes and not text: PostgreSQL's text cannot hold U+0000."""
    return zlib.compress(json.dumps(value, separators=(",", ":")).encode("utf-8"))


def unpack(data: bytes | memoryview) -> Any:
    return json.loads(zlib.decompress(bytes(data))) if data else []


# Of packed files so much is read to say which program it is; and of its beginning so much is shown.
GLIMPSE_BYTES: Final = 2048
GLIMPSE_CHARS: Final = 120


@dataclass(frozen=True, slots=True)
class Glimpse:
    """Which program it is: the name of its first file, and the first line that is not blank."""

    file_name: str = ""
    first_line: str = ""

    @classmethod
    def of(cls, beginning: bytes | memoryview | None) -> Glimpse:
        """From the first bytes of packed files, however many there are."""
        try:
            text = zlib.decompressobj().decompress(bytes(beginning or b""), 8 * GLIMPSE_BYTES)
            first = from_json(text, allow_partial="trailing-strings")[0]
            name, content = first.get("name", ""), first.get("content", "")
        except (zlib.error, ValueError, IndexError):
            return cls()
        if first.get("encoding") == "base64":
            return cls(name)
        lines = (line.strip() for line in content.splitlines())
        return cls(name, next(filter(None, lines), "")[:GLIMPSE_CHARS])


def pack_stdin(raw: bytes | None) -> bytes | None:
    return None if raw is None else zlib.compress(raw)


def unpack_stdin(data: bytes | memoryview | None) -> bytes | None:
    return None if data is None else zlib.decompress(bytes(data))


class Job(models.Model):
    """One program run once. Only `jobs.py` changes a status."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        COMPLETED = FinalStatus.COMPLETED.value
        COMPILE_ERROR = FinalStatus.COMPILE_ERROR.value
        TIME_LIMIT = FinalStatus.TIME_LIMIT.value
        MEMORY_LIMIT = FinalStatus.MEMORY_LIMIT.value
        PROCESS_LIMIT = FinalStatus.PROCESS_LIMIT.value
        FILE_SIZE_LIMIT = FinalStatus.FILE_SIZE_LIMIT.value
        OUTPUT_LIMIT = FinalStatus.OUTPUT_LIMIT.value
        INPUT_TIMEOUT = FinalStatus.INPUT_TIMEOUT.value
        SIGNALED = FinalStatus.SIGNALED.value
        CANCELLED = FinalStatus.CANCELLED.value
        REJECTED = FinalStatus.REJECTED.value
        FAILED = FinalStatus.FAILED.value

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    # "user:5", "session:" and a hash of its key or, for a client without cookies, "address:…".
    owner_key = models.CharField(max_length=100, db_index=True)
    request_id = models.CharField(max_length=100, blank=True)
    user_agent = models.CharField(max_length=200, blank=True)

    language = models.CharField(max_length=50)
    version = models.CharField(max_length=100, blank=True)
    policy = models.CharField(max_length=20, blank=True)
    source = models.BinaryField()
    arguments = models.JSONField(default=list)
    tty = models.BooleanField(default=True)
    # All its input, where that was given beforehand; it goes with the transcript. And what limits
    # were asked for. Neither is named by a process of the version before.
    stdin = models.BinaryField(null=True, blank=True)
    limits = models.JSONField(null=True, blank=True)

    status = models.CharField(max_length=20, choices=Status.choices, default=Status.QUEUED)
    message = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=200, blank=True)
    attempt = models.PositiveIntegerField(default=0)

    exit_code = models.IntegerField(null=True, blank=True)
    signal = models.CharField(max_length=20, blank=True)
    execution_time = models.FloatField(null=True, blank=True, help_text="seconds, without waits")
    cpu_time = models.FloatField(null=True, blank=True, help_text="seconds")
    memory = models.BigIntegerField(null=True, blank=True, help_text="bytes, at its highest")
    output_bytes = models.BigIntegerField(default=0)
    truncated = models.BooleanField(default=False)
    # When its transcript became older than is kept, and went. The job itself may stay for longer.
    transcript_expired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=["-created_at"], name="job_by_age"),
            models.Index(fields=["status", "-created_at"], name="job_by_status"),
            models.Index(fields=["language", "-created_at"], name="job_by_language"),
            models.Index(fields=["owner_key", "-created_at"], name="job_by_owner"),
            models.Index(
                fields=["owner_key"], name="job_by_owner_start", opclasses=["varchar_pattern_ops"]
            ),
            models.Index(fields=["worker", "-created_at"], name="job_by_worker"),
            models.Index(fields=["policy", "-created_at"], name="job_by_policy"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["owner_key", "request_id"],
                condition=~Q(request_id=""),
                name="one_job_for_a_request",
            ),
        )

    def __str__(self) -> str:
        return f"{self.language} job {self.id}"

    @property
    def files(self) -> list[SourceFile]:
        return [SourceFile.model_validate(file) for file in unpack(self.source)]

    @staticmethod
    def pack_files(files: Sequence[SourceFile]) -> bytes:
        return pack([file.model_dump() for file in files])

    @property
    def is_over(self) -> bool:
        return self.status in FINAL


# What a status may become. A move is one UPDATE filtered on the old status.
FINAL: Final = frozenset(Job.Status(final.value) for final in FinalStatus)
MOVES: Final[dict[Job.Status, frozenset[Job.Status]]] = {
    Job.Status.QUEUED: frozenset({Job.Status.RUNNING}) | FINAL,
    # To itself in a later attempt, after its executor was lost.
    Job.Status.RUNNING: frozenset({Job.Status.RUNNING}) | FINAL,
}


def may_become(status: Job.Status) -> list[Job.Status]:
    """The statuses from which a job may move to `status`."""
    return [old for old, new in MOVES.items() if status in new]


class Transcript(models.Model):
    """What was said while a job ran, as the journal had it: bounded, compressed.

    `content` is a list of entries in the order of their times:
    `{"t": milliseconds since the epoch, "stream": "stdout" | "stderr" | "input" | "note",
    "stage": "compile" | "run", "data": text or base64, "encoding": "base64" where it is that}`.
    `events` is for who follows the job after all: a list of `[time, frame]` as clients got them.
    """

    job = models.OneToOneField(Job, on_delete=models.CASCADE, primary_key=True)
    content = models.BinaryField()
    events = models.BinaryField(default=b"")
    left_out_bytes = models.BigIntegerField(default=0)
    stored_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = (models.Index(fields=["stored_at"], name="transcript_by_age"),)

    def __str__(self) -> str:
        return f"transcript of {self.job_id}"

    @property
    def entries(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = unpack(self.content)
        return entries

    @property
    def frames(self) -> list[str]:
        return [frame for _, frame in unpack(self.events)]


class JobShare(models.Model):
    """Somebody who may read a job that is another's, and type into it where the owner lets them.

    `name` is what the owner wrote, and stands here also where there is no account of that name:
    a list of names that were found would tell which accounts there are. Who makes an account of
    that name later sees nothing, until it is shared again: `user` was decided when it was shared.
    """

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="shares")
    name = models.CharField(max_length=150)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    # The default is the table's too: a process of the version before does not name the column.
    may_type = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(fields=["job", "name"], name="shared_once_with_a_name"),
        )

    def __str__(self) -> str:
        return f"{self.job_id} with {self.name}"


class JobLink(models.Model):
    """Who has the token sees the job, and types into it where its owner lets them."""

    job = models.OneToOneField(Job, on_delete=models.CASCADE, primary_key=True, related_name="link")
    token = models.CharField(max_length=64, unique=True, editable=False)
    may_type = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"link to {self.job_id}"


class SavedProgram(models.Model):
    """A program that its owner keeps under a name. Only `programs.py` writes one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE
    )
    # As a job has it, but for addresses, which many may share.
    owner_key = models.CharField(max_length=100)
    name = models.CharField(max_length=100)
    language = models.CharField(max_length=50)
    source = models.BinaryField()
    arguments = models.JSONField(default=list)
    stdin = models.BinaryField(null=True, blank=True)
    limits = models.JSONField(null=True, blank=True)
    # Of its files and its input, as they are and not as they are packed.
    size = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    # Who has it sees the program. Null: it is not shared.
    link = models.CharField(max_length=64, null=True, blank=True, unique=True, editable=False)

    class Meta:
        ordering = ("-changed_at", "-pk")
        indexes = (
            models.Index(
                fields=["changed_at"], name="program_of_nobody_by_age", condition=Q(owner=None)
            ),
        )
        constraints = (
            models.UniqueConstraint(fields=["owner_key", "name"], name="one_program_of_a_name"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def files(self) -> list[SourceFile]:
        return [SourceFile.model_validate(file) for file in unpack(self.source)]


class ApiKey(models.Model):
    """Lets a program act for an account. Only `api_keys.py` makes one: the secret is not kept."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    name = models.CharField(max_length=100)
    # What stands in front of the secret and may be shown: which key it is.
    prefix = models.CharField(max_length=8, unique=True, editable=False)
    hash = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "API key"
        ordering = ("-created_at", "-pk")

    def __str__(self) -> str:
        return f"{self.name} ({self.shown})"

    @property
    def shown(self) -> str:
        return f"codr_{self.prefix}_…"

    @property
    def state(self) -> str:
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= timezone.now():
            return "expired"
        return "valid"


class AuditEvent(models.Model):
    """Something that an operator may have to know of later. Only `audit.py` writes it.

    Names and ids and no foreign keys: it outlives the accounts and jobs that it is about.
    """

    class Kind(models.TextChoices):
        SIGNED_IN = "signed_in", "signed in"
        SIGNED_OUT = "signed_out", "signed out"
        SIGN_IN_FAILED = "sign_in_failed", "sign-in failed"
        PASSWORD_CHANGED = "password_changed", "password changed"
        KEY_MADE = "key_made", "key made"
        KEY_USED = "key_used", "key used"
        KEY_REVOKED = "key_revoked", "key revoked"
        KEY_REFUSED = "key_refused", "key refused"
        WRONG_ORIGIN = "wrong_origin", "refused: wrong origin"
        WRONG_HOST = "wrong_host", "refused: wrong host"
        NOT_SIGNED_IN = "not_signed_in", "refused: not signed in"
        NO_SUCH_JOB = "no_such_job", "refused: no such job"
        NOT_PERMITTED = "not_permitted", "refused: no permission"
        LIMIT_HIT = "limit_hit", "limit hit"
        JOB_SHARED = "job_shared", "job shared"
        JOB_UNSHARED = "job_unshared", "job no longer shared"
        NO_SUCH_PROGRAM = "no_such_program", "refused: no such program"
        PROGRAM_SHARED = "program_shared", "program shared"
        PROGRAM_UNSHARED = "program_unshared", "program no longer shared"
        PROGRAM_DELETED = "program_deleted", "program deleted by staff"
        JOB_CANCELLED = "job_cancelled", "job cancelled by staff"
        JOB_DELETED = "job_deleted", "job deleted by staff"
        LIMITS_CHANGED = "limits_changed", "limits changed by staff"

    kind = models.CharField(max_length=20, choices=Kind.choices)
    at = models.DateTimeField(default=timezone.now, db_index=True)
    last_at = models.DateTimeField(default=timezone.now, db_index=True)
    times = models.PositiveIntegerField(default=1)
    owner_key = models.CharField("owner", max_length=100, blank=True, db_index=True)
    user_id = models.BigIntegerField(null=True, blank=True)
    user_name = models.CharField("user", max_length=150, blank=True, db_index=True)
    address = models.CharField(max_length=64, blank=True, db_index=True)
    job_id = models.CharField("job", max_length=36, blank=True)
    detail = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-at", "-pk")
        indexes = (models.Index(fields=["kind", "-at"], name="audit_by_kind"),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d %H:%M:%S}"


class Allowance(models.Model):
    """What one owner may use, where it is not what everybody may. Empty: as everybody; 0: no bound.

    `user` is for the admin's form; what counts is `owner_key`, as a job has it.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE
    )
    owner_key = models.CharField(max_length=100, unique=True, blank=True)
    submissions_per_minute = models.PositiveIntegerField(null=True, blank=True)
    concurrent_jobs = models.PositiveIntegerField(null=True, blank=True)
    cpu_seconds_per_hour = models.PositiveIntegerField(null=True, blank=True)
    remark = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"allowance of {self.owner_key}"

    def applied_to(self, usual: tuple[int, int, int]) -> tuple[int, int, int]:
        """The three numbers, in the order of the fields."""
        submissions, jobs, cpu_seconds = usual
        return (
            submissions if self.submissions_per_minute is None else self.submissions_per_minute,
            jobs if self.concurrent_jobs is None else self.concurrent_jobs,
            cpu_seconds if self.cpu_seconds_per_hour is None else self.cpu_seconds_per_hour,
        )
