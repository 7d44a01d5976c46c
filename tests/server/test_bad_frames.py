"""Bad input gets the error or the close code of the contract, and the server goes on."""

from __future__ import annotations

import json
import os
import socket as sockets
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.server.client import connect, says_hello
from tests.stack import Stack

EXECUTE = {"type": "execute", "language": "python", "code": "print(1)"}


def execute(**fields: Any) -> str:
    return json.dumps({**EXECUTE, **fields})


def with_files(*names: str) -> str:
    files = [{"name": name, "content": ""} for name in names]
    return json.dumps({"type": "execute", "language": "python", "files": files})


BAD_FIRST: dict[str, str | bytes] = {
    "broken JSON": "{",
    "not an object": "[1, 2]",
    "deep nesting": "[" * 100_000,
    "no type": "{}",
    "a type that is no string": '{"type": 5}',
    "an unknown type": '{"type": "dance"}',
    "input before a job": '{"type": "input_response", "data": "x"}',
    "an unknown language": execute(language="cobol"),
    "a language that is no string": execute(language=5),
    "no code": '{"type": "execute", "language": "python"}',
    "code that is no string": execute(code=["x"]),
    "code and files": execute(files=[{"name": "a.py", "content": ""}]),
    "a name that leaves the folder": with_files("../main.py"),
    "an absolute name": with_files("/etc/passwd"),
    "a name with NUL": with_files("main\0.py"),
    "the same name twice": with_files("a.py", "a.py"),
    "a file that is also a folder": with_files("a", "a/b"),
    "too many files": with_files(*(f"{n}.py" for n in range(100))),
    "a lone surrogate": '{"type": "execute", "language": "python", "code": "\\ud800"}',
    "bad base64": execute(stdin="%%%", encoding="base64"),
    "an argument with NUL": execute(args=["a\0b"]),
    "a size that is too large": execute(cols=10**30),
    "infinity": execute(limits={"cpu_time": "HUGE"}).replace('"HUGE"', "1e999"),
    "no number": execute(limits={"cpu_time": "NAN"}).replace('"NAN"', "NaN"),
    "an integer of many digits": execute(cols="MANY").replace('"MANY"', "9" * 5000),
    "a request id with NUL": execute(request_id="a\0b"),
    "a name that is too long for a disk": with_files("ö" * 101),
    "a name that looks like an option": with_files("-o"),
    "a name that looks like a list of options": with_files("folder/@options.c"),
    "a limit below zero": execute(limits={"cpu_time": -1}),
    "a binary frame": b"\x00\x01",
}


@pytest.mark.parametrize("name", BAD_FIRST)
async def test_a_bad_first_message_is_told_why_and_closed_with_4400(codr: Stack, name: str) -> None:
    async with connect(codr.socket_url) as client:
        await client.socket.send(BAD_FIRST[name])
        code, close_code = await client.refused()
    assert close_code == 4400
    assert code
    assert client.frames[-1]["message"]


async def test_a_field_of_the_wrong_type_is_named(codr: Stack) -> None:
    async with connect(codr.socket_url) as client:
        await client.socket.send(execute(cols="wide"))
        await client.closed()
    assert "cols" in client.frames[-1]["message"]


async def test_ten_megabytes_of_code_are_too_large(codr: Stack) -> None:
    async with connect(codr.socket_url) as client:
        await client.socket.send(execute(code="#" * 10_000_000))
        assert await client.refused() == ("too_large", 4413)
    await says_hello(codr.socket_url)


@pytest.mark.parametrize(
    "fields",
    [
        {"code": "#" * (1024 * 1024 + 1)},
        {"stdin": "x" * (1024 * 1024 + 1)},
        {"code": None, "files": [{"name": n, "content": "#" * 600_000} for n in ("a.py", "b.py")]},
    ],
)
async def test_what_is_just_over_a_limit_is_too_large_and_named(
    codr: Stack, fields: dict[str, Any]
) -> None:
    async with connect(codr.socket_url) as client:
        await client.socket.send(execute(**fields))
        assert await client.refused() == ("too_large", 4413)
    assert any(name in client.frames[-1]["message"] for name in ("`code`", "`stdin`", "`files`"))


async def test_the_largest_program_that_is_allowed_runs(codr: Stack) -> None:
    code = "print('ran')\n"
    code += "#" * (1024 * 1024 - len(code))
    async with connect(codr.socket_url) as client:
        await client.execute("python", code)
        assert (await client.until("complete"))["status"] == "completed"
    assert client.text() == "ran\n"


async def test_a_text_frame_that_is_not_utf8_ends_its_socket_alone(codr: Stack) -> None:
    async with connect(codr.socket_url) as client:
        await client.socket.send(b"\xff\xfe{", text=True)
        # Daphne drops the connection where others would say 1007 first.
        assert await client.closed() in (1006, 1007)
    await says_hello(codr.socket_url)


async def test_a_second_execute_is_refused(codr: Stack) -> None:
    async with connect(codr.socket_url) as client:
        await client.execute("python", "input()")
        await client.until("input_request")
        await client.send(EXECUTE)
        assert await client.refused() == ("already_running", 4409)


async def test_a_bad_frame_while_a_job_runs_does_not_disturb_it(codr: Stack) -> None:
    async with connect(codr.socket_url) as client:
        await client.execute("python", "print(input())")
        await client.until("input_request")
        for frame in ("{", '{"type": "dance"}', '{"type": "resize", "cols": "x", "rows": 1}'):
            await client.socket.send(frame)
            assert (await client.error())["message"]
        await client.answer("still here")
        complete = await client.until("complete")
    assert complete["status"] == "completed"
    assert "still here" in client.text()


async def test_nul_bytes_in_source_are_the_languages_own_matter(codr: Stack) -> None:
    async with connect(codr.socket_url) as client:
        await client.execute("javascript", "console.log(1)\0", tty=False)
        complete = await client.until("complete")
    assert complete["status"] == "completed"
    assert complete["exit_code"] == 1
    assert "SyntaxError" in client.text("stderr")


async def test_a_page_of_another_origin_is_turned_away(codr: Stack) -> None:
    async with connect(codr.socket_url, origin="http://evil.example") as client:
        assert (await client.refused())[1] == 4403
    async with connect(codr.socket_url, origin=codr.url) as client:
        await client.execute("python", "print(1)")
        await client.until("complete")


async def test_a_job_of_nobody_is_no_job(codr: Stack) -> None:
    for job_id in ("x", "00000000-0000-4000-8000-000000000000"):
        async with connect(codr.socket_url) as client:
            await client.send({"type": "attach", "job_id": job_id})
            assert await client.refused() == ("no_such_job", 4404)


async def test_bytes_that_are_no_websocket_do_no_harm(codr: Stack) -> None:
    """Invalid UTF-8 in a text frame, a broken frame, a reset in the middle of one."""
    address = ("127.0.0.1", urlsplit(codr.url).port)
    handshake = (
        b"GET /ws/execute HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        b"Sec-WebSocket-Version: 13\r\n\r\n"
    )
    masked = b"\x00\x00\x00\x00"
    payloads = (
        b"\x81\x82" + masked + b"\xff\xfe",
        b"\x81\xff" + b"\xff" * 8 + masked,
        b"\xff\xff\xff\xff",
        b"\x81\x85" + masked + b"he",
        os.urandom(2000),
    )
    for payload in payloads:
        with sockets.create_connection(address, timeout=10) as raw:
            raw.sendall(handshake)
            assert b"101" in raw.recv(4096)
            raw.sendall(payload)
            # A reset and not a polite goodbye.
            raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    await says_hello(codr.socket_url)
