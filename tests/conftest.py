"""What all tests share: a whole running Codr, one for each session and sandbox.

`make test` runs them in two processes, each with a Codr of its own. The tests of a file stay
together, and so do those of a folder that makes something for all of its files.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack import Stack

TESTS = Path(__file__).parent
TOGETHER = ("hostile", "hosts", "admin/live", "access/live")
# What takes longest starts first, so that no process is left with it at the end.
LONGEST = (
    *("hostile", "chaos", "hosts", "edge/test_fuzz_of_the_socket", "waits/test_detection"),
    *("server", "browser"),
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not hasattr(config, "workerinput"):
        return
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
    items.sort(key=_turn)


def _place(item: pytest.Item) -> str:
    return str(item.path.relative_to(TESTS).with_suffix(""))


def _group(item: pytest.Item) -> str:
    place = _place(item)
    return next((folder for folder in TOGETHER if place.startswith(f"{folder}/")), place)


def _turn(item: pytest.Item) -> int:
    place = _place(item)
    turns = (turn for turn, long in enumerate(LONGEST) if place.startswith(long))
    return next(turns, len(LONGEST))


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
