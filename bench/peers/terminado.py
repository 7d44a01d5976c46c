"""terminado: a shell on a terminal. A program is started as a person would, by a command."""

from __future__ import annotations

import base64
import json
import time
from urllib.parse import urlsplit

from bench import bare
from bench.client import Client, ClosedError
from bench.programs import PYTHON_HELLO, Program

from .terminal import SAYS_READY, Terminal


class Terminado:
    """Its socket is `/websocket` where the address has no path of its own."""

    name = "terminado"
    # A shell that compiles is the bare command again.
    programs: tuple[Program, ...] = (PYTHON_HELLO,)

    def __init__(self, url: str) -> None:
        self._url = url if urlsplit(url).path.strip("/") else url.rstrip("/") + "/websocket"

    def hello(self, program: Program) -> float:
        code, expected = program.new()
        terminal = _TerminadoTerminal(Client(self._url))
        with terminal:
            terminal.wait_for_shell()
            began = time.perf_counter()
            terminal.begin(SAYS_READY + code)
            said = terminal.rest()
            while (more := terminal.read()) is not None:
                said += more
            took = time.perf_counter() - began
        if said != expected:
            raise RuntimeError(f"terminado said {said!r}")
        return took

    def open(self, code: str) -> Terminal:
        terminal = _TerminadoTerminal(Client(self._url))
        terminal.wait_for_shell()
        terminal.begin(SAYS_READY + code)
        return terminal


class _TerminadoTerminal(Terminal):
    def wait_for_shell(self) -> None:
        if self.read() is None:
            raise RuntimeError("terminado gave no shell")

    def begin(self, code: str) -> None:
        """In place of the shell, in one line, and with the terminal's modes that Codr has."""
        text = base64.b64encode(code.encode()).decode()
        python = f"{bare.PYTHON} -c \"import base64;exec(base64.b64decode('{text}'))\""
        self.write(f"stty -echo -onlcr; exec {python}\r")
        self.wait_until_ready()

    def write(self, text: str) -> None:
        self._client.send_frame(json.dumps(["stdin", text]).encode())

    def read(self) -> str | None:
        try:
            while True:
                kind, *values = json.loads(self._client.receive())
                if kind == "stdout":
                    return str(values[0])
                if kind == "disconnect":
                    return None
        except ClosedError:
            return None
