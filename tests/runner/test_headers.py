"""Headers that are compiled beforehand: jobs are faster for them, and see no difference."""

from __future__ import annotations

import fcntl
import inspect
import json
import logging
import os
import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from executor_app.doctor import inside
from executor_app.languages import Language, find
from executor_app.protocol import FinalStatus
from executor_app.runner import mounts, toolchain
from executor_app.runner.headers import Headers, Shown
from executor_app.runner.host import Host
from tests.runner.driver import hold, spec

pytestmark = pytest.mark.slow
BUILD_S = 240.0
# All of the standard library takes its time where processors are short.
SLOWLY = {"wall_time_s": 300.0}

HELLO = '#include <iostream>\nint main() { std::cout << "Hello\\n"; }\n'


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all tests keep what they have made."""
    return tmp_path_factory.mktemp("headers") / "headers"


class Building:
    """One executor's headers, and what it was told."""

    def __init__(self, folder: Path, host: Host, languages: Sequence[Language]) -> None:
        self.shown: list[Shown] = []
        self._ready = threading.Event()
        self.headers = Headers(folder, host.ground, languages, self._take)

    def _take(self, shown: Sequence[Shown]) -> None:
        self.shown += shown
        self._ready.set()

    def wait(self) -> list[Shown]:
        self.headers.start()
        assert self._ready.wait(BUILD_S)
        return self.shown


@pytest.fixture(scope="session")
def ready(open_host: Host, folder: Path) -> Iterator[tuple[Host, list[Shown]]]:
    building = Building(folder, open_host, [find("cpp")])
    yield open_host, building.wait()
    building.headers.stop()


@pytest.fixture
def showing(ready: tuple[Host, list[Shown]], host: Host) -> Iterator[Host]:
    ground = host.ground
    host.ground = replace(ground, shown=ready[1])
    yield host
    host.ground = ground


def telling(language: Language) -> Language:
    """Its compiler says which files it reads."""
    return replace(language, compile=(language.compile[0], "-H", *language.compile[1:]))


@pytest.mark.parametrize("name", find("cpp").precompiled)
async def test_a_program_that_includes_it_first_is_given_it(showing: Host, name: str) -> None:
    code = HELLO.replace("iostream", name)

    talk = await hold(showing, replace(spec("cpp", code), language=telling(find("cpp"))))

    assert talk.stdout == b"Hello\n"
    said = talk.output("stderr", "compile").decode()
    assert re.search(rf"^! /usr/include/\S*/{re.escape(name)}\.gch$", said, re.MULTILINE), said


CODES = {
    "it twice": "#include <iostream>\n#include <iostream>\nint main() { std::cout << __FILE__; }",
    "behind another": "#include <vector>\n#include <iostream>\n"
    "int main() { std::cout << __FILE__ << __LINE__ << __COUNTER__; }",
    "all, twice": "#include <bits/stdc++.h>\n#include <bits/stdc++.h>\n"
    "int main() { std::cout << std::vector<int>(3).size(); }",
    "a macro before": "#define NDEBUG\n#include <iostream>\n#include <cassert>\n"
    'int main() { assert(false); std::cout << "fine"; }',
    "a macro that changes it": "#define _GLIBCXX_DEBUG\n#include <iostream>\n#include <vector>\n"
    "int main() { std::cout << sizeof(std::vector<int>); }",
    "private made public": "#define private public\n#include <iostream>\nint main() {}",
    "pragmas before": '#pragma GCC optimize("O3")\n#include <iostream>\n'
    "int main() { std::cout << 1; }",
    "warnings": "#include <iostream>\n#include <vector>\nint f() {}\n"
    "int main() { std::vector<int> v; for (int i = 0; i < v.size(); i++) std::cout << i; }",
    "errors": '#include <iostream>\n#line 100 "other.cpp"\nint main() { return nope; }',
    "what only the other has": "#include <iostream>\n"
    "int main() { std::unordered_map<int, int> m; }",
    "a header of its own": '#include "own.h"\nint main() { std::cout << N; }',
}


