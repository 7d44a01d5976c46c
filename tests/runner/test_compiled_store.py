"""Compile once: what is neither kept nor believed, and how much is kept."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from executor_app.errors import HostError
from executor_app.languages import find
from executor_app.runner import compiled
from executor_app.runner.compiled import CompiledPrograms
from executor_app.runner.host import Host
from executor_app.runner.sandbox import Ground
from executor_app.runner.spec import RunSpec
from tests.runner.driver import Talk, hold, spec
from tests.runner.keeping import ADA, HELLO, MIB, Compiles, echo, entries, opened

# --- what is not believed ----------------------------------------------------------------------


def alter(entry: Path) -> None:
    data = bytearray(entry.read_bytes())
    data[-100] ^= 1
    entry.write_bytes(data)


def cut(entry: Path) -> None:
    os.truncate(entry, entry.stat().st_size - 1)


def empty(entry: Path) -> None:
    os.truncate(entry, 0)


def link(entry: Path) -> None:
    shutil.copy(entry, entry.parent.parent / "elsewhere")
    entry.unlink()
    entry.symlink_to(entry.parent.parent / "elsewhere")


def hard_link(entry: Path) -> None:
    os.link(entry, entry.parent.parent / "elsewhere")


def fifo(entry: Path) -> None:
    entry.unlink()
    os.mkfifo(entry, 0o600)


def folder(entry: Path) -> None:
    entry.unlink()
    (entry / "inner").mkdir(parents=True)


def anothers(entry: Path) -> None:
    os.chown(entry, 1_400_000_000, 1_400_000_000)


def writable(entry: Path) -> None:
    entry.chmod(0o666)


def sparse(entry: Path) -> None:
    os.truncate(entry, 1 << 40)


@pytest.mark.parametrize(
    "poison", [alter, cut, empty, link, hard_link, fifo, folder, anothers, writable, sparse]
)
async def test_an_entry_that_is_not_as_it_was_is_refused_loudly_and_compiled_anew(
    keeping: Host,
    compiles: Compiles,
    caplog: pytest.LogCaptureFixture,
    poison: Callable[[Path], None],
) -> None:
    await compiles(echo())
    (entry,) = entries(keeping)
    poison(entry)

    with caplog.at_level(logging.ERROR):
        assert await compiles(echo())
    assert f"{entry.name} is thrown away" in caplog.text
    assert not await compiles(echo())


async def test_what_was_kept_under_one_key_is_not_believed_under_another(
    keeping: Host, compiles: Compiles, caplog: pytest.LogCaptureFixture
) -> None:
    await compiles(spec("c", HELLO["c"], stdin=b"", owner=ADA))
    (other,) = entries(keeping)
    await compiles(echo())
    (entry,) = set(entries(keeping)) - {other}
    shutil.copy(other, entry)

    talk = await hold(keeping, echo())

    assert talk.stdout == b"hi"
    assert f"{entry.name} is thrown away: it is another's" in caplog.text


async def test_an_unreadable_folder_costs_time_and_no_job(
    keeping: Host, compiles: Compiles, caplog: pytest.LogCaptureFixture
) -> None:
    assert keeping.compiled is not None
    shutil.rmtree(keeping.compiled.store.folder)

    assert await compiles(echo())
    assert "cannot be looked up" in caplog.text


# --- what is not kept --------------------------------------------------------------------------

# What a compiler would do that a source had talked into it: here it is the command itself.
HOSTILE = {
    "a link": "ln -s /usr/bin/true program",
    "a link to its own": "mv program .p && ln -s .p program",
    "a hard link": "ln program other",
    "a hard link elsewhere": "ln program /tmp/other",
    "a FIFO": "rm program && mkfifo program",
    "a folder": "rm program && mkdir program",
    "nothing": "rm program",
    "an empty file": ": > program",
    "a huge sparse file": "truncate -s 60M program",
    "a file beside it": "touch beside",
    "a file in /tmp": "touch /tmp/beside",
    "a file in shared memory": "touch /dev/shm/beside",
    "a changed source": "echo >> main.c",
    "a source that goes": "rm main.c",
    "a great many files": "for n in $(seq 1100); do : > $n; done",
    "many words": "yes | head -c 100000",
}


@pytest.mark.parametrize("does", HOSTILE)
async def test_whatever_else_a_compiler_leaves_is_not_kept(keeping: Host, does: str) -> None:
    command = ("/bin/sh", "-c", f"gcc -w -o program main.c && {{ {HOSTILE[does]}; }}")
    language = replace(find("c"), compile=command)

    async with Talk(keeping, replace(echo(), language=language)):
        pass

    assert entries(keeping) == []


async def test_what_the_same_command_leaves_is_kept_where_it_does_nothing_else(
    keeping: Host,
) -> None:
    command = ("/bin/sh", "-c", "gcc -w -o program main.c && { true; }")

    await hold(keeping, replace(echo(), language=replace(find("c"), compile=command)))

    assert len(entries(keeping)) == 1


async def test_a_program_called_by_the_name_of_the_output_is_not_kept(keeping: Host) -> None:
    files = [("main.c", b"int main(void) { return 0; }"), ("program", b"data")]

    await hold(keeping, spec("c", files=files, stdin=b"", owner=ADA))

    assert entries(keeping) == []


# --- how much, and by how many -----------------------------------------------------------------


def numbered(n: int) -> RunSpec:
    return spec("c", f"int main(void) {{ return 0 * {n}; }}", stdin=b"", owner=ADA)


async def test_the_bound_is_kept_and_what_was_used_last_stays(
    keeping: Host, compiles: Compiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 16 * 50_000  # three C programs in each of its parts, which are one here
    keeping.compiled = opened(keeping, tmp_path, most)
    key = compiled.Recipe._make_key
    monkeypatch.setattr(compiled.Recipe, "_make_key", lambda recipe: "0" + key(recipe)[1:])

    for n in range(3):
        assert await compiles(numbered(n))
        for file in entries(keeping):  # as if time had passed
            state = file.stat()
            os.utime(file, (state.st_mtime - 60, state.st_mtime - 60))
    assert not await compiles(numbered(0))
    assert await compiles(numbered(3))

    assert sum(file.stat().st_size for file in entries(keeping)) <= most / 16
    assert not await compiles(numbered(0))
    assert await compiles(numbered(1))


def test_a_store_throws_away_what_is_not_its_own(
    host: Host, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    programs = opened(host, tmp_path)
    part = programs.store.folder / "0"
    key = "0" * 64
    (part / f"{'0' * 63}1.new").write_bytes(b"half of it")
    (part / "foreign").write_text("x")
    (part / "folder").mkdir()
    (part / "link").symlink_to("/etc/passwd")

    programs.store.put(key, b"body")

    assert [path.name for path in part.iterdir()] == [key]
    assert programs.store.get(key) == b"body"
    assert caplog.text.count("is thrown away") == 4
    assert Path("/etc/passwd").exists()


def test_what_cannot_be_written_leaves_nothing(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = opened(host, tmp_path)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(OSError, match="No space"):
        programs.store.put("0" * 64, b"body")
    assert list((programs.store.folder / "0").iterdir()) == []


async def test_two_executors_share_what_they_compile_at_the_same_time(
    keeping: Host, compiles: Compiles, tmp_path: Path
) -> None:
    other = opened(keeping, tmp_path)
    assert keeping.compiled is not None
    assert other.store.folder == keeping.compiled.store.folder
    jobs = [echo() for _ in range(4)]

    talks = await asyncio.gather(*(hold(keeping, job) for job in jobs))

    assert {talk.stdout for talk in talks} == {b"hi"}
    assert len(entries(keeping)) == 1
    keeping.compiled = other
    assert not await compiles(echo())


def test_several_processes_write_to_one_store_at_once(host: Host, tmp_path: Path) -> None:
    programs = opened(host, tmp_path, 16 * 64 * 1024)
    writers = []
    for n in range(4):
        if (pid := os.fork()) == 0:
            try:
                for m in range(40):
                    programs.store.put(f"0{n:x}{m:062x}", bytes([n]) * 4000)
                    assert programs.store.get(f"0{n:x}{m:062x}") in (bytes([n]) * 4000, None)
                os._exit(0)
            except BaseException:
                os._exit(1)
        writers.append(pid)
    ends = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in writers]

    assert ends == [0, 0, 0, 0]
    kept = list((programs.store.folder / "0").iterdir())
    assert 0 < sum(file.stat().st_blocks * 512 for file in kept) <= 64 * 1024
    assert all(programs.store.get(file.name) is not None for file in kept)


def test_a_folder_that_others_may_reach_is_not_used(host: Host, tmp_path: Path) -> None:
    opened(host, tmp_path)
    (tmp_path / "compiled" / "7").chmod(0o755)

    with pytest.raises(HostError, match=r"others may look into .*compiled/7: remove it"):
        opened(host, tmp_path)


def test_where_jobs_could_find_it_nothing_is_kept(host: Host, tmp_path: Path) -> None:
    unprivileged = Ground(root=host.ground.root, privileged=False)

    if host.sandbox.name == "firejail":
        with pytest.raises(HostError, match="run the executor as root, or choose bubblewrap"):
            CompiledPrograms.open(
                tmp_path / "c", MIB, "owner", sandbox=host.sandbox, ground=unprivileged
            )
    else:
        CompiledPrograms.open(
            tmp_path / "c", MIB, "owner", sandbox=host.sandbox, ground=unprivileged
        )


def test_what_is_kept_says_nothing_of_whose_it_is(host: Host, tmp_path: Path) -> None:
    made = compiled.Compiled(b"program", 0o755, [("stderr", b"\xff words")])

    assert compiled.Compiled.from_bytes(made.as_bytes()) == made
    assert json.loads(made.as_bytes()[4:].split(b"}")[0] + b"}").keys() == {"mode", "said"}
