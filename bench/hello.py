"""Hello world: `execute` sent to `complete` received, beside the bare compile and run.

Each round runs a program that nobody has seen before, here and there by turns. And the other case:
the same program once more, with other input.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from . import bare
from .client import Client
from .figures import Effort, Line, Target, median, milliseconds, percentile, rounds
from .programs import AGAINS, HELLOS, Program

AGAIN_TARGET_S: Final = 0.015


@dataclass(frozen=True, slots=True)
class Goal:
    """How many times the bare command's median a median, and the 99th percentile, may take."""

    p50: float
    p99: float | None = None


GOALS: Final = {
    "python": Goal(1.0, 2.5),
    "javascript": Goal(1.0),
    "c": Goal(1.15),
    "cpp": Goal(0.8),
    "cpp_bits": Goal(0.8),
    "rust": Goal(1.15),
}


def measure(target: Target, effort: Effort) -> Iterator[Line]:
    for program in HELLOS:
        yield _first_runs(target, effort, program)
    for program in AGAINS:
        yield _runs_again(target, effort, program)


def _first_runs(target: Target, effort: Effort, program: Program) -> Line:
    count = effort.compiled_rounds if program.compile else effort.hello_rounds
    within_s = effort.compiled_s if program.compile else effort.hello_s
    hello(target.url, program)  # the first of each may pay for what the others find warm
    bare.compile_and_run(program)
    bares, ours = [], []
    for _ in rounds(count, within_s):
        bares.append(bare.compile_and_run(program))
        ours.append(hello(target.url, program))
    goal = GOALS[program.name]
    p50, p99 = median(ours), percentile(ours, 99)
    bare_p50, bare_p99 = median(bares), percentile(bares, 99)
    met = p50 <= goal.p50 * bare_p50 and (goal.p99 is None or p99 <= goal.p99 * bare_p50)
    return Line(
        name=f"hello_{program.name}",
        what=f"{program.title} hello world, {'first run' if program.compile else 'new each time'}",
        sandbox=target.sandbox,
        ours=f"p50 {milliseconds(p50)}, p99 {milliseconds(p99)}",
        bare=f"p50 {milliseconds(bare_p50)}, p99 {milliseconds(bare_p99)}",
        ratio=f"{p50 / bare_p50:.2f} ×, p99 {p99 / bare_p50:.2f} × bare p50",
        target=f"p50 ≤ {goal.p50:g} ×" + (f", p99 ≤ {goal.p99:g} ×" if goal.p99 else ""),
        met=met,
        numbers={
            "language": program.language_name,
            "rounds": len(ours),
            "ours_p50_s": p50,
            "ours_p99_s": p99,
            "bare_p50_s": bare_p50,
            "bare_p99_s": bare_p99,
            "ratio": p50 / bare_p50,
            "p99_ratio": p99 / bare_p50,
        },
    )


def _runs_again(target: Target, effort: Effort, program: Program) -> Line:
    code, text = program.new()
    text = text.split()[1]  # the program says its number and then what it was given
    ours, bares = [], []
    with tempfile.TemporaryDirectory(prefix="codr-bench-") as folder:
        Path(folder, program.file_name).write_text(code)
        bare.compile(program, folder)
        _execute(target.url, program, code, f"{text} 0\n", "0\n")
        for n in range(1, effort.again_rounds + 1):
            began = time.perf_counter()
            bare.run([f"{folder}/program"], f"{n}\n".encode())
            bares.append(time.perf_counter() - began)
            ours.append(_execute(target.url, program, code, f"{text} {n}\n", f"{n}\n"))
    p50, p99 = median(ours), percentile(ours, 99)
    return Line(
        name=f"again_{program.name}",
        what=f"{program.title}: the same program again, with other input (bare: compiled before)",
        sandbox=target.sandbox,
        ours=f"p50 {milliseconds(p50)}, p99 {milliseconds(p99)}",
        bare=milliseconds(median(bares)),
        target=f"p50 ≤ {milliseconds(AGAIN_TARGET_S)}",
        met=p50 <= AGAIN_TARGET_S,
        numbers={
            "rounds": len(ours),
            "ours_p50_s": p50,
            "ours_p99_s": p99,
            "bare_p50_s": median(bares),
        },
    )


def hello(url: str, program: Program) -> float:
    """Seconds from `execute` to `complete`, on a socket that was already open."""
    code, expected = program.new()
    return _execute(url, program, code, expected)


def _execute(
    url: str, program: Program, code: str, expected: str, stdin: str | None = None
) -> float:
    order: dict[str, Any] = {"type": "execute", "language": program.language_name, "code": code}
    if stdin is not None:
        order["stdin"] = stdin
    output = ""
    with Client(url) as client:
        began = time.perf_counter()
        client.send(order)
        for message in client.messages():
            if message["type"] == "output" and message["stage"] == "run":
                output += message["data"]
            elif message["type"] == "error":
                raise RuntimeError(f"{program.title}: {message}")
            elif message["type"] == "complete":
                break
        took = time.perf_counter() - began
    if output != expected or message["exit_code"] != 0:
        raise RuntimeError(f"{program.title} said {output!r} and ended with {message}")
    return took
