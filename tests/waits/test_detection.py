"""Knowing that a program waits: the whole corpus, through real sandboxes.

Eight programs share the machine at any time, so what is said here holds on a busy one too.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from executor_app.protocol import FinalStatus
from executor_app.runner.host import Host
from executor_app.runner.sandbox import BACKENDS
from tests.runner.driver import Talk, spec
from tests.waits.corpus import Program, load

AT_ONCE = 8
PROGRAMS = load()
# A few of each kind that start fast, for every run of the tests.
QUICK = {
    *("python_input", "python_two_questions", "python_dev_tty", "python_select_stdin"),
    *("python_heartbeat_thread", "python_child_cat", "python_second_line", "python_no_prompt"),
    *("javascript_readline_question", "c_getchar", "c_poll", "c_epoll_edge_duplicate"),
    *("c_pthread_reader", "c_main_thread_gone", "c_poll_gives_up", "cpp_cin", "rust_read_line"),
    *("python_sleep", "python_child_sleeps", "python_own_pipe", "python_input_already_there"),
    *("python_closed_stdin", "javascript_timeout", "c_compute_beside_reader", "c_futex"),
    *("c_poll_pipe", "c_stdin_given", "cpp_condition_variable", "rust_channel"),
}


@pytest.fixture(params=sorted(BACKENDS))
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Host]:
    opened = Host.open(
        name=f"waits-{request.param}-{os.getpid()}",
        folder=tmp_path,
        sandbox=request.param,
        slots=AT_ONCE,
    )
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "host", ["firejail", pytest.param("bubblewrap", marks=pytest.mark.slow)], indirect=True
)
async def test_a_few_programs_are_known_to_wait_or_not(host: Host) -> None:
    chosen = [program for program in PROGRAMS if program.id in QUICK]

    assert len(chosen) == len(QUICK)
    assert await _wrong(host, chosen) == ""


@pytest.mark.slow
async def test_no_other_program_of_the_corpus_is_missed_and_none_alarms_falsely(
    host: Host,
) -> None:
    assert await _wrong(host, [each for each in PROGRAMS if each.id not in QUICK]) == ""


async def _wrong(host: Host, programs: Sequence[Program]) -> str:
    """What was wrong, a line for each program; nothing where all were right."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(program: Program) -> str:
        async with turns:
            return await _judge(host, program)

    found = await asyncio.gather(*(one(program) for program in programs))
    return "\n".join(line for line in found if line)


async def _judge(host: Host, program: Program) -> str:
    talk = await _talk_through(host, program)
    faults = []
    if talk.prompts != list(program.prompts):
        kind = "false alarm or miss" if len(talk.prompts) != len(program.prompts) else "prompts"
        faults.append(f"{kind}: asked {talk.prompts}, expected {list(program.prompts)}")
    if talk.closed != program.closes:
        faults.append(f"input_closed {talk.closed} times, expected {int(program.closes)}")
    if program.seen.encode() not in talk.stdout + talk.stderr:
        faults.append(f"not seen: {program.seen!r} in {(talk.stdout + talk.stderr)[-300:]!r}")
    end = talk.complete
    if (end.status, end.exit_code) != (FinalStatus.COMPLETED, 0):
        faults.append(f"ended as {end.status} {end.exit_code} {end.message}")
    return f"{program.id}: " + "; ".join(faults) if faults else ""


async def _talk_through(host: Host, program: Program) -> Talk:
    """Answers each wait once it is announced; typed input is there before the program starts."""
    stdin = None if program.stdin is None else program.stdin.encode()
    limits = {"input_timeout_s": 8.0, "wall_time_s": 20.0}
    job = spec(
        program.language,
        program.code,
        args=program.args,
        stdin=stdin,
        tty=program.tty and stdin is None,
        limits=limits,
    )
    talk = Talk(host, job)
    for line in program.input:
        talk.answer(line)
    talk.start()
    for count, answer in enumerate(program.answers, 1):
        await talk.asked_or_over(count)
        talk.answer(answer)
    await talk.end()
    return talk
