"""Error types: what a person may be told, and what is ours to mend."""

from __future__ import annotations


class UserError(Exception):
    """Something a person can act on. `message` may be shown to them as it is."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class HostError(Exception):
    """This host cannot do what a job needs. Logged with the job's id and shown neutrally."""


class SandboxError(HostError):
    """The sandbox did not start, or broke. The text says what it printed."""


class NotExecutableError(SandboxError):
    """The kernel does not execute the program. Where a compiler made it, the source is why."""