@pytest.mark.parametrize("code", CODES.values(), ids=CODES)
async def test_a_program_is_the_same_and_told_the_same_with_them_and_without(
    showing: Host, code: str
) -> None:
    files = [("main.cpp", code.encode()), ("own.h", b"#include <iostream>\n#define N 5\n")]
    ground = showing.ground
    talks = []
    for shown in (ground.shown, ()):
        showing.ground = replace(ground, shown=shown)
        talks.append(
            await hold(showing, spec("cpp", files=files, stdin=b"", compile_limits=SLOWLY))
        )
    showing.ground = ground
    with_them, without = talks

    for stream in ("stdout", "stderr"):
        assert with_them.output(stream, "compile") == without.output(stream, "compile")
        assert with_them.output(stream) == without.output(stream)
    assert with_them.complete.status == without.complete.status
    assert with_them.complete.exit_code == without.complete.exit_code


async def test_no_job_can_change_them_or_learn_where_they_lie(showing: Host, folder: Path) -> None:
    words = [str(folder), str(showing.folder)]
    talk = await hold(showing, spec("python", inspect.getsource(inside), args=words))
    lines = [json.loads(line) for line in talk.stdout.splitlines()]
    assert dict(lines) == dict.fromkeys(inside.CHECKS, "")

    for _, place in showing.ground.shown:
        code = f"import os, sys; print(os.access({place!r}, os.W_OK), os.listdir({place!r}))"
        talk = await hold(showing, spec("python", code, stdin=b""))
        assert talk.complete.status is FinalStatus.COMPLETED
        assert talk.stdout.startswith(b"False ")


# --- how they are made and kept ----------------------------------------------------------------

# A header of C's is compiled in a moment.
SMALL = replace(find("cpp"), name="small", precompiled=("stddef.h",))


@pytest.fixture
def small(open_host: Host, tmp_path: Path) -> Iterator[list[Building]]:
    started: list[Building] = []
    yield started
    for building in started:
        building.headers.stop()
        for at, _ in building.shown:
            mounts.unmount(at)
            at.rmdir()


def build(host: Host, folder: Path, started: list[Building]) -> Building:
    for building in started:
        for at, _ in building.shown:
            mounts.unmount(at)
            at.rmdir()
        building.shown.clear()
    started.append(Building(folder, host, [SMALL]))
    started[-1].wait()
    return started[-1]


async def test_every_job_can_read_them_whatever_the_executor_lets_others_do(
    host: Host, tmp_path: Path, small: list[Building]
) -> None:
    before = os.umask(0o077)
    try:
        shown = build(host, tmp_path / "h", small).shown
    finally:
        os.umask(before)
    ground = host.ground
    host.ground = replace(ground, shown=shown)
    ((_, place),) = shown
    code = (
        f"import os; print(os.access({place!r} + '/stddef.h.gch', os.R_OK), os.listdir({place!r}))"
    )
    talk = await hold(host, spec("python", code, stdin=b""))
    host.ground = ground

    assert talk.stdout.startswith(b"True [")


def test_another_executor_uses_what_was_made(
    host: Host, tmp_path: Path, small: list[Building], monkeypatch: pytest.MonkeyPatch
) -> None:
    build(host, tmp_path / "h", small)
    monkeypatch.setattr(Headers, "_make", lambda *_: pytest.fail("it was made again"))

    assert [place for _, place in build(host, tmp_path / "h", small).shown]


def test_after_a_change_of_the_toolchain_they_are_made_anew_and_the_others_go(
    host: Host, tmp_path: Path, small: list[Building], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "h"
    first = build(host, folder, small)
    (old,) = os.listdir(folder)
    monkeypatch.setattr(toolchain, "stamp", lambda *_: "another")

    build(host, folder, small)
    assert old in os.listdir(folder)  # the first still uses it
    first.headers.stop()
    monkeypatch.setattr(toolchain, "stamp", lambda *_: "a third")
    build(host, folder, small)

    assert old not in os.listdir(folder)


def test_where_others_may_write_they_are_not_used(
    host: Host, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "h").mkdir()
    (tmp_path / "h").chmod(0o777)
    building = Building(tmp_path / "h", host, [SMALL])

    with caplog.at_level(logging.WARNING):
        building.headers.start()
        building.headers._thread.join(BUILD_S)
    building.headers.stop()

    assert building.shown == []
    assert "others may write to" in caplog.text


def test_who_stops_does_not_wait_for_a_compiler(host: Host, tmp_path: Path) -> None:
    folder = tmp_path / "h"
    building = Building(folder, host, [find("cpp")])
    building.headers.start()
    while building.headers._compiler is None:
        assert building.headers._thread.is_alive()
    building.headers.stop()

    assert not building.headers._thread.is_alive()
    assert building.shown == []
    lock = os.open(folder, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(lock)
