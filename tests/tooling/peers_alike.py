"""What speaks as the peers of the bench do, for its clients to speak with: no peer is installed
here. Programs are real, and run on this machine without any jail: only those of the tests.
"""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

from bench import bare

PYTHON = ("/usr/bin/python3", "-u", "-c")


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await _execute(receive, send)
    elif scope["path"] == "/api/v2/connect":
        await _connect(receive, send)
    else:
        await _terminal(receive, send)


# --- as Piston ------------------------------------------------------------------------------------


async def _execute(receive: Any, send: Any) -> None:
    body, more = b"", True
    while more:
        part = await receive()
        body += part["body"]
        more = part.get("more_body", False)
    order = json.loads(body)
    assert order["version"] == "*"
    if order["language"] == "python":
        said = await asyncio.to_thread(bare.run, [*PYTHON, order["files"][0]["content"]])
        answer = {"run": {"stdout": said.decode(), "code": 0}, "language": "python"}
    else:
        answer = {"message": f"{order['language']}-* runtime is unknown"}
    head = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})


async def _connect(receive: Any, send: Any) -> None:
    async def say(**message: Any) -> None:
        await send({"type": "websocket.send", "text": json.dumps(message)})

    await receive()
    await send({"type": "websocket.accept"})
    order = json.loads((await receive())["text"])
    assert order["type"] == "init"
    await say(type="runtime", language="python", version="3")
    await say(type="stage", stage="run")
    program = await asyncio.create_subprocess_exec(
        *PYTHON, order["files"][0]["content"], stdin=-1, stdout=-1
    )
    assert program.stdin is not None
    assert program.stdout is not None
    taking = asyncio.create_task(_take_input(receive, program.stdin))
    while said := await program.stdout.read(65536):
        await say(type="data", stream="stdout", data=said.decode())
    await say(type="exit", stage="run", code=await program.wait(), signal=None)
    taking.cancel()
    await send({"type": "websocket.close", "code": 4999})


async def _take_input(receive: Any, stdin: asyncio.StreamWriter) -> None:
    while (message := await receive())["type"] == "websocket.receive":
        given = json.loads(message["text"])
        assert (given["type"], given["stream"]) == ("data", "stdin")
        stdin.write(given["data"].encode())


# --- as terminado ---------------------------------------------------------------------------------


async def _terminal(receive: Any, send: Any) -> None:
    async def say(*message: Any) -> None:
        await send({"type": "websocket.send", "text": json.dumps(message)})

    await receive()
    await send({"type": "websocket.accept"})
    await say("setup", {})
    with bare.on_terminal(["/bin/sh", "-i"]) as master:
        taking = asyncio.create_task(_type(receive, master))
        while said := await asyncio.to_thread(bare.read, master):
            await say("stdout", said.decode())
        taking.cancel()
    await say("disconnect", 1)
    await send({"type": "websocket.close"})


async def _type(receive: Any, master: int) -> None:
    while (message := await receive())["type"] == "websocket.receive":
        kind, text = json.loads(message["text"])
        assert kind == "stdin"
        os.write(master, text.encode())
