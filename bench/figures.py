"""What a measurement hands back, and the little arithmetic it needs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Numbers = Mapping[str, float | int | str]


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured. A count, but for names that say another unit.

    What takes turns with a slow bare command also ends when its seconds are over (`rounds`), so
    that all of `make bench` takes less than ten minutes on a slow machine too.
    """

    hello_rounds: int
    hello_s: float
    compiled_rounds: int
    compiled_s: float
    again_rounds: int
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
    # Clients that each send one hello world after the other: those with a target, and others.
    rate_clients: Sequence[int]
    rate_curve: Sequence[int]
    rate_s: float
    rate_bare_jobs: int
    # Sessions open at once; at each number everything is measured again, for less long.
    crowds: Sequence[int]
    crowd_echoes: int
    crowd_detections: int
    crowd_hellos: int
    crowd_stream_mib: int
    crowd_lines: int
    # The CPU of the whole crowd and of none, which are judged, is watched for longer.
    crowd_watch_s: float
    crowd_glance_s: float
    idle_settle_s: float
    idle_watch_s: float
    traced_jobs: int


FULL = Effort(
    hello_rounds=100,
    hello_s=8.0,
    compiled_rounds=7,
    compiled_s=4.5,
    again_rounds=8,
    echo_blocks=8,
    echo_block=100,
    stream_rounds=3,
    stream_mib=64,
    short_lines=200_000,
    detection_rounds=150,
    neighbour_blocks=2,
    neighbour_echoes=200,
    neighbour_hellos=6,
    page_loads=5,
    page_flood_mib=10,
    rate_clients=(4, 16, 64),
    rate_curve=(1, 10, 100, 1000),
    rate_s=2.5,
    rate_bare_jobs=200,
    crowds=(1, 10, 100, 1000),
    crowd_echoes=300,
    crowd_detections=30,
    crowd_hellos=8,
    crowd_stream_mib=16,
    crowd_lines=50_000,
    crowd_watch_s=4.0,
    crowd_glance_s=1.5,
    idle_settle_s=2.0,
    idle_watch_s=8.0,
    traced_jobs=15,
)
QUICK = Effort(
    hello_rounds=3,
    hello_s=10.0,
    compiled_rounds=1,
    compiled_s=10.0,
    again_rounds=1,
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
    rate_clients=(2, 4),
    rate_curve=(1, 8),
    rate_s=0.5,
    rate_bare_jobs=10,
    crowds=(1, 4),
    crowd_echoes=10,
    crowd_detections=3,
    crowd_hellos=1,
    crowd_stream_mib=1,
    crowd_lines=1000,
    crowd_watch_s=0.5,
    crowd_glance_s=0.2,
    idle_settle_s=0.5,
    idle_watch_s=1.0,
    traced_jobs=2,
)
# So many rounds are measured however long they take.
LEAST_ROUNDS = 3


def rounds(count: int, within_s: float) -> Iterator[int]:
    """0, 1, 2 … `count - 1`, and no more once the time is over."""
    until = time.monotonic() + within_s
    for n in range(count):
        if n >= LEAST_ROUNDS and time.monotonic() > until:
            return
        yield n


@dataclass(frozen=True, slots=True)
class Target:
    """What is measured: a running Codr and the name of what its programs run in.

    `pid` is the process that started it, and `log` what it writes, where that was us.
    """

    url: str
    sandbox: str
    pid: int | None = None
    log: Path | None = None


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


@dataclass(frozen=True, slots=True)
class Curve:
    """How one figure grows with the number of sessions; all of one `name` share a plot."""

    name: str
    title: str
    unit: str
    sandbox: str
    # The number of sessions, and the figure.
    points: Sequence[tuple[int, float]]
    target: float | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Something that does not fit into one line, such as where the time of one job goes."""

    name: str
    title: str
    sandbox: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    # A picture of the same, as SVG.
    picture: str = ""


Result = Line | Curve | Table


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
