"""What was measured: for people in the terminal and as Markdown with plots, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from . import plots
from .figures import Curve, Line, Result, Table

HEADINGS = ("what", "sandbox", "Codr", "bare", "ratio", "target", "verdict")


def as_text(result: Result) -> str:
    """While the run goes on; "" for what is better looked at in the report."""
    if isinstance(result, Curve):
        return ""
    if isinstance(result, Table):
        return "\n".join([f"{result.title} ({result.sandbox})", *map("  ".join, result.rows)])
    parts = [f"{result.what} ({result.sandbox}): {result.ours}"]
    if result.bare:
        parts.append(f"bare {result.bare}")
    if result.ratio:
        parts.append(result.ratio)
    if result.target:
        parts.append(f"target {result.target}: {_verdict(result)}")
    return " · ".join(parts)


def summary(results: Sequence[Result]) -> str:
    judged = [line for line in results if isinstance(line, Line) and line.met is not None]
    return f"{sum(bool(line.met) for line in judged)} of {len(judged)} targets met"


def write(
    folder: Path, machine: Mapping[str, str], results: Sequence[Result], *, quick: bool
) -> tuple[Path, Path]:
    """Writes `latest.md`, `latest.json` and the plots; returns the paths of the first two."""
    folder.mkdir(parents=True, exist_ok=True)
    readable, exact = folder / "latest.md", folder / "latest.json"
    curves = [result for result in results if isinstance(result, Curve)]
    for result in results:
        if isinstance(result, Table) and result.picture:
            (folder / f"{result.name}.svg").write_text(result.picture, encoding="utf-8")
    text = as_markdown(machine, results, plots.write(folder, curves), quick=quick)
    readable.write_text(text, encoding="utf-8")
    content = {
        "machine": dict(machine),
        "quick": quick,
        "lines": [asdict(result) for result in results if isinstance(result, Line)],
        "curves": [asdict(curve) for curve in curves],
        "tables": [
            asdict(replace(result, picture="")) for result in results if isinstance(result, Table)
        ],
    }
    exact.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return readable, exact


def as_markdown(
    machine: Mapping[str, str],
    results: Sequence[Result],
    drawn: Sequence[tuple[str, str]],
    *,
    quick: bool,
) -> str:
    """`drawn`: the titles of the plots, and their files beside the report."""
    parts = ["# What `make bench` measured last", "", f"**{summary(results)}.**", ""]
    if quick:
        parts += ["With `--quick`: too few rounds to rely on.", ""]
    parts += [f"- {name}: {value}" for name, value in machine.items()]
    rows = [_cells(result) for result in results if isinstance(result, Line)]
    parts += ["", *_table(HEADINGS, rows)]
    for table in results:
        if isinstance(table, Table):
            parts += ["", f"## {table.title} ({table.sandbox})", ""]
            if table.picture:
                parts += [f"![{table.title}]({table.name}.svg)", ""]
            parts += [*_table(table.headings, table.rows), "", table.note]
    if drawn:
        parts += ["", "## Curves", ""]
        for title, file in drawn:
            parts += [f"![{title}]({file})", ""]
        parts += _curve_table([result for result in results if isinstance(result, Curve)])
    return "\n".join(parts).rstrip() + "\n"


def _curve_table(curves: Sequence[Curve]) -> list[str]:
    """All curves as numbers, for who reads where no pictures are shown."""
    sizes = sorted({size for curve in curves for size, _ in curve.points})
    rows = []
    for curve in curves:
        values = dict(curve.points)
        cells = [f"{values[size]:.3g}" if size in values else "" for size in sizes]
        rows.append([f"{curve.title} ({curve.unit})", curve.sandbox, *cells])
    return _table(["what", "sandbox", *(f"{size:,}" for size in sizes)], rows)


def _cells(line: Line) -> Sequence[str]:
    return (
        line.what,
        line.sandbox,
        line.ours,
        line.bare,
        line.ratio,
        line.target,
        _verdict(line),
    )


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [_row(headings), _row(["---"] * len(headings)), *map(_row, rows)]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _verdict(line: Line) -> str:
    return {None: "", True: "met", False: "**missed**"}[line.met]
