"""Curves as SVG: the number of sessions from left to right, both axes logarithmic.

By hand, since one kind of plot is all that is wanted: no package is worth its weight for that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Final

from .figures import Curve

WIDTH, HEIGHT = 560, 320
LEFT, RIGHT, TOP, BOTTOM = 64, 150, 40, 44
# Told apart without colour too: by their marks.
COLOURS: Final = ("#1f6fb4", "#c4541a", "#3a8a4d", "#7a4fa3")


def write(folder: Path, curves: Sequence[Curve]) -> list[tuple[str, str]]:
    """One file for all curves of a name; the titles and the names of the files."""
    by_name: dict[str, list[Curve]] = {}
    for curve in curves:
        by_name.setdefault(curve.name, []).append(curve)
    written = []
    for name, alike in by_name.items():
        (folder / f"{name}.svg").write_text(as_svg(alike), encoding="utf-8")
        written.append((alike[0].title, f"{name}.svg"))
    return written


def as_svg(curves: Sequence[Curve]) -> str:
    """`curves` are of one figure, one for each sandbox."""
    first = curves[0]
    across = _Axis([n for curve in curves for n, _ in curve.points], LEFT, WIDTH - RIGHT)
    targets = [first.target] if first.target else []
    values = [value for curve in curves for _, value in curve.points]
    up = _Axis([*values, *targets], HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        _text(LEFT, 20, f"{first.title} ({first.unit})", size=14),
        f'<path d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}" fill="none" stroke="#444"/>',
    ]
    for n in across.marks():
        parts.append(_text(across.place(n), HEIGHT - BOTTOM + 18, f"{n:,g}", anchor="middle"))
    for value in up.marks():
        y = up.place(value)
        parts.append(_text(LEFT - 6, y + 4, f"{value:g}", anchor="end"))
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
    if first.target:
        y = up.place(first.target)
        parts.append(
            f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#444" stroke-dasharray="5 4"/>'
        )
        parts.append(_text(WIDTH - RIGHT + 6, y + 4, f"target {first.target:g}"))
    for number, curve in enumerate(curves):
        parts += _line(curve, across, up, number)
    return "\n".join([*parts, "</svg>", ""])


class _Axis:
    """Values on a logarithmic scale between two places. What is 0 or less stands at its foot."""

    def __init__(self, values: Sequence[float], begin: float, end: float) -> None:
        positive = [value for value in values if value > 0] or [1.0]
        low, high = math.log10(min(positive)), math.log10(max(positive))
        margin = 0.05 if high > low else 0.5
        self._low, self._high = low - margin, high + margin
        self._begin, self._end = begin, end

    def place(self, value: float) -> float:
        at = math.log10(value) if value > 0 else self._low
        part = (at - self._low) / (self._high - self._low)
        return self._begin + part * (self._end - self._begin)

    def marks(self) -> list[float]:
        """Powers of ten, with their doubles and fives where there are few."""
        powers = range(math.floor(self._low), math.ceil(self._high) + 1)
        for steps in ((1,), (1, 2, 5), (1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9)):
            found = [step * 10.0**power for power in powers for step in steps]
            inside = [mark for mark in found if self._low <= math.log10(mark) <= self._high]
            if len(inside) >= 3:
                break
        return inside


def _line(curve: Curve, across: _Axis, up: _Axis, number: int) -> list[str]:
    colour = COLOURS[number % len(COLOURS)]
    places = [(across.place(n), up.place(value)) for n, value in curve.points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    parts = [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>']
    parts += [_mark(x, y, number, colour) for x, y in places]
    y = TOP + 16 + 18 * number
    parts.append(_mark(WIDTH - RIGHT + 12, y - 4, number, colour))
    parts.append(_text(WIDTH - RIGHT + 22, y, curve.sandbox))
    return parts


def _mark(x: float, y: float, number: int, colour: str) -> str:
    if number % 2:
        return f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" fill="{colour}"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>'


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 12) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">'
        f"{escape(text)}</text>"
    )
