"""Which version of orders, events and results our processes write, and which they can read.

Two releases run side by side while one takes the other's place, in whatever order their processes
are changed. So a new version is read one release before it is written. What was written before
there was a number is 0. What is newer than a process reads may mean something that it does not
know: it does not guess, and leaves it for a process that does.
"""

from __future__ import annotations

from typing import Final

# One more with each change that a process of the release before would misread: READ in the release
# that makes the change, WRITTEN, and what is written, in the next. A field that may be left alone
# is no such change.
READ: Final = 1
WRITTEN: Final = 1


class NewerVersionError(Exception):
    """Written by a later release than this process is of."""

    def __init__(self, what: str, version: int) -> None:
        super().__init__(f"{what} of version {version}; this process reads up to {READ}")


def check(what: str, version: int) -> None:
    """Raises NewerVersionError."""
    if version > READ:
        raise NewerVersionError(what, version)
