"""How long after a program blocks on its input the client is told so.

The program puts the clock into its prompt just before it blocks; the client reads the same clock
when `input_request` is there. Same machine, same clock (CLOCK_MONOTONIC); so only where server and
bench are one machine.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Final

from .client import Client
from .figures import Effort, Line, Target, median, milliseconds, percentile

P50_TARGET_S: Final = 0.005
P99_TARGET_S: Final = 0.025
# What a program does between two questions, so that not only one phase of the watch is seen.
LONGEST_WORK_S: Final = 0.06
PROGRAM: Final = """\
import time
while True:
    time.sleep(float(input(f"{time.monotonic_ns()} ")))
"""


def measure(target: Target, effort: Effort) -> Iterator[Line]:
    delays = delays_of(target.url, effort.detection_rounds)
    p50, p99 = median(delays), percentile(delays, 99)
    yield Line(
        name="detection",
        what="from blocking on input to `input_request` at the client",
        sandbox=target.sandbox,
        ours=f"p50 {milliseconds(p50)}, p99 {milliseconds(p99)}",
        target=f"p50 ≤ {milliseconds(P50_TARGET_S)}, p99 ≤ {milliseconds(P99_TARGET_S)}",
        met=p50 <= P50_TARGET_S and p99 <= P99_TARGET_S,
        numbers={"rounds": len(delays), "ours_p50_s": p50, "ours_p99_s": p99},
    )


def delays_of(url: str, rounds: int) -> list[float]:
    """Seconds of each; a session of its own."""
    chance = random.Random(1)  # the same rounds each time
    delays = []
    with Client(url) as client:
        client.send({"type": "execute", "language": "python", "code": PROGRAM})
        for n in range(rounds + 1):
            asked = client.wait_for("input_request")
            now = time.monotonic_ns()
            if n:  # the first one also waited for the interpreter
                delays.append((now - int(asked["prompt"])) / 1e9)
            # Half of the answers are followed by the next question at once.
            work = chance.choice([0.0, chance.uniform(0.0, LONGEST_WORK_S)])
            client.send({"type": "input_response", "data": f"{work:.4f}"})
        client.send({"type": "cancel"})
        client.wait_for("complete")
    return delays
