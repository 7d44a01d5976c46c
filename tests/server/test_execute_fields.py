"""Every field of `execute` does what the contract says, over the whole stack."""

from __future__ import annotations

import asyncio
import base64
import uuid
from typing import Any

import pytest

from tests.server.client import Client, connect, run_job
from tests.server.programs import COPY, WAITS_FOR_EVER
from tests.stack import Stack

pytestmark = pytest.mark.slow

HELPER = "def twice(n):\n    return 2 * n\n"


async def run_files(url: str, language: str, *files: dict[str, str], **fields: Any) -> Client:
    async with connect(url) as client:
        await client.send({"type": "execute", "language": language, "files": [*files], **fields})
        await client.until("complete")
    return client


async def test_two_fields_are_enough(codr: Stack) -> None:
    async with connect(codr.socket_url) as client:
        await client.send({"type": "execute", "language": "python", "code": "print(input())"})
        await client.until("input_request")
        await client.answer("enough")
        assert (await client.until("complete"))["status"] == "completed"


async def test_an_alias_is_the_language(codr: Stack) -> None:
    client = await run_job(codr.socket_url, "py", "print(1)")
    assert client.frames[0]["language"] == "python"


async def test_the_first_of_several_files_is_the_program(either: Stack) -> None:
    data = base64.b64encode(bytes(range(256))).decode()
    client = await run_files(
        either.socket_url,
        "python",
        {
            "name": "start.py",
            "content": "from lib.helper import twice\n"
            "print(twice(21), open('data.bin', 'rb').read() == bytes(range(256)))",
        },
        {"name": "lib/helper.py", "content": HELPER},
        {"name": "data.bin", "content": data, "encoding": "base64"},
    )
    assert client.text() == "42 True\n", client.frames


async def test_several_source_files_are_compiled_together(codr: Stack) -> None:
    client = await run_files(
        codr.socket_url,
        "c",
        {
            "name": "main.c",
            "content": '#include <stdio.h>\n#include "twice.h"\n'
            'int main(void) { printf("%d\\n", twice(21)); }',
        },
        {"name": "twice.h", "content": "int twice(int n);"},
        {"name": "twice.c", "content": "int twice(int n) { return 2 * n; }"},
    )
    assert client.text() == "42\n", client.frames


@pytest.mark.parametrize("encoding", ["utf-8", "base64"])
async def test_input_given_beforehand_ends_with_end_of_file(either: Stack, encoding: str) -> None:
    raw = "höhe\nno newline".encode() if encoding == "utf-8" else bytes(range(256))
    text = raw.decode() if encoding == "utf-8" else base64.b64encode(raw).decode()
    client = await run_job(either.socket_url, "python", COPY, stdin=text, encoding=encoding)
    assert client.bytes_of() == raw
    assert client.of("input_request") == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, [True, True, True]),
        ({"tty": False}, [False, False, False]),
        ({"stdin": ""}, [False, False, False]),
        ({"stdin": "", "tty": True}, [False, False, False]),
    ],
)
async def test_the_program_runs_on_a_terminal_or_on_pipes(
    codr: Stack, fields: dict[str, Any], expected: list[bool]
) -> None:
    code = "import os\nprint([os.isatty(fd) for fd in (0, 1, 2)])"
    client = await run_job(codr.socket_url, "python", code, **fields)
    assert client.text() == f"{expected}\n"


async def test_the_program_sees_the_size_of_the_window(codr: Stack) -> None:
    code = "import os\nprint(*os.get_terminal_size())"
    assert (await run_job(codr.socket_url, "python", code)).text() == "80 24\n"
    client = await run_job(codr.socket_url, "python", code, cols=132, rows=50)
    assert client.text() == "132 50\n"


async def test_arguments_arrive_as_they_are(either: Stack) -> None:
    args = ["--help", "", "two words", "$HOME", "*", "ünï", "-c", "'\"\\", "line\nbreak"]
    code = "import sys\nprint(sys.argv[1:] == " + repr(args) + ")"
    assert (await run_job(either.socket_url, "python", code, args=args)).text() == "True\n"


async def test_a_wall_clock_limit_ends_a_program_that_sleeps(codr: Stack) -> None:
    code = "import time\ntime.sleep(30)"
    client = await run_job(codr.socket_url, "python", code, limits={"wall_time": 0.3})
    assert client.frames[-1]["status"] == "time_limit"
    assert "0.3 seconds" in client.frames[-1]["message"]


async def test_time_spent_waiting_for_a_person_does_not_count(codr: Stack) -> None:
    async with connect(codr.socket_url) as client:
        await client.execute("python", "print(input())", limits={"wall_time": 0.5})
        await client.until("input_request")
        await asyncio.sleep(1)
        await client.answer("at last")
        complete = await client.until("complete")
    assert complete["status"] == "completed"
    assert complete["execution_time"] < 0.9


