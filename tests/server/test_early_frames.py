"""What is sent before there is a program: kept for it, and harmless to everybody else."""

from __future__ import annotations

import uuid

import pytest

from tests.server.client import connect, says_hello
from tests.stack import Stack

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("language", ["python", "c"])
@pytest.mark.parametrize("tty", [True, False])
async def test_a_signal_sent_at_once_ends_that_program_alone(
    either: Stack, language: str, tty: bool
) -> None:
    code = {
        "python": "import time\nwhile True: time.sleep(1)",
        "c": "#include <unistd.h>\nint main(void) { for (;;) sleep(1); }",
    }[language]
    async with connect(either.socket_url) as client:
        await client.send({"type": "execute", "language": language, "code": code, "tty": tty})
        await client.send({"type": "signal", "signal": "SIGKILL"})
        complete = await client.until("complete")
    assert (complete["status"], complete["signal"]) == ("signaled", "SIGKILL")
    await says_hello(either.socket_url)


@pytest.mark.parametrize("language", ["python", "c"])
@pytest.mark.parametrize("tty", [True, False])
async def test_much_input_and_a_cancel_at_once_harm_nobody(
    either: Stack, language: str, tty: bool
) -> None:
    piece = {"type": "stdin", "data": "x" * 199_999 + "\n"}
    for _ in range(3):
        async with connect(either.socket_url) as client:
            code = "int main(void) { return 0; }" if language == "c" else "pass"
            await client.send({"type": "execute", "language": language, "code": code, "tty": tty})
            for _ in range(3):
                await client.send(piece)
            await client.send({"type": "cancel"})
            assert (await client.until("complete"))["status"] in ("cancelled", "completed")
        await says_hello(either.socket_url)


async def test_a_flood_through_pipes_comes_in_frames_that_clients_take(codr: Stack) -> None:
    code = """
import os
for _ in range(8):
    os.write(1, b'\\x01' * 262144)
os.write(1, 'é'.encode() * 99999)
"""
    async with connect(codr.socket_url) as client:
        await client.execute("python", code, tty=False)
        await client.until("complete")
    assert client.bytes_of() == b"\x01" * 8 * 262144 + "é".encode() * 99999
    assert max(len(each["data"]) for each in client.of("output")) <= 64 * 1024
    # No character was cut, so nothing had to travel as base64.
    assert not any("encoding" in each and each["encoding"] for each in client.of("output"))


async def test_strangers_behind_one_address_cannot_meet_by_a_request_id(codr: Stack) -> None:
    """They have no cookie, so the address is all that is known of them."""
    async with connect(codr.socket_url) as one, connect(codr.socket_url) as other:
        first = await one.execute("python", "print('secret of one')", request_id="1")
        second = await other.execute("python", "print('program of the other')", request_id="1")
        await one.until("complete")
        await other.until("complete")
    assert first["job_id"] != second["job_id"]
    assert other.text() == "program of the other\n"


async def test_a_repeated_request_is_found_whatever_else_is_asked(codr: Stack) -> None:
    """Even where the same program could not be run any more."""
    fields = {"request_id": uuid.uuid4().hex}
    async with connect(codr.socket_url) as client:
        first = await client.execute("python", "print('once')", **fields)
        await client.until("complete")
    async with connect(codr.socket_url) as again:
        repeated = await again.execute("nonsense", "print('once')", **fields)
        await again.until("complete")
    assert repeated["job_id"] == first["job_id"]
    assert again.text() == "once\n"
