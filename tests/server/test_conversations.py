"""The main job: a program asks, a person answers, over the whole stack."""

from __future__ import annotations

import asyncio
import base64
import uuid

import pytest

from tests.server.client import connect, run_job, says_hello
from tests.server.programs import (
    ASKING,
    COPY,
    ECHO_BYTES,
    SLEEPS,
    WAITS_FOR_EVER,
)
from tests.stack import Stack


@pytest.mark.slow
@pytest.mark.parametrize("language", ASKING)
async def test_a_program_asks_is_answered_and_ends(either: Stack, language: str) -> None:
    async with connect(either.socket_url) as client:
        accepted = await client.execute(language, ASKING[language])
        request = await client.until("input_request")
        assert request["prompt"] == "number? "
        await client.answer("21")
        complete = await client.until("complete")
    assert accepted["language"] == language
    assert accepted["version"]
    assert "twice: 42" in client.text()
    assert (complete["status"], complete["exit_code"]) == ("completed", 0)
    compiled = ["compiling"] if language in ("c", "cpp", "rust") else []
    expected = ["queued", *compiled, "running", "waiting_for_input", "running"]
    assert client.statuses() == expected
    assert complete["memory"] > 0
    assert complete["execution_time"] > 0


async def test_a_line_gets_its_newline_once(codr: Stack) -> None:
    async with connect(codr.socket_url) as client:
        await client.execute("python", "print([input(), input(), input()])")
        for line in ("no newline", "a newline\n", ""):
            await client.answer(line)
        await client.until("complete")
    assert "['no newline', 'a newline', '']" in client.text()


async def test_exact_bytes_reach_a_program_on_pipes(either: Stack) -> None:
    every_byte = bytes(range(256))
    async with connect(either.socket_url) as client:
        await client.execute("python", COPY, tty=False)
        await client.send({"type": "stdin", "data": "text without a newline"})
        text = base64.b64encode(every_byte).decode()
        await client.send({"type": "stdin", "data": text, "encoding": "base64"})
        await client.send({"type": "eof"})
        await client.until("complete")
    assert client.bytes_of() == b"text without a newline" + every_byte


async def test_keystrokes_reach_a_terminal_in_raw_mode_one_by_one(codr: Stack) -> None:
    code = (
        "import sys, tty\ntty.setraw(0)\nprint('raw', flush=True)\n"
        "print([sys.stdin.buffer.raw.read(1) for _ in range(3)])"
    )
    async with connect(codr.socket_url) as client:
        await client.execute("python", code)
        assert (await client.until("input_request"))["raw"] is True
        await client.send({"type": "stdin", "data": "a\r"})
        await client.send({"type": "stdin", "data": "Aw==", "encoding": "base64"})  # Ctrl-C
        await client.until("complete")
    assert "[b'a', b'\\r', b'\\x03']" in client.text()


@pytest.mark.parametrize("tty", [True, False])
async def test_the_end_of_input_ends_a_reading_program(codr: Stack, tty: bool) -> None:
    async with connect(codr.socket_url) as client:
        await client.execute("python", ECHO_BYTES, tty=tty)
        await client.answer("line")
        await client.until_output("b'line\\n'")
        await client.send({"type": "eof"})
        await client.until("complete")
    assert client.text().endswith("end\n")


async def test_a_resized_window_is_announced_to_the_program(codr: Stack) -> None:
    code = (
        "import os, signal, time\n"
        "def show(*_): print(*os.get_terminal_size(), flush=True)\n"
        "signal.signal(signal.SIGWINCH, show)\nshow()\ninput()"
    )
    async with connect(codr.socket_url) as client:
        await client.execute("python", code, cols=101, rows=33)
        await client.until_output("101 33\n")
        await client.until("input_request")
        await client.send({"type": "resize", "cols": 61, "rows": 17})
        await client.until_output("61 17\n")
        await client.answer("")
        await client.until("complete")


