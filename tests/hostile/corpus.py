"""The attack corpus as data: hostile programs, each with what has to happen to it.

`corpus/<group>.toml` has one table `[attack.<name>]` for each; docs/security.md explains its keys.
A program prints `HELD` and what was refused, or `ESCAPED` and what got through.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).with_name("corpus")
PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """`expect` are the final statuses that are right, `reason` a pattern for the end's message,
    `says` what the output has to contain. `then` is sent once the program runs or, where there is
    a `ready`, has printed that. `answers` are typed whenever it asks for input. `bare` says that it
    does no harm and gets through where there is no jail.
    """

    name: str
    group: str
    language: str
    about: str
    expect: tuple[str, ...]
    code: str | None = None
    files: tuple[Mapping[str, str], ...] = ()
    args: tuple[str, ...] = ()
    stdin: str | None = None
    tty: bool | None = None
    limits: Mapping[str, float] = field(default_factory=dict)
    answers: tuple[str, ...] = ()
    ready: str = ""
    then: tuple[Mapping[str, Any], ...] = ()
    reason: str = ""
    says: tuple[str, ...] = ()
    slow: bool = False
    bare: bool = False

    @property
    def id(self) -> str:
        return f"{self.group}-{self.name}"

    def message(self, places: Mapping[str, str]) -> dict[str, Any]:
        """The `execute` that starts it. `places` says where the canaries are."""
        message: dict[str, Any] = {"type": "execute", "language": self.language}
        args = [PLACEHOLDER.sub(lambda found: places[found[1]], arg) for arg in self.args]
        optional = {
            "code": self.code,
            "files": list(self.files) or None,
            "args": args or None,
            "stdin": self.stdin,
            "tty": self.tty,
            "limits": dict(self.limits) or None,
        }
        return message | {key: value for key, value in optional.items() if value is not None}


def load(folder: Path = CORPUS) -> tuple[Attack, ...]:
    """Every attack. TypeError names a key that does not exist or is missing."""
    return tuple(
        _attack(name, path.stem, table)
        for path in sorted(folder.glob("*.toml"))
        for name, table in tomllib.loads(path.read_text(encoding="utf-8"))["attack"].items()
    )


def _attack(name: str, group: str, table: dict[str, Any]) -> Attack:
    fields: Any = {key: tuple(v) if isinstance(v, list) else v for key, v in table.items()}
    attack = Attack(name=name, group=group, **fields)
    if (attack.code is None) == (not attack.files):
        raise TypeError(f"{attack.id} has to have either code or files")
    return attack
