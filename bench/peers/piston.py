"""Piston: a program as a whole by `POST /api/v2/execute`, with its input on `/api/v2/connect`.

How long a program may run, and how many may at once, is set there (`PISTON_RUN_TIMEOUT`,
`PISTON_MAX_CONCURRENT_JOBS`): a session that is ended after three seconds is no session.
"""

from __future__ import annotations

import http.client
import json
import time
from typing import Any, Final
from urllib.parse import urlsplit

from bench.client import Client, ClosedError
from bench.programs import HELLOS, Program

from .terminal import SAYS_READY, Terminal

EXECUTE: Final = "/api/v2/execute"
CONNECT: Final = "/api/v2/connect"
ANSWER_S: Final = 60.0


class Piston:
    name = "piston"
    programs: tuple[Program, ...] = HELLOS

    def __init__(self, url: str) -> None:
        self._url = url
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80

    def hello(self, program: Program) -> float:
        code, expected = program.new()
        connection = http.client.HTTPConnection(self._host, self._port, timeout=ANSWER_S)
        connection.connect()
        try:
            body = json.dumps(self._order(program.language_name, program.file_name, code))
            began = time.perf_counter()
            connection.request("POST", EXECUTE, body, {"Content-Type": "application/json"})
            answer = connection.getresponse().read()
            took = time.perf_counter() - began
        finally:
            connection.close()
        if json.loads(answer).get("run", {}).get("stdout") != expected:
            raise RuntimeError(f"Piston answered {answer[:300]!r}")
        return took

    def open(self, code: str) -> Terminal:
        terminal = _PistonTerminal(Client(self._url + CONNECT))
        terminal.begin(self._order("python", "main.py", SAYS_READY + code))
        return terminal

    @staticmethod
    def _order(language: str, name: str, code: str) -> dict[str, Any]:
        language = {"cpp": "c++"}.get(language, language)
        return {
            "language": language,
            "version": "*",
            "files": [{"name": name, "content": code}],
        }


class _PistonTerminal(Terminal):
    def begin(self, order: dict[str, Any]) -> None:
        self._client.send({"type": "init", **order})
        self.wait_until_ready()

    def write(self, text: str) -> None:
        self._client.send({"type": "data", "stream": "stdin", "data": text})

    def read(self) -> str | None:
        try:
            for message in self._client.messages():
                if message["type"] == "data" and message["stream"] == "stdout":
                    return str(message["data"])
                if message["type"] in ("exit", "error"):
                    return None
        except ClosedError:
            pass
        return None
