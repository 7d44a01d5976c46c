"""What a peer is to the bench: hello worlds, and programs with somebody at their input."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final, Protocol

from bench.client import Client
from bench.programs import Program

# Said by a program before anything else: what was shown before, such as a shell's prompt, is not
# its. In two pieces, so that a command that is echoed has it nowhere.
READY: Final = "codr-bench-is-ready\n"
SAYS_READY: Final = "print('codr-bench-is' + '-ready', flush=True)\n"


class Terminal(ABC):
    """One Python program at a peer, which has said that it is there. Use it as a context."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._shown = ""

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.__exit__()

    def wait_until_ready(self) -> None:
        while READY not in self._shown.replace("\r\n", "\n"):
            said = self.read()
            if said is None:
                raise RuntimeError(f"the program did not begin: {self._shown!r}")
            self._shown += said
        self._shown = self._shown.replace("\r\n", "\n").partition(READY)[2]

    def rest(self) -> str:
        """What came with the first line, behind it."""
        rest, self._shown = self._shown, ""
        return rest

    @abstractmethod
    def write(self, text: str) -> None: ...

    @abstractmethod
    def read(self) -> str | None:
        """What is said next; None at the end."""


class Peer(Protocol):
    name: str
    programs: tuple[Program, ...]

    def hello(self, program: Program) -> float:
        """Seconds from asking for a new program to its end."""

    def open(self, code: str) -> Terminal:
        """Starts a Python program that has its input from here."""
