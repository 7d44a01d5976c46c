"""What a run is asked to do and what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from executor_app.languages import Language, Limits
from executor_app.protocol import Complete


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One run. `files` are (relative name, content); the first is the program.

    What is compiled for one `owner` is used again for that one alone; for "" it never is.
    """

    job_id: str
    language: Language
    files: Sequence[tuple[str, bytes]]
    compile_limits: Limits
    run_limits: Limits
    args: Sequence[str] = ()
    stdin: bytes | None = None
    tty: bool = True
    cols: int = 80
    rows: int = 24
    owner: str = ""


@dataclass(frozen=True, slots=True)
class RunResult:
    """How it ended, as it was said to the client, how much it wrote in bytes, and the CPU time of
    all its stages: `complete` has the program's own.
    """

    complete: Complete
    output_bytes: int
    cpu_time_s: float
