"""What a measurement hands back, and the little arithmetic it needs."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Numbers = Mapping[str, float | int | str]


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured. Everything here is a count but what is in MiB."""

    hello_rounds: int
    compiled_rounds: int
    echo_blocks: int
    echo_block: int
    stream_rounds: int
    stream_mib: int
    short_lines: int
    detection_rounds: int
    neighbour_blocks: int
    neighbour_echoes: int
    neighbour_hellos: int
    page_loads: int
    page_flood_mib: int


FULL = Effort(
    hello_rounds=25,
    compiled_rounds=9,
    echo_blocks=12,
    echo_block=100,
    stream_rounds=4,
    stream_mib=64,
    short_lines=200_000,
    detection_rounds=200,
    neighbour_blocks=4,
    neighbour_echoes=250,
    neighbour_hellos=8,
    page_loads=7,
    page_flood_mib=10,
)
QUICK = Effort(
    hello_rounds=3,
    compiled_rounds=1,
    echo_blocks=2,
    echo_block=25,
    stream_rounds=1,
    stream_mib=4,
    short_lines=10_000,
    detection_rounds=10,
    neighbour_blocks=2,
    neighbour_echoes=100,
    neighbour_hellos=2,
    page_loads=2,
    page_flood_mib=2,
)


@dataclass(frozen=True, slots=True)
class Target:
    """What is measured: a running Codr and the name of what its programs run in.

    `pid` is the process that started it, where that was us.
    """

    url: str
    sandbox: str
    pid: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the report. `met` is None where there is no target; `numbers` is for the JSON."""

    name: str
    what: str
    sandbox: str
    ours: str
    bare: str = ""
    ratio: str = ""
    target: str = ""
    met: bool | None = None
    numbers: Numbers = field(default_factory=dict)


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that `percent` of all are not above (nearest rank)."""
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * percent // 100))
    return ordered[int(rank) - 1]


def milliseconds(seconds: float) -> str:
    value = seconds * 1000
    return (
        f"{value:.2f} ms" if value < 10 else f"{value:.1f} ms" if value < 100 else f"{value:.0f} ms"
    )