@pytest.mark.parametrize(
    "name", ["SIGINT", "SIGTERM", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGKILL"]
)
async def test_a_signal_reaches_the_program(codr: Stack, name: str) -> None:
    async with connect(codr.socket_url) as client:
        code = f"import signal\nsignal.signal(signal.SIGINT, signal.SIG_DFL)\n{SLEEPS}"
        await client.execute("python", code)
        await client.until_output("up")
        await client.send({"type": "signal", "signal": name})
        complete = await client.until("complete")
    assert (complete["status"], complete["signal"]) == ("signaled", name)
    assert complete["exit_code"] > 128
    assert name in complete["message"]


async def test_a_program_may_take_a_signal_and_go_on(codr: Stack) -> None:
    code = (
        "import signal, time\nsignal.signal(signal.SIGINT, lambda *_: print('not yet'))\n"
        "print('up', flush=True)\ntime.sleep(0.01)\ninput()\nprint('done')"
    )
    async with connect(codr.socket_url) as client:
        await client.execute("python", code)
        await client.until("input_request")
        await client.send({"type": "signal", "signal": "SIGINT"})
        await client.until_output("not yet")
        await client.answer("")
        assert (await client.until("complete"))["status"] == "completed"


async def test_a_question_that_the_program_withdraws_is_closed(codr: Stack) -> None:
    code = (
        "import select, sys\nprint('quick! ', end='', flush=True)\n"
        "select.select([sys.stdin], [], [], 0.3)\nprint('too late')\n"
        "import time\ntime.sleep(1)"
    )
    async with connect(codr.socket_url) as client:
        await client.execute("python", code)
        assert (await client.until("input_request"))["prompt"] == "quick! "
        await client.until("input_closed")
        assert (await client.until("complete"))["status"] == "completed"
    assert client.statuses()[-2:] == ["waiting_for_input", "running"]


async def test_output_that_is_not_utf8_survives_exactly(either: Stack) -> None:
    code = (
        "import sys, time\n"
        "for part in (b'\\xff\\xfe\\x00', 'höhe'.encode()[:2], 'höhe'.encode()[2:], b'\\x80'):\n"
        "    sys.stdout.buffer.write(part); sys.stdout.buffer.flush(); time.sleep(0.05)\n"
    )
    client = await run_job(either.socket_url, "python", code, tty=False)
    assert client.bytes_of() == b"\xff\xfe\x00h\xc3\xb6he\x80"
    assert {frame.get("encoding") for frame in client.of("output")} <= {None, "base64"}
    assert any(frame.get("encoding") == "base64" for frame in client.of("output"))


async def test_stdout_and_stderr_stay_apart(codr: Stack) -> None:
    code = "import sys\nprint('out')\nprint('err', file=sys.stderr)"
    client = await run_job(codr.socket_url, "python", code)
    assert (client.text("stdout"), client.text("stderr")) == ("out\n", "err\n")


async def test_a_megabyte_arrives_whole_and_in_order(either: Stack) -> None:
    code = "for n in range(100_000): print(f'{n:09}')"
    client = await run_job(either.socket_url, "python", code)
    assert client.text() == "".join(f"{n:09}\n" for n in range(100_000))


@pytest.mark.slow
@pytest.mark.parametrize("language", ["c", "rust"])
async def test_what_the_compiler_says_is_output_of_its_stage(codr: Stack, language: str) -> None:
    client = await run_job(codr.socket_url, language, "int main(void) { return nonsense; }")
    complete = client.frames[-1]
    assert complete["status"] == "compile_error"
    assert complete["exit_code"] != 0
    said = client.text("stdout", "compile") + client.text("stderr", "compile")
    assert "nonsense" in said or "error" in said
    assert {frame["stage"] for frame in client.of("output")} == {"compile"}
    assert client.statuses() == ["queued", "compiling"]


async def test_what_the_policy_refuses_is_rejected_with_its_place(codr: Stack) -> None:
    async with connect(codr.socket_url) as client:
        await client.execute("python", "x = 1\nimport subprocess\n")
        error = await client.error()
        complete = await client.until("complete")
    assert error["code"] == "rejected"
    assert [detail["line"] for detail in error["details"]] == [2]
    assert "line 2" in error["message"]
    assert complete["status"] == "rejected"
    assert complete["exit_code"] is None
    assert "line 2" in complete["message"]
    await says_hello(codr.socket_url)


@pytest.mark.parametrize("bad", [{"type": "resize", "cols": 0, "rows": 5}, {"type": "dance"}])
async def test_a_bad_frame_in_the_middle_is_named_and_the_job_goes_on(
    codr: Stack, bad: dict[str, object]
) -> None:
    async with connect(codr.socket_url) as client:
        await client.execute("python", "print(input('? '))")
        await client.until("input_request")
        await client.send(bad)
        error = await client.error()
        assert ("`cols`" if bad["type"] == "resize" else "`type`") in error["message"]
        await client.answer("still here")
        assert (await client.until("complete"))["status"] == "completed"
    assert "still here\n" in client.text()


async def test_everything_that_can_be_wrong_in_the_middle_leaves_the_job_alone(
    codr: Stack,
) -> None:
    frames: list[str | bytes] = [
        "{",
        "[]",
        "17",
        b"\x00binary",
        '{"type": 5}',
        '{"type": "attach"}',
    ]
    frames += ['{"type": "stdin", "data": "!", "encoding": "base64"}', '{"type": "signal"}']
    frames += ['{"type": "stdin", "data": "\\ud800"}', '{"type": "ack", "seq": -1}', "[" * 100_000]
    frames += ['{"type": "signal", "signal": "SIGSTOP"}', '{"type": "stdin", "data": 5}']
    frames += [f'{{"type": "stdin", "data": "{"x" * 3_000_000}"}}']
    async with connect(codr.socket_url) as client:
        await client.execute("python", "print(input('? '))")
        await client.until("input_request")
        for frame in frames:
            await client.socket.send(frame)
            await client.error()
        await client.answer("still here")
        assert (await client.until("complete"))["status"] == "completed"


# --- cancelling -----------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [WAITS_FOR_EVER, SLEEPS])
async def test_a_started_job_can_be_cancelled(either: Stack, code: str) -> None:
    async with connect(either.socket_url) as client:
        await client.execute("python", code)
        if code is SLEEPS:
            await client.until_output("up")
        else:
            await client.until("input_request")
        await client.send({"type": "cancel", "reason": "enough"})
        complete = await client.until("complete")
    assert (complete["status"], complete["message"]) == ("cancelled", "enough")


@pytest.mark.slow
async def test_a_compiling_job_can_be_cancelled(codr: Stack) -> None:
    async with connect(codr.socket_url) as client:
        # Of one that was compiled before it is over at once.
        await client.execute("rust", f"// {uuid.uuid4()}\n{ASKING['rust']}")
        await client.until("status", status="compiling")
        await client.send({"type": "cancel"})
        assert (await client.until("complete"))["status"] == "cancelled"
    assert client.statuses() == ["queued", "compiling"]


async def test_a_job_can_be_cancelled_at_any_moment_of_its_beginning(codr: Stack) -> None:
    """Wherever the cancel meets it (queue, executor's hand, start), there is one end."""

    async def cancelled_after(delay_s: float) -> str:
        async with connect(codr.socket_url) as client:
            await client.execute("python", SLEEPS)
            await asyncio.sleep(delay_s)
            await client.send({"type": "cancel"})
            return str((await client.until("complete"))["status"])

    ends = await asyncio.gather(*(cancelled_after(n / 200) for n in range(20)))
    assert ends == ["cancelled"] * 20
    await says_hello(codr.socket_url)
