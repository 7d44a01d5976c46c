"""`make bench`: every wait of a person, beside what the bare command or a bare PTY takes.

Starts a Codr of its own for each sandbox, as `make run` would, unless `--url` names one.
"""

from __future__ import annotations

import argparse
import itertools
import os
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.stack import WARM, Stack

from . import (
    crowd,
    detection,
    echo,
    hello,
    idle,
    machine,
    neighbours,
    page,
    peers,
    rate,
    report,
    stream,
    trace,
)
from .figures import FULL, QUICK, Effort, Line, Result, Target
from .peers.measure import measure as measure_peer

Measurement = Callable[[Target, Effort], Iterator[Result]]

# The quiet ones first: what follows a flood finds the machine warm and its journals full.
MEASUREMENTS: Final[dict[str, Measurement]] = {
    "idle": idle.measure,
    "echo": echo.measure,
    "detection": detection.measure,
    "hello": hello.measure,
    "rate": rate.measure,
    "page": page.measure,
    "stream": stream.measure,
    "trace": trace.measure,
    "crowd": crowd.measure,
    "neighbours": neighbours.measure,
}
# How often one may submit is not what is measured, nor how many may come from one address: all
# that is measured comes from here.
ENVIRONMENT: Final = {
    "CODR_RATE_LIMITS": "off",
    "CODR_CONNECTIONS_PER_ADDRESS": "4000",
    # As it is by default; in other tests it is off.
    "CODR_PRECOMPILED_HEADERS": "on",
    **WARM,
}
# What a measurement needs of its Codr besides: hostile programs are to be run here.
ENVIRONMENTS: Final = {
    "trace": trace.ENVIRONMENT,
    "crowd": crowd.ENVIRONMENT,
    "neighbours": {"CODR_VALIDATION": "off"},
}
# What is the same whatever programs run in.
ONCE: Final = ("page", "trace")
SANDBOXES: Final = ("firejail", "bubblewrap")
# To measure these alone.
PEERS: Final = "peers"
BROKEN: Final = "broken"
LONGEST_REASON: Final = 300
RESULTS: Final = Path(__file__).resolve().parent / "results"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        others = [peers.parse(text) for text in options.peer]
    except ValueError as error:
        parser.error(str(error))
    names = [name for name in options.only or MEASUREMENTS if name != PEERS]
    effort = QUICK if options.quick else FULL
    _open_more_files()
    facts = machine.describe()
    for name, value in facts.items():
        print(f"{name}: {value}")
    began = time.monotonic()
    results: list[Result] = []
    took: Counter[str] = Counter()
    for target, measured in _targets(options.url, options.sandbox or SANDBOXES, names):
        for name in measured:
            results += _shown(name, target.sandbox, MEASUREMENTS[name](target, effort), took)
    for peer in others:
        results += _shown(peer.name, peer.name, measure_peer(peer, effort), took)
    facts |= machine.describe_after(time.monotonic() - began, took)
    readable, exact = report.write(options.results, facts, results, quick=options.quick)
    print(f"{report.summary(results)}; {facts['took']}; written: {readable.name}, {exact.name}")
    return int(any(isinstance(result, Line) and result.name == BROKEN for result in results))


def _shown(
    name: str, sandbox: str, measured: Iterator[Result], took: Counter[str]
) -> Iterator[Result]:
    """What cannot be measured is a line of its own: the other measurements are not lost with it."""
    began = time.monotonic()
    try:
        for result in measured:
            if text := report.as_text(result):
                print(text, flush=True)
            yield result
    except Exception as error:
        traceback.print_exc()
        why = f"{type(error).__name__}: {error}"[:LONGEST_REASON]
        yield Line(BROKEN, f"{name} could not be measured", sandbox, why, met=False)
    took[name] += round(time.monotonic() - began)


def _open_more_files() -> None:
    """A thousand clients are a thousand sockets here, and more files in what is started here."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds, to see that it works")
    parser.add_argument(
        "--only",
        action="append",
        choices=[*MEASUREMENTS, PEERS],
        help="one measurement; may be repeated",
    )
    parser.add_argument(
        "--sandbox", action="append", choices=SANDBOXES, help="one sandbox; may be repeated"
    )
    parser.add_argument("--url", help="a Codr that already runs, on this machine")
    parser.add_argument(
        "--peer", action="append", default=[], metavar="piston=http://…",
        help="another platform that runs already: piston or terminado; may be repeated",
    )  # fmt: skip
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the report goes")
    return parser


def _targets(
    url: str | None, sandboxes: Sequence[str], names: Sequence[str]
) -> Iterator[tuple[Target, list[str]]]:
    """Each is there only until the next is asked for: two at once would disturb each other."""
    if url is not None:
        yield Target(url, "as it runs"), list(names)
        return
    for sandbox in sandboxes:
        here = [name for name in names if sandbox == sandboxes[0] or name not in ONCE]
        for special, alike in itertools.groupby(here, key=lambda name: ENVIRONMENTS.get(name, {})):
            environment = {"CODR_SANDBOX": sandbox, **ENVIRONMENT, **special}
            with tempfile.TemporaryDirectory(prefix="codr-bench-") as folder:
                stack = Stack(Path(folder), environment)
                stack.start()
                try:
                    if os.geteuid() == 0:
                        stack.wait_for_headers()
                    assert stack.process is not None
                    pid, log = stack.process.pid, stack.state / "log"
                    yield Target(stack.url, sandbox, pid, log), list(alike)
                finally:
                    stack.stop()


if __name__ == "__main__":
    sys.exit(main())
