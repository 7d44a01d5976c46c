"""The corpus of waiting as data: small programs, each with when it waits and what it asks.

`corpus/corpus.toml` explains the fields. Whoever runs the programs, bare or in a sandbox, reads
them here.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

CORPUS = Path(__file__).with_name("corpus")


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    id: str
    file: str
    language: str
    waits: bool
    note: str
    prompts: tuple[str, ...] = ()
    send: tuple[str, ...] = ()
    eof: bool = False
    closes: bool = False
    seen: str = "done"
    input: tuple[str, ...] = ()
    tty: bool = True
    stdin: str | None = None
    args: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        return CORPUS / self.file

    @property
    def code(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def answers(self) -> tuple[str | None, ...]:
        """What to reply to each wait, None being the end of input.

        One shorter than `prompts` where the last wait `closes` unanswered.
        """
        return (*self.send, None) if self.eof else self.send


def load() -> tuple[Program, ...]:
    """Every program of the corpus; TypeError names a field that does not exist or is missing."""
    tables = tomllib.loads((CORPUS / "corpus.toml").read_text(encoding="utf-8"))["program"]
    return tuple(_program(table) for table in tables)


def _program(table: dict[str, object]) -> Program:
    fields = {key: tuple(v) if isinstance(v, list) else v for key, v in table.items()}
    fields.setdefault("tty", "stdin" not in fields)
    return Program(**fields)  # type: ignore[arg-type]
