"""One job's way as a picture: a row for each process, a bar for what led to each of its steps.

As a flame graph reads, time is width and nothing else; the table beside it has the words.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from .figures import Table

WIDTH, ROW, LEFT, RIGHT, TOP = 900, 30, 90, 16, 40
BAR: Final = 22
COLOURS: Final = ("#e8a33d", "#d9673c", "#c9483b", "#b98a2f", "#8f5a3c", "#e07b52")
# Of the bars that have room for their words; pointing at any bar shows them.
CHARACTER: Final = 6.2


def as_svg(table: Table, steps: Sequence[tuple[str, float]]) -> str:
    """`steps`: "process: what it has done", and when, in milliseconds, in order."""
    processes = list(dict.fromkeys(step.partition(": ")[0] for step, _ in steps))
    whole = max(at for _, at in steps) or 1.0
    scale = (WIDTH - LEFT - RIGHT) / whole
    height = TOP + ROW * len(processes) + 28
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
        ' font-family="sans-serif" font-size="11">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        f'<text x="{LEFT}" y="22" font-size="14">{escape(table.title)} ({table.sandbox})</text>',
    ]
    for number, process in enumerate(processes):
        parts.append(f'<text x="8" y="{TOP + ROW * number + 16}">{escape(process)}</text>')
    before = 0.0
    for step, at in steps:
        process, _, what = step.partition(": ")
        number = processes.index(process)
        x, y, width = LEFT + before * scale, TOP + ROW * number, (at - before) * scale
        shown = what if len(what) * CHARACTER < width - 6 else ""
        parts.append(
            f"<g><title>{escape(step)}: {at - before:.2f} ms, at {at:.2f} ms</title>"
            f'<rect x="{x:.1f}" y="{y}" width="{max(width, 1):.1f}" height="{BAR}"'
            f' fill="{COLOURS[number % len(COLOURS)]}"/>'
            f'<text x="{x + 3:.1f}" y="{y + 15}">{escape(shown)}</text></g>'
        )
        before = at
    parts.append(f'<text x="{LEFT}" y="{height - 10}">0</text>')
    parts.append(
        f'<text x="{WIDTH - RIGHT}" y="{height - 10}" text-anchor="end">{whole:.1f} ms</text>'
    )
    return "\n".join([*parts, "</svg>", ""])
