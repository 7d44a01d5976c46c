"""Which version of orders, events and results our processes write, and which they can read.

Two releases run side by side while one takes the other's place. What was written before there was a
number is 0, and a process reads all up to its own. What is newer may mean something that it does
not know: it does not guess, and leaves it for a process that does.
"""

from __future__ import annotations

from typing import Final

# One more with each change that a process of the release before would misread. A field that it may
# leave alone is no such change.
VERSION: Final = 1


class NewerVersionError(Exception):
    """Written by a later release than this process is of."""

    def __init__(self, what: str, version: int) -> None:
        super().__init__(f"{what} of version {version}; this process reads up to {VERSION}")


def check(what: str, version: int) -> None:
    """Raises NewerVersionError."""
    if version > VERSION:
        raise NewerVersionError(what, version)
