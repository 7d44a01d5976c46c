"""How jobs end, as a client is told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.client import connect, run_job
from tests.stack import Stack

pytestmark = pytest.mark.slow

ENDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "time_limit": ("while True: pass", "0.3 seconds of CPU", {"cpu_time": 0.3}),
    "memory_limit": ("x = bytearray(10**9)", "40 MiB", {"memory": 40 << 20}),
    "output_limit": ("while True: print('x' * 99)", "10 KiB", {"output": 10 << 10}),
    "input_timeout": ("input()", "0.3 seconds", {"input_timeout": 0.3}),
    "process_limit": (
        "import threading, time\n"
        "for n in range(99): threading.Thread(target=time.sleep, args=(5,)).start()",
        "8 processes",
        {"processes": 8},
    ),
}


@pytest.mark.parametrize("status", ENDS)
async def test_each_limit_ends_a_job_with_its_own_status_and_sentence(
    codr: Stack, status: str
) -> None:
    code, amount, limits = ENDS[status]
    client = await run_job(codr.socket_url, "python", code, limits=limits)
    complete = client.frames[-1]
    assert complete["status"] == status
    assert amount in complete["message"]


async def test_a_client_cannot_raise_a_limit(codr: Stack) -> None:
    client = await run_job(
        codr.socket_url, "python", "x = bytearray(2**30)", limits={"memory": 2**40}
    )
    assert client.frames[-1]["status"] == "memory_limit"
    assert "256 MiB" in client.frames[-1]["message"]


async def test_what_was_written_up_to_the_limit_arrives(codr: Stack) -> None:
    code = "while True: print('x' * 99)"
    client = await run_job(codr.socket_url, "python", code, limits={"output": 5000})
    assert len(client.bytes_of()) == 5000
    assert client.frames[-1]["truncated"] is True


async def test_a_refused_program_is_told_line_column_construct_and_policy(codr: Stack) -> None:
    client = await run_job(codr.socket_url, "python", "x = 1\nimport socket\n")
    error = client.of("error")[0]
    assert client.frames[-1]["status"] == "rejected"
    detail = error["details"][0]
    assert (detail["line"], detail["column"]) == (2, 8)
    assert "socket" in detail["message"]
    assert "standard" in detail["message"]


async def test_a_program_that_does_not_compile_says_so_in_the_compilers_words(codr: Stack) -> None:
    client = await run_job(codr.socket_url, "c", "int main(void) { return x; }")
    assert client.frames[-1]["status"] == "compile_error"
    assert "undeclared" in client.text("stderr", stage="compile")


async def test_a_crash_is_named(codr: Stack) -> None:
    code = "int main(void) { volatile int *p = 0; return *p; }"
    complete = (await run_job(codr.socket_url, "c", code)).frames[-1]
    assert (complete["status"], complete["signal"], complete["exit_code"]) == (
        "signaled",
        "SIGSEGV",
        139,
    )


@pytest.mark.parametrize("asking", [True, False])
async def test_a_job_can_be_cancelled(codr: Stack, asking: bool) -> None:
    async with connect(codr.socket_url) as client:
        await client.execute("python", "input()" if asking else "while True: pass")
        await client.until("status", status="waiting_for_input" if asking else "running")
        await client.send({"type": "cancel"})
        assert (await client.until("complete"))["status"] == "cancelled"
