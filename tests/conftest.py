"""What all tests share: a whole running Codr, one for each session and sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack import Stack


def _running(state: Path, **environment: str) -> Iterator[Stack]:
    stack = Stack(state, environment)
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture(scope="session")
def codr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Codr as `make run` starts it: Firejail, SQLite, the standard policy."""
    yield from _running(tmp_path_factory.mktemp("codr"))


@pytest.fixture(scope="session")
def codr_bubblewrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The same with the other sandbox and without validation, for programs it would refuse."""
    yield from _running(
        tmp_path_factory.mktemp("codr-bubblewrap"),
        CODR_SANDBOX="bubblewrap",
        CODR_VALIDATION="off",
    )


@pytest.fixture(autouse=True)
def an_audit_trail_of_ones_own() -> None:
    """What is counted belongs to the database of one test, which is gone in the next."""
    from executor_app import audit

    audit._counter.forget()
