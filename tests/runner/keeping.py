"""Programs that are compiled once, and how a test sees whether they were compiled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from executor_app.protocol import FinalStatus
from executor_app.runner import compiled
from executor_app.runner.compiled import CompiledPrograms
from executor_app.runner.host import Host
from executor_app.runner.spec import RunSpec
from tests.runner.driver import hold, spec

MIB = 1 << 20
ADA = "user:1"
BOB = "user:2"

ECHO = """
#include <stdio.h>
int main(int count, char **args) {
    int unused, letter;
    while ((letter = getchar()) != EOF) putchar(letter);
    return count - 1;
}
"""
HELLO = {
    "c": '#include <stdio.h>\nint main(void) { puts("Hello"); }\n',
    "cpp": '#include <iostream>\nint main() { std::cout << "Hello\\n"; }\n',
    "rust": 'fn main() { println!("Hello"); }\n',
}


def opened(
    host: Host, folder: Path, most_bytes: int = 64 * MIB, domain: compiled.Domain = "owner"
) -> CompiledPrograms:
    return CompiledPrograms.open(
        folder / "compiled", most_bytes, domain, sandbox=host.sandbox, ground=host.ground
    )


def entries(host: Host) -> list[Path]:
    assert host.compiled is not None
    return [path for path in host.compiled.store.folder.rglob("*") if not path.is_dir()]


def echo(owner: str = ADA, said: str = "hi", **fields: Any) -> RunSpec:
    return spec("c", ECHO, stdin=said.encode(), owner=owner, **fields)


async def was_compiled(host: Host, job: RunSpec, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Runs it to its end, and says whether a compiler did."""
    names: list[str] = []
    make = Host.make_cgroup

    def make_cgroup(self: Host, name: str) -> Any:
        names.append(name)
        return make(self, name)

    with monkeypatch.context() as patched:
        patched.setattr(Host, "make_cgroup", make_cgroup)
        talk = await hold(host, job)
    assert talk.complete.status is FinalStatus.COMPLETED, talk.events
    return f"{job.job_id}.compile" in names


Compiles = Callable[[RunSpec], Any]
