"""A lot of output through a terminal: one large stream, and very many short lines.

Every byte that arrives is compared, by its hash, with what the same program writes to a plain
pipe; a hole in `seq` or a `gap` is an error. The rate is taken from the first output event to
`complete`; the ratio compares whole runs, ours from `execute` and the bare one from its start.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pydantic_core import from_json

from . import bare
from .client import Client
from .figures import Effort, Line, Target, median, milliseconds, percentile

MIB: Final = 1 << 20
RATE_TARGET: Final = 100.0
SHORT_TARGET: Final = 1.3

# 64 KiB of lines at a time; the first has the block's number, so that no block is like another.
# Cheap to make: on the bare side the terminal is to be what takes the time.
LARGE: Final = """\
import os
line = " abcdefghijklmnopqrstuvwxyz 0123456789 ABCDEFGHIJKLMNOPQRSTUVWX"
rest = "".join("%03d" % (n % 1000) + line[3:] + "\\n" for n in range(1, 1024)).encode()
for block in range({mib} * 16):
    data = b"%063d\\n" % block + rest
    while data:
        data = data[os.write(1, data):]
"""
SHORT: Final = """\
for n in range({lines}):
    print("line", n)
"""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One run: its frames as they came, and the seconds from `execute` and from first output."""

    frames: list[bytes]
    whole_s: float
    stream_s: float


def measure(target: Target, effort: Effort) -> Iterator[Line]:
    large = run_beside_bare(target, LARGE.format(mib=effort.stream_mib), effort.stream_rounds)
    yield large.line("stream", f"{effort.stream_mib} MiB in large writes", RATE_TARGET)
    short = run_beside_bare(target, SHORT.format(lines=effort.short_lines), effort.stream_rounds)
    yield short.line("short_lines", f"{effort.short_lines:,} short lines", None, SHORT_TARGET)


@dataclass(frozen=True, slots=True)
class Streams:
    """Runs of one program here and on a bare PTY, by turns."""

    target: Target
    size: int
    bares: list[float]
    ours: list[float]
    rates: list[float]
    events: int

    @property
    def rate(self) -> float:
        """MB/s from the first output to the end."""
        return median(self.rates)

    @property
    def ratio(self) -> float:
        return median(self.ours) / median(self.bares)

    def line(
        self, name: str, what: str, rate_target: float | None, ratio_target: float | None = None
    ) -> Line:
        rate, ratio = self.rate, self.ratio
        bare_rate = self.size / 1e6 / median(self.bares)
        return Line(
            name=name,
            what=f"{what}, every byte checked, 0 lost",
            sandbox=self.target.sandbox,
            ours=f"{rate:.1f} MB/s ({milliseconds(median(self.ours))})",
            bare=f"{bare_rate:.1f} MB/s ({milliseconds(median(self.bares))})",
            ratio=f"{ratio:.2f} ×",
            target=f"≥ {rate_target:g} MB/s" if rate_target else f"≤ {ratio_target:g} ×",
            met=(rate_target is None or rate >= rate_target)
            and (ratio_target is None or ratio <= ratio_target),
            numbers={
                "rounds": len(self.ours),
                "bytes": self.size,
                "events": self.events,
                "ours_mb_s": rate,
                "bare_mb_s": bare_rate,
                "ours_p50_s": median(self.ours),
                "ours_max_s": percentile(self.ours, 100),
                "bare_p50_s": median(self.bares),
                "ratio": ratio,
                "lost_bytes": 0,
            },
        )


def run_beside_bare(target: Target, code: str, rounds: int) -> Streams:
    expected = bare.output_of(code)
    digest = hashlib.sha256(expected).digest()
    bares, ours, rates, events = [], [], [], 0
    for _ in range(rounds):
        bares.append(bare.drain_on_terminal(code))
        arrival = _run(target.url, code)
        _check(arrival.frames, len(expected), digest)
        ours.append(arrival.whole_s)
        rates.append(len(expected) / 1e6 / arrival.stream_s)
        events = len(arrival.frames)
    return Streams(target, len(expected), bares, ours, rates, events)


def _run(url: str, code: str) -> Arrival:
    frames: list[bytes] = []
    first = 0.0
    with Client(url) as client:
        began = time.perf_counter()
        client.send({"type": "execute", "language": "python", "code": code})
        while not frames or b'"complete"' not in frames[-1][:64]:
            frames.append(client.receive())
            if not first and b'"output"' in frames[-1][:64]:
                first = time.perf_counter()
        ended = time.perf_counter()
    return Arrival(frames, ended - began, ended - first)


def _check(frames: list[bytes], size: int, digest: bytes) -> None:
    """Raises where anything is missing, doubled, out of order or changed."""
    hashed, seen, last_seq = hashlib.sha256(), 0, 0
    for frame in frames:
        message = from_json(frame)
        if "seq" in message:
            if message["seq"] != last_seq + 1:
                raise RuntimeError(f"event {message['seq']} came after {last_seq}")
            last_seq = message["seq"]
        if message["type"] == "output":
            data = message["data"].encode()
            raw = base64.b64decode(data) if message.get("encoding") == "base64" else data
            seen += len(raw)
            hashed.update(raw)
    if seen != size or hashed.digest() != digest:
        raise RuntimeError(f"{seen} bytes came, not the {size} that were written: {frames[-1]!r}")
