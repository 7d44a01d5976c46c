"""The measurements that a peer can be put through, beside the same bare commands."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Final

from bench import bare, stream, usage
from bench.figures import Effort, Line, median, milliseconds, percentile, rounds
from bench.programs import PYTHON_HELLO, Program

from .terminal import Peer, Terminal

ECHO: Final = "import sys\nfor line in sys.stdin:\n    print(line, end='', flush=True)\n"
ASK: Final = "print('Hello,', input())\n"
# As many open a session at once.
AT_ONCE: Final = 16


def measure(peer: Peer, effort: Effort) -> Iterator[Line]:
    for program in peer.programs:
        yield _hello_line(peer, effort, program)
    for clients in effort.rate_clients:
        yield _rate_line(peer, effort, clients)
    yield _echo_line(peer, effort)
    large = stream.LARGE.format(mib=effort.stream_mib)
    yield _stream_line(peer, effort, "stream", f"{effort.stream_mib} MiB in large writes", large)
    short = stream.SHORT.format(lines=effort.short_lines)
    yield _stream_line(peer, effort, "short_lines", f"{effort.short_lines:,} short lines", short)
    yield _open_line(peer, effort)


def _hello_line(peer: Peer, effort: Effort, program: Program) -> Line:
    count = effort.compiled_rounds if program.compile else effort.hello_rounds
    within_s = effort.compiled_s if program.compile else effort.hello_s
    peer.hello(program)
    theirs, bares = [], []
    for _ in rounds(count, within_s):
        bares.append(bare.compile_and_run(program))
        theirs.append(peer.hello(program))
    return _times_line(peer, f"hello_{program.name}", f"{program.title} hello world", theirs, bares)


def _rate_line(peer: Peer, effort: Effort, clients: int) -> Line:
    began = time.perf_counter()
    until = began + effort.rate_s

    def client(_: int) -> list[float]:
        times = []
        while time.perf_counter() < until:
            times.append(peer.hello(PYTHON_HELLO))
        return times

    with usage.OwnShare() as own, ThreadPoolExecutor(clients) as threads:
        times = [took for each in threads.map(client, range(clients)) for took in each]
    rate = len(times) / (time.perf_counter() - began)
    bare_rate = bare.jobs_per_second(PYTHON_HELLO, effort.rate_bare_jobs)
    return Line(
        name=f"{peer.name}_rate_{clients}",
        what=f"Python hello worlds in a second, {clients} clients (bare: on all cores)",
        sandbox=peer.name,
        ours=f"{rate:.1f}/s, p50 {milliseconds(median(times))}, p99"
        f" {milliseconds(percentile(times, 99))} (clients {own})",
        bare=f"{bare_rate:.1f}/s",
        ratio=f"{rate / bare_rate:.2f} ×",
        numbers={"jobs_per_s": rate, "bare_jobs_per_s": bare_rate, "ratio": rate / bare_rate},
    )


def _echo_line(peer: Peer, effort: Effort) -> Line:
    count = effort.echo_block * effort.echo_blocks
    with peer.open(ECHO) as terminal:
        _echoes(terminal, effort.echo_block)  # warm
        times = _echoes(terminal, count)
    return _times_line(peer, "echo", "echo of a line, back to back", times, [])


def _echoes(terminal: Terminal, count: int) -> list[float]:
    times = []
    for n in range(count):
        wanted = f"line {n} of {count}\n"
        began = time.perf_counter()
        terminal.write(wanted)
        got = ""
        while wanted not in got:
            said = terminal.read()
            if said is None:
                raise RuntimeError(f"the echo ended early, after {n} lines")
            got += said
        times.append(time.perf_counter() - began)
    return times


def _stream_line(peer: Peer, effort: Effort, name: str, what: str, code: str) -> Line:
    expected = bare.output_of(code).decode()
    theirs, bares, differing = [], [], 0
    for _ in range(effort.stream_rounds):
        bares.append(bare.drain_on_terminal(code))
        began = time.perf_counter()
        with peer.open(code) as terminal:
            said = [terminal.rest(), *_all_of(terminal)]
        theirs.append(time.perf_counter() - began)
        differing += "".join(said) != expected
    rate, bare_rate = (len(expected) / 1e6 / median(times) for times in (theirs, bares))
    return Line(
        name=f"{peer.name}_{name}",
        what=f"{what}, from the start of the program",
        sandbox=peer.name,
        ours=f"{rate:.1f} MB/s ({milliseconds(median(theirs))}), {differing} of {len(theirs)} with"
        " other bytes than were written",
        bare=f"{bare_rate:.1f} MB/s ({milliseconds(median(bares))})",
        ratio=f"{median(theirs) / median(bares):.2f} ×",
        numbers={"mb_s": rate, "bare_mb_s": bare_rate, "differing": differing},
    )


def _all_of(terminal: Terminal) -> Iterator[str]:
    while (said := terminal.read()) is not None:
        yield said


def _open_line(peer: Peer, effort: Effort) -> Line:
    """Sessions that all wait for a line at once, and all get it."""
    count = effort.crowds[-1]
    available, began = usage.available_bytes(), time.perf_counter()
    with ExitStack() as ending, ThreadPoolExecutor(AT_ONCE) as threads:
        terminals = [
            ending.enter_context(terminal)
            for terminal in threads.map(lambda _: peer.open(ASK), range(count))
        ]
        open_s = time.perf_counter() - began
        each = (available - usage.available_bytes()) / count / 1e6
        good = sum(threads.map(_answers, terminals, range(count)))
    return Line(
        name=f"{peer.name}_open",
        what=f"{count:,} sessions, from the first to the last that runs",
        sandbox=peer.name,
        ours=f"{open_s:.1f} s, {good:,} answered at the end, the host has {each:.1f} MB less for"
        " each",
        numbers={"sessions": count, "open_s": open_s, "answered": good, "host_mb_each": each},
    )


def _answers(terminal: Terminal, number: int) -> bool:
    terminal.write(f"number {number}\n")
    return "".join([terminal.rest(), *_all_of(terminal)]) == f"Hello, number {number}\n"


def _times_line(peer: Peer, name: str, what: str, theirs: list[float], bares: list[float]) -> Line:
    p50, p99 = median(theirs), percentile(theirs, 99)
    numbers = {"rounds": len(theirs), "p50_s": p50, "p99_s": p99}
    if bares:
        numbers |= {"bare_p50_s": median(bares), "ratio": p50 / median(bares)}
    return Line(
        name=f"{peer.name}_{name}",
        what=what,
        sandbox=peer.name,
        ours=f"p50 {milliseconds(p50)}, p99 {milliseconds(p99)}",
        bare=milliseconds(median(bares)) if bares else "",
        ratio=f"{p50 / median(bares):.2f} ×" if bares else "",
        numbers=numbers,
    )