@pytest.mark.parametrize(
    ("limits", "status"),
    [
        ({"processes": 1}, "completed"),
        ({"memory": 1}, "memory_limit"),
        ({"output": 1}, "output_limit"),
        ({"cpu_time": 1e-9}, "time_limit"),
        ({"wall_time": 1e-9}, "time_limit"),
    ],
)
async def test_a_limit_of_next_to_nothing_is_a_limit_and_no_mistake_of_ours(
    codr: Stack, limits: dict[str, float], status: str
) -> None:
    code = "x = bytearray(64 << 20)\nprint('x' * 99)\nimport time\ntime.sleep(1)"
    client = await run_job(codr.socket_url, "python", code, limits=limits)
    assert client.frames[-1]["status"] == status


async def test_a_memory_limit_is_the_programs_and_not_the_compilers(codr: Stack) -> None:
    code = "int main(void) { return 7; }"
    client = await run_job(codr.socket_url, "c", code, limits={"memory": 20 << 20})
    assert client.frames[-1]["exit_code"] == 7


async def test_a_limit_above_ours_leaves_ours(codr: Stack) -> None:
    limits = {"input_timeout": 10**9, "memory": 10**15, "cpu_time": 1e9, "processes": 10**6}
    async with connect(codr.socket_url) as client:
        await client.execute("python", WAITS_FOR_EVER, limits=limits)
        assert (await client.until("input_request"))["timeout"] == 300
        await client.send({"type": "cancel"})
        await client.until("complete")


# --- request_id -----------------------------------------------------------------------------------


async def test_a_repeated_request_is_the_same_job_and_runs_once(codr: Stack) -> None:
    fields = {"request_id": uuid.uuid4().hex}
    async with connect(codr.socket_url) as first, connect(codr.socket_url) as second:
        job = await first.execute("python", "print('once')\ninput()", **fields)
        await first.until("input_request")
        again = await second.execute("python", "print('once')\ninput()", **fields)
        assert again["job_id"] == job["job_id"]
        await second.until("input_request")
        await second.answer("")
        await first.until("complete")
        await second.until("complete")
    assert first.text() == second.text() == "once\n"
    assert first.frames == second.frames


async def test_a_repeated_request_at_the_same_moment_is_one_job(codr: Stack) -> None:
    fields = {"request_id": uuid.uuid4().hex}
    runs = await asyncio.gather(
        *(run_job(codr.socket_url, "python", "print('once')", **fields) for _ in range(8))
    )
    assert len({run.frames[0]["job_id"] for run in runs}) == 1
    assert {run.text() for run in runs} == {"once\n"}


async def test_a_repeated_request_for_a_job_that_is_over_replays_it(codr: Stack) -> None:
    fields = {"request_id": uuid.uuid4().hex}
    first = await run_job(codr.socket_url, "python", "print('once')", **fields)
    second = await run_job(codr.socket_url, "python", "print('once')", **fields)
    assert first.frames == second.frames


async def test_a_repeated_request_of_a_refused_program_is_refused_the_same_way(
    codr: Stack,
) -> None:
    fields = {"request_id": uuid.uuid4().hex}
    first = await run_job(codr.socket_url, "python", "import socket", **fields)
    second = await run_job(codr.socket_url, "python", "import socket", **fields)
    assert first.frames[-1] == second.frames[-1]


# --- attach ---------------------------------------------------------------------------------------


async def test_a_second_viewer_sees_what_was_and_what_comes_and_may_type(codr: Stack) -> None:
    async with connect(codr.socket_url) as first, connect(codr.socket_url) as second:
        job = await first.execute("python", "print('early')\nprint(input('? '))")
        await first.until("input_request")
        await second.send({"type": "attach", "job_id": job["job_id"]})
        await second.until("input_request")
        await second.answer("late")
        await first.until("complete")
        await second.until("complete")
    assert first.frames == second.frames
    assert first.text() == "early\nlate\n"


@pytest.mark.parametrize("after", [0, 2, 10**12])
async def test_a_job_that_is_over_is_replayed_after_any_number(codr: Stack, after: int) -> None:
    first = await run_job(codr.socket_url, "python", "print('gone')")
    job_id, end = first.frames[0]["job_id"], first.frames[-1]["seq"]
    async with connect(codr.socket_url, after=after) as again:
        await again.send({"type": "attach", "job_id": job_id, "after": after})
        assert await again.closed() == 1000
    assert again.frames[1:] == [f for f in first.frames[1:] if f["seq"] > min(after, end)]
