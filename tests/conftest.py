"""What all tests share: a whole running Codr, one for each session and sandbox.

`make test` runs them in two processes, each with a Codr of its own. The tests of a file stay
together, and so do those of a folder that makes something for all of its files.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.stack import WARM, Stack

TOGETHER = ("hostile", "hosts", "admin/live", "access/live")
# What takes longest starts first, so that no process is left with it at the end.
LONGEST = (
    *("hostile", "chaos", "hosts", "edge/test_fuzz_of_the_socket", "waits/test_detection"),
    *("server", "browser"),
)


class ByPlace(LoadScopeScheduling):
    """xdist's own `loadgroup` sets a field that pytest 9 no longer reads, and groups nothing."""

    def _split_scope(self, nodeid: str) -> str:
        place = _place(nodeid)
        return next((folder for folder in TOGETHER if place.startswith(f"{folder}/")), place)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByPlace:
    return ByPlace(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _turn(item.nodeid))


def _place(nodeid: str) -> str:
    return nodeid.partition("::")[0].removeprefix("tests/").removesuffix(".py")


def _turn(nodeid: str) -> int:
    place = _place(nodeid)
    turns = (turn for turn, long in enumerate(LONGEST) if place.startswith(long))
    return next(turns, len(LONGEST))


def _running(stack: Stack) -> Iterator[Stack]:
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture(scope="session")
def codr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Codr as `make run` starts it: Firejail, SQLite, the standard policy."""
    yield from _running(Stack(tmp_path_factory.mktemp("codr"), WARM, prepares=True))


@pytest.fixture(scope="session")
def codr_bubblewrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The same with the other sandbox and without validation, for programs it would refuse."""
    environment = {"CODR_SANDBOX": "bubblewrap", "CODR_VALIDATION": "off", **WARM}
    yield from _running(Stack(tmp_path_factory.mktemp("codr-bubblewrap"), environment))


@pytest.fixture(autouse=True)
def an_audit_trail_of_ones_own() -> None:
    """What is counted belongs to the database of one test, which is gone in the next."""
    from executor_app import audit

    audit._counter.forget()
