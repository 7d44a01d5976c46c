"""What was measured, for people (a table, in the terminal and as Markdown) and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from .figures import Line

HEADINGS = ("what", "sandbox", "Codr", "bare", "ratio", "target", "met")


def as_text(line: Line) -> str:
    """One line while the run goes on."""
    parts = [f"{line.what} ({line.sandbox}): {line.ours}"]
    if line.bare:
        parts.append(f"bare {line.bare}")
    if line.ratio:
        parts.append(line.ratio)
    if line.target:
        parts.append(f"target {line.target}: {_verdict(line)}")
    return " · ".join(parts)


def write(
    folder: Path, machine: Mapping[str, str], lines: Sequence[Line], *, quick: bool
) -> tuple[Path, Path]:
    """Writes `latest.md` and `latest.json`; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    readable, exact = folder / "latest.md", folder / "latest.json"
    readable.write_text(as_markdown(machine, lines, quick=quick), encoding="utf-8")
    content = {"machine": dict(machine), "quick": quick, "lines": [asdict(line) for line in lines]}
    exact.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return readable, exact


def as_markdown(machine: Mapping[str, str], lines: Sequence[Line], *, quick: bool) -> str:
    parts = ["# What `make bench` measured last", ""]
    if quick:
        parts += ["With `--quick`: too few rounds to rely on.", ""]
    parts += [f"- {name}: {value}" for name, value in machine.items()]
    parts += ["", _row(HEADINGS), _row(["---"] * len(HEADINGS))]
    for line in lines:
        parts.append(
            _row(
                (
                    line.what,
                    line.sandbox,
                    line.ours,
                    line.bare,
                    line.ratio,
                    line.target,
                    _verdict(line),
                )
            )
        )
    return "\n".join(parts) + "\n"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _verdict(line: Line) -> str:
    return {None: "", True: "yes", False: "**no**"}[line.met]
