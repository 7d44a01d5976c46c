"""A line's round trip: client, web, Redis, executor, program, and all the way back.

Twice: back to back, the next line as soon as the last came home; and as people do it, each line
only after the program asked for it (`input_request`), when everything on the way has gone idle.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from . import bare
from .client import Client
from .figures import Effort, Line, Target, median, milliseconds, percentile
from .plain.run import plain_relay

P50_TARGET_S: Final = 0.0007
P99_TARGET_S: Final = 0.0025
PROGRAM: Final = """\
import sys
for line in sys.stdin:
    print(line, end="", flush=True)
"""


def measure(target: Target, effort: Effort) -> Iterator[Line]:
    bares: list[float] = []
    plains: list[float] = []
    busy: list[float] = []
    asked: list[float] = []
    with (
        tempfile.TemporaryDirectory(prefix="codr-bench-") as folder,
        plain_relay(Path(folder), PROGRAM) as plain_url,
        bare.on_terminal([bare.PYTHON, "-c", PROGRAM]) as master,
        Client(plain_url) as plain,
        Client(target.url) as client,
    ):
        client.send({"type": "execute", "language": "python", "code": PROGRAM})
        client.wait_for("input_request")
        back_to_back(client, effort.echo_block)  # warm
        _on_plain_relay(plain, effort.echo_block)
        _bare(master, effort.echo_block)
        for _ in range(effort.echo_blocks):
            bares += _bare(master, effort.echo_block)
            plains += _on_plain_relay(plain, effort.echo_block)
            busy += back_to_back(client, effort.echo_block)
            asked += _when_asked(client, effort.echo_block // 5)
        client.send({"type": "cancel"})
        client.wait_for("complete")
    yield _line("echo", "echo of a line, back to back", target, busy, bares, judged=True)
    yield _line(
        "echo_asked", "echo of a line, sent when asked for", target, asked, bares, judged=False
    )
    yield _beside_plain(target, busy, plains)


def _beside_plain(target: Target, ours: list[float], plains: list[float]) -> Line:
    ratio = median(ours) / median(plains)
    return Line(
        name="echo_plain",
        what="the same beside a plain relay without journal, jail and watch (as bare)",
        sandbox=target.sandbox,
        ours=f"p50 {milliseconds(median(ours))}, p99 {milliseconds(percentile(ours, 99))}",
        bare=f"p50 {milliseconds(median(plains))}, p99 {milliseconds(percentile(plains, 99))}",
        ratio=f"{ratio:.2f} ×",
        target="≤ 1 ×",
        met=ratio <= 1.0,
        numbers={"plain_p50_s": median(plains), "ours_p50_s": median(ours), "ratio": ratio},
    )


def _line(
    name: str,
    what: str,
    target: Target,
    ours: list[float],
    bares: list[float],
    *,
    judged: bool,
) -> Line:
    p50, p99, bare_p50 = median(ours), percentile(ours, 99), median(bares)
    return Line(
        name=name,
        what=what,
        sandbox=target.sandbox,
        ours=f"p50 {milliseconds(p50)}, p99 {milliseconds(p99)}",
        bare=f"p50 {milliseconds(bare_p50)}, p99 {milliseconds(percentile(bares, 99))}",
        ratio=f"{p50 / bare_p50:.1f} ×",
        target=f"p50 ≤ {milliseconds(P50_TARGET_S)}, p99 ≤ {milliseconds(P99_TARGET_S)}"
        if judged
        else "",
        met=p50 <= P50_TARGET_S and p99 <= P99_TARGET_S if judged else None,
        numbers={
            "rounds": len(ours),
            "ours_p50_s": p50,
            "ours_p99_s": p99,
            "bare_p50_s": bare_p50,
            "bare_p99_s": percentile(bares, 99),
        },
    )


def back_to_back(client: Client, rounds: int) -> list[float]:
    times = [round_trip(client, f"line {n} of {rounds}") for n in range(rounds)]
    # The program waits again before anything else is measured.
    client.wait_for("input_request")
    return times


def _on_plain_relay(client: Client, rounds: int) -> list[float]:
    return [round_trip(client, f"line {n} of {rounds}") for n in range(rounds)]


def _when_asked(client: Client, rounds: int) -> list[float]:
    times = []
    for n in range(rounds):
        times.append(round_trip(client, f"answer {n} of {rounds}"))
        client.wait_for("input_request")
    return times


def round_trip(client: Client, text: str) -> float:
    wanted = text.encode()
    began = time.perf_counter()
    client.send({"type": "input_response", "data": text})
    while True:
        frame = client.receive()
        if wanted in frame:
            return time.perf_counter() - began
        if b'"complete"' in frame[:64]:
            raise RuntimeError(f"the echo ended early: {frame.decode()}")


def _bare(master: int, rounds: int) -> list[float]:
    times = []
    for n in range(rounds):
        wanted = f"line {n} of {rounds}\n".encode()
        began = time.perf_counter()
        os.write(master, wanted)
        got = b""
        while not got.endswith(wanted):
            part = bare.read(master)
            if not part:
                raise RuntimeError("the bare echo ended early")
            got += part
        times.append(time.perf_counter() - began)
    return times
