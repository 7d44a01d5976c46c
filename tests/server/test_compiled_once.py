"""Compile once, the whole way: whose a program is comes with its order, and settings are heeded."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from executor_app.runner import mounts
from tests.server.client import PATIENCE_S, connect
from tests.server.test_owners import new_browser
from tests.stack import Stack

ECHOES = """
#include <stdio.h>
int main(void) {
    int unused, letter;
    while ((letter = getchar()) != EOF) putchar(letter);
}
"""


def kept(stack: Stack) -> dict[str, tuple[int, int]]:
    """What is kept by name: which file it is, and when it was used last."""
    files = [path for path in stack.state.glob("compiled/?/*") if path.suffix != ".new"]
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}


async def run(stack: Stack, cookie: str, said: str) -> list[tuple[str, str]]:
    """What the client was told, but for the words of the program."""
    async with connect(stack.socket_url, cookie=cookie) as client:
        await client.execute("c", ECHOES, stdin=said, tty=False)
        complete = await client.until("complete")
    assert (complete["status"], client.text()) == ("completed", said)
    told: list[tuple[str, str]] = []
    for frame in client.frames:
        if frame["type"] == "status" and frame["status"] != "queued":
            told.append((frame["status"], ""))
        elif frame["type"] == "output" and frame["stage"] == "compile":
            words = told.pop()[1] if told[-1][0] == "compile" else ""  # it comes in pieces
            told.append(("compile", words + frame["data"]))
    return told


async def test_a_program_is_compiled_once_for_each_who_runs_it(either: Stack) -> None:
    ada, bob = new_browser(either), new_browser(either)
    before = kept(either)

    first = await run(either, ada, "one")
    async with asyncio.timeout(PATIENCE_S):
        # It is written while the program runs, and after, and a file tells nobody.
        while not (made := kept(either).items() - before.items()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    ((name, (inode, used_at)),) = made
    assert await run(either, ada, "two") == first
    assert kept(either)[name][0] == inode
    assert kept(either)[name][1] > used_at
    assert await run(either, bob, "three") == first

    assert [stage for stage, _ in first] == ["compiling", "compile", "running"]
    assert "unused" in first[1][1]
    async with asyncio.timeout(PATIENCE_S):
        while len(kept(either)) < len(before) + 2:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


LOOKS = """
import glob
print([name for name in ("iostream", "bits/stdc++.h")
       if glob.glob(f"/usr/include/**/{name}.gch", recursive=True)])
"""


@pytest.mark.slow
async def test_jobs_see_the_headers_once_they_are_compiled_and_nothing_is_left_of_them(
    tmp_path: Path,
) -> None:
    assert os.geteuid() == 0, "mounting needs root"
    stack = Stack(tmp_path / "state", {"CODR_PRECOMPILED_HEADERS": "on"})
    stack.start()
    try:
        stack.wait_for_headers()
        said = ""
        async with asyncio.timeout(PATIENCE_S):
            while "iostream" not in said:  # it is shown a moment after it is made
                async with connect(stack.socket_url) as client:
                    await client.execute("python", LOOKS)
                    await client.until("complete")
                said = client.text()
        assert said == "['iostream', 'bits/stdc++.h']\n"
    finally:
        stack.stop()
    assert [point for point in mounts.mount_points() if point.startswith(str(stack.state))] == []
