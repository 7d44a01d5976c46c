"""Hello worlds in a second: clients that each send one after the other, beside the bare command run
as fast as all cores can.

A client opens a socket for each job, as one socket has one job. Its clock runs from `execute` to
`complete`; the rate counts what ends between a fifth of the time and its end, when all are busy.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import uvloop
from pydantic_core import from_json

from . import bare
from .figures import Curve, Effort, Line, Result, Target, median, milliseconds, percentile
from .programs import PYTHON_HELLO
from .sessions import SessionError, open_session, output_of
from .usage import OwnShare

# Of the bare command's rate.
RATE_TARGETS: Final = {"firejail": 0.38, "bubblewrap": 0.55}
TAIL_TARGET: Final = 2.0
STEADY_TARGET: Final = 0.9
# So much of the time passes before anything counts.
RAMP: Final = 0.2


@dataclass(slots=True)
class Load:
    """What so many clients saw. Times in seconds."""

    clients: int
    times: list[float] = field(default_factory=list)
    # When each of them ended.
    ends: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    rate: float = 0.0
    clients_share: float = 0.0

    @property
    def p50(self) -> float:
        return median(self.times)

    @property
    def p99(self) -> float:
        return percentile(self.times, 99)


def measure(target: Target, effort: Effort) -> Iterator[Result]:
    bares = [_bare(effort)]
    loads: dict[int, Load] = {}
    for clients in sorted({*effort.rate_clients, *effort.rate_curve}):
        loads[clients] = load = drive(target.url, clients, effort.rate_s)
        if clients in effort.rate_clients:
            bares.append(_bare(effort))
            yield _line(target, load, median(bares))
    few, many = (loads[clients] for clients in (effort.rate_clients[0], effort.rate_clients[-1]))
    yield _steady_line(target, few, many)
    yield from curves(target, list(loads.values()))


def curves(target: Target, loads: list[Load]) -> Iterator[Curve]:
    rates = [(load.clients, load.rate) for load in loads]
    yield Curve("rate", "hello worlds in a second, by clients", "jobs/s", target.sandbox, rates)
    times = [(load.clients, load.p50 * 1000) for load in loads]
    yield Curve("rate_p50", "hello world p50, by clients", "ms", target.sandbox, times)


def _bare(effort: Effort) -> float:
    return bare.jobs_per_second(PYTHON_HELLO, effort.rate_bare_jobs)


def drive(url: str, clients: int, seconds: float) -> Load:
    load = Load(clients)
    with OwnShare() as own:
        uvloop.run(_drive(url, load, seconds))
    load.clients_share = own.share
    if not load.times:
        raise RuntimeError(f"none of {clients} clients had its job done: {load.failures}")
    return load


async def _drive(url: str, load: Load, seconds: float) -> None:
    began = time.perf_counter()
    until = began + seconds
    async with asyncio.TaskGroup() as group:
        for _ in range(load.clients):
            group.create_task(_client(url, load, until))
    # What began in time is waited for, which may take longer than the rest did.
    counted = [end for end in load.ends if began + RAMP * seconds < end <= until]
    if load.clients > len(counted):  # each has had one turn at most: the whole is what is known
        load.rate = len(load.ends) / (max(load.ends, default=until) - began)
    else:
        load.rate = len(counted) / ((1 - RAMP) * seconds)


async def _client(url: str, load: Load, until: float) -> None:
    while time.perf_counter() < until:
        try:
            await _job(url, load)
        except (SessionError, OSError, TimeoutError) as error:
            load.failures[f"{type(error).__name__} {error}"] += 1
            await asyncio.sleep(0.1)  # a server that refuses is not to be asked a thousand times


async def _job(url: str, load: Load) -> None:
    session = await open_session(url)
    try:
        code, expected = PYTHON_HELLO.new()
        began = time.perf_counter()
        session.send({"type": "execute", "language": "python", "code": code})
        last = from_json(await session.until("complete", "error"))
        ended = time.perf_counter()
        good = last.get("status") == "completed" and last["exit_code"] == 0
        if not good or output_of(session.frames) != expected:
            raise SessionError(f"ended with {last}")
        load.times.append(ended - began)
        load.ends.append(ended)
    finally:
        session.close()


def _line(target: Target, load: Load, bare_rate: float) -> Line:
    wanted = RATE_TARGETS.get(target.sandbox)
    ratio, tail = load.rate / bare_rate, load.p99 / load.p50
    failed = load.failures.total()
    met = wanted is None or ratio >= wanted
    return Line(
        name=f"rate_{load.clients}",
        what=f"Python hello worlds in a second, {load.clients} clients (bare: on all cores)",
        sandbox=target.sandbox,
        ours=f"{load.rate:.1f}/s, {failed} failed, p50 {milliseconds(load.p50)}, p99"
        f" {milliseconds(load.p99)} (clients {load.clients_share:.0%} of a core)"
        + "".join(f"; {count} × {why}" for why, count in load.failures.most_common(2)),
        bare=f"{bare_rate:.1f}/s",
        ratio=f"{ratio:.2f} ×, p99 {tail:.2f} × p50",
        target=(f"≥ {wanted:g} ×, " if wanted else "") + f"0 failed, p99 ≤ {TAIL_TARGET:g} × p50",
        met=met and failed == 0 and tail <= TAIL_TARGET,
        numbers={
            "clients": load.clients,
            "jobs": len(load.times),
            "failed": failed,
            "jobs_per_s": load.rate,
            "bare_jobs_per_s": bare_rate,
            "ratio": ratio,
            "p50_s": load.p50,
            "p99_s": load.p99,
            "clients_cpu_share": load.clients_share,
        },
    )


def _steady_line(target: Target, few: Load, many: Load) -> Line:
    ratio = many.rate / few.rate
    return Line(
        name="rate_steady",
        what=f"the rate with {many.clients} clients beside that with {few.clients} (as bare)",
        sandbox=target.sandbox,
        ours=f"{many.rate:.1f}/s",
        bare=f"{few.rate:.1f}/s",
        ratio=f"{ratio:.2f} ×",
        target=f"≥ {STEADY_TARGET:g} ×",
        met=ratio >= STEADY_TARGET,
        numbers={"ratio": ratio},
    )
