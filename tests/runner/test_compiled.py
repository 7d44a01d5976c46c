"""Compile once: what is used again, and for whom."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from executor_app.languages import find
from executor_app.protocol import Complete, FinalStatus
from executor_app.runner import toolchain
from executor_app.runner.host import Host
from executor_app.runner.spec import RunSpec
from executor_app.runner.workspace import Workspace
from tests.runner.driver import Talk, hold, spec
from tests.runner.keeping import ADA, BOB, HELLO, Compiles, echo, entries, opened

ASKS = """
#include <stdio.h>
int main(void) {
    char name[64];
    printf("Name? ");
    if (scanf("%63s", name) != 1) return 1;
    printf("Hello, %s!\\n", name);
}
"""
# --- what is used again ------------------------------------------------------------------------


async def test_the_same_program_is_compiled_once_and_gets_its_own_input_and_arguments(
    keeping: Host, compiles: Compiles
) -> None:
    assert await compiles(echo())
    assert not await compiles(echo())
    talk = await hold(keeping, echo(said="something else", args=["x", "y"]))

    assert talk.stdout == b"something else"
    assert talk.complete.exit_code == 2


@pytest.mark.parametrize("language", ["c", "cpp", "rust"])
async def test_every_compiled_language_is_compiled_once(compiles: Compiles, language: str) -> None:
    def job() -> RunSpec:
        return spec(language, HELLO[language], stdin=b"", owner=ADA)

    assert await compiles(job())
    assert not await compiles(job())


def kinds(talk: Talk) -> list[str]:
    """The events in their order; output comes in pieces."""
    kinds = [type(event).__name__ for event in talk.events]
    return [kind for kind, before in zip(kinds, ["", *kinds], strict=False) if kind != before]


async def test_a_client_sees_the_same_the_second_time_warnings_and_all(keeping: Host) -> None:
    first, second = await hold(keeping, echo()), await hold(keeping, echo())

    assert b"unused" in first.output("stderr", "compile")
    for stream in ("stdout", "stderr"):
        assert second.output(stream, "compile") == first.output(stream, "compile")
    assert kinds(second) == kinds(first)
    assert second.statuses == first.statuses == ["compiling", "running"]


async def test_a_program_of_before_talks_with_people_as_it_did(keeping: Host) -> None:
    for name in ("Ada", "Bob"):
        talk = await hold(keeping, spec("c", ASKS, owner=ADA), [name])
        assert talk.prompts == ["Name? "]
        assert talk.stdout.endswith(f"Hello, {name}!\n".encode())
    assert len(entries(keeping)) == 1


LOOKS = """
#include <stdio.h>
#include <sys/stat.h>
#include <dirent.h>
#include <unistd.h>
int main(void) {
    struct stat s;
    struct dirent *entry;
    int count = 0;
    DIR *here = opendir(".");
    while ((entry = readdir(here))) count++;
    stat("program", &s);
    printf("%o %d %d %ld %d\\n", s.st_mode, s.st_uid == getuid(), (int)s.st_nlink, (long)s.st_size,
           count);
    return unlink("program");
}
"""


async def test_the_program_lies_there_as_its_compiler_left_it(keeping: Host) -> None:
    talks = [await hold(keeping, spec("c", LOOKS, stdin=b"", owner=ADA)) for _ in range(3)]

    assert talks[0].stdout.startswith(b"100755 1 1 ")
    assert {(talk.stdout, talk.complete.exit_code) for talk in talks} == {(talks[0].stdout, 0)}


async def test_what_lies_in_the_folder_counts_as_the_jobs(keeping: Host) -> None:
    """As it does where it has just been compiled, with the same words."""
    small = {"disk_bytes": 8192}
    ends: list[Complete] = []
    for _ in range(2):
        talk = Talk(keeping, echo(limits=small))
        async with talk:
            pass
        ends.append(talk.complete)
        await hold(keeping, echo())  # so that the second finds it

    assert ends[0].status is FinalStatus.FILE_SIZE_LIMIT
    assert ends[1] == ends[0]


async def test_the_limits_of_a_run_hold_as_before(keeping: Host) -> None:
    spin = "int main(void) { for (volatile long n = 0;; n++) {} }"
    for _ in range(2):
        talk = await hold(keeping, spec("c", spin, stdin=b"", owner=ADA, limits={"cpu_time_s": 1}))
        assert talk.complete.status is FinalStatus.TIME_LIMIT


async def test_a_program_can_be_started_that_a_process_of_ours_still_has_open(
    keeping: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is being started just now has our descriptors, until it is executed."""
    await hold(keeping, echo())
    put = Workspace.put_made
    held: list[int] = []

    def put_and_hold(self: Workspace, name: str, data: bytes, mode: int) -> None:
        put(self, name, data, mode)
        held.append(os.open(self.place.home / name, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC))

    monkeypatch.setattr(Workspace, "put_made", put_and_hold)
    async with Talk(keeping, echo()) as talk:
        await talk.until(lambda talk: "running" in talk.statuses)
        await asyncio.sleep(0.05)  # in which it would have failed
        os.close(held.pop())
    assert talk.complete.status is FinalStatus.COMPLETED
    assert talk.stdout == b"hi"


