"""A host for each sandbox, and after every test a look at what it left behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from executor_app.runner.host import Host
from executor_app.runner.sandbox import BACKENDS
from tests.runner.driver import Traces
from tests.runner.keeping import Compiles, opened, was_compiled

SLOTS = 32
# Others may run jobs on this machine at the same time.
UID_BASE = 1_300_000_000


@pytest.fixture(scope="session", params=sorted(BACKENDS))
def open_host(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Host]:
    opened = Host.open(
        name=f"tests-{request.param}-{os.getpid()}",
        folder=tmp_path_factory.mktemp(request.param),
        sandbox=request.param,
        slots=SLOTS,
        uid_base=UID_BASE + os.getpid() * 1000,
    )
    yield opened
    opened.close()


@pytest.fixture
def host(open_host: Host) -> Iterator[Host]:
    """A host where every job leaves nothing: no process, mount, cgroup, folder or descriptor."""
    before = Traces.of(open_host)
    yield open_host
    Traces.of(open_host).add_nothing_to(before)
    assert len(open_host._free_slots) == SLOTS


@pytest.fixture
def keeping(host: Host, tmp_path: Path) -> Iterator[Host]:
    """The same, which keeps what was compiled."""
    host.compiled = opened(host, tmp_path)
    yield host
    host.compiled = None


@pytest.fixture
def compiles(keeping: Host, monkeypatch: pytest.MonkeyPatch) -> Compiles:
    """Runs a job on it, and says whether it was compiled."""
    return lambda job: was_compiled(keeping, job, monkeypatch)