# --- what is another program -------------------------------------------------------------------


async def test_nobody_is_given_what_was_compiled_for_another(compiles: Compiles) -> None:
    assert await compiles(echo(ADA))
    assert await compiles(echo(BOB))
    assert not await compiles(echo(ADA))


async def test_where_the_operator_says_so_all_share(
    keeping: Host, compiles: Compiles, tmp_path: Path
) -> None:
    keeping.compiled = opened(keeping, tmp_path, domain="shared")

    assert await compiles(echo(ADA))
    assert not await compiles(echo(BOB))


async def test_what_is_shared_is_not_what_was_kept_for_one(
    keeping: Host, compiles: Compiles, tmp_path: Path
) -> None:
    assert await compiles(echo(ADA))
    keeping.compiled = opened(keeping, tmp_path, domain="shared")

    assert await compiles(echo(ADA))


async def test_for_nobody_in_particular_nothing_is_kept(keeping: Host, compiles: Compiles) -> None:
    assert await compiles(echo(owner=""))
    assert await compiles(echo(owner=""))
    assert entries(keeping) == []


async def test_another_flag_or_environment_is_another_program(compiles: Compiles) -> None:
    c = find("c")
    flag = replace(c, compile=("gcc", "-DX", *c.compile[1:]))
    environment = replace(c, env={"CPATH": "/usr/include"})
    assert await compiles(echo())

    for language in (flag, environment):
        assert await compiles(replace(echo(), language=language))
        assert not await compiles(replace(echo(), language=language))


async def test_another_file_is_another_program_header_and_name_too(compiles: Compiles) -> None:
    def job(header: str, name: str = "main.c") -> RunSpec:
        files = [(name, b'#include "n.h"\nint main(void) { return N; }'), ("n.h", header.encode())]
        return spec("c", files=files, stdin=b"", owner=ADA)

    assert await compiles(job("#define N 0"))
    assert not await compiles(job("#define N 0"))
    assert await compiles(job("#define N 1"))
    assert await compiles(job("#define N 0", name="other.c"))


async def test_another_toolchain_is_another_program(
    compiles: Compiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part, other = tmp_path / "part", tmp_path / "other"
    part.write_text("a part of the compiler")
    other.write_text("the same of another version")
    (tmp_path / "cc1").symlink_to(part)
    language = replace(find("c"), toolchain_files=(str(tmp_path / "cc*"),))
    packages = tmp_path / "status"
    packages.write_text("installed")
    monkeypatch.setattr(toolchain, "PACKAGES", str(packages))

    def job() -> RunSpec:
        return replace(echo(), language=language)

    assert await compiles(job())
    assert not await compiles(job())
    for file in (part, packages):
        file.write_text(file.read_text() + ", changed")
        assert await compiles(job())
        assert not await compiles(job())
    (tmp_path / "cc1").unlink()
    (tmp_path / "cc1").symlink_to(other)
    assert await compiles(job())
    (tmp_path / "cc2").write_text("one more, of another package")
    packages.write_text("installed one more")
    assert await compiles(job())
    monkeypatch.setattr(toolchain, "_versions", {})
    monkeypatch.setattr(toolchain, "_version", lambda *_: "gcc 99")
    assert await compiles(job())


def test_every_compiler_is_known_by_files_that_there_are() -> None:
    for name in ("c", "cpp", "rust"):
        stamp = toolchain.stamp(find(name), "/usr/bin:/bin")
        assert "missing" not in stamp, stamp
        assert find(name).toolchain in stamp


@pytest.mark.parametrize(
    "line",
    [
        'const char *when = __DATE__ " " __TIME__;',
        "const char *when = __TIMESTAMP__;",
        'const char *text = "/proc/self/stat";',
        'const char *text = "/tmp/x";',
    ],
)
async def test_what_is_another_program_each_time_is_compiled_each_time(
    keeping: Host, compiles: Compiles, line: str
) -> None:
    job = spec("c", f"{line}\nint main(void) {{ return 0; }}\n", stdin=b"", owner=ADA)

    assert await compiles(job)
    assert entries(keeping) == []


async def test_a_program_that_does_not_compile_is_told_so_each_time(keeping: Host) -> None:
    for _ in range(2):
        async with Talk(keeping, spec("c", "int main(", stdin=b"", owner=ADA)) as talk:
            pass
        assert talk.complete.status is FinalStatus.COMPILE_ERROR
        assert b"error" in talk.output("stderr", "compile")
    assert entries(keeping) == []
