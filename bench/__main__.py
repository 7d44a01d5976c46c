"""`make bench`: every wait of a person, beside what the bare command or a bare PTY takes.

Starts a Codr of its own for each sandbox, as `make run` would, unless `--url` names one.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.stack import Stack

from . import detection, echo, hello, machine, neighbours, page, report, stream
from .figures import FULL, QUICK, Effort, Line, Target

Measurement = Callable[[Target, Effort], Iterator[Line]]

# The quiet ones first: what follows a flood finds the machine warm and its journals full.
MEASUREMENTS: Final[dict[str, Measurement]] = {
    "echo": echo.measure,
    "detection": detection.measure,
    "hello": hello.measure,
    "page": page.measure,
    "stream": stream.measure,
    "neighbours": neighbours.measure,
}
# What a measurement needs of its Codr besides the sandbox: hostile programs are to be run here.
ENVIRONMENTS: Final = {"neighbours": {"CODR_VALIDATION": "off"}}
SANDBOXES: Final = ("firejail", "bubblewrap")
RESULTS: Final = Path(__file__).resolve().parent.parent / "var" / "bench"


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    names = options.only or list(MEASUREMENTS)
    effort = QUICK if options.quick else FULL
    facts = machine.describe()
    for name, value in facts.items():
        print(f"{name}: {value}")
    began = time.monotonic()
    lines: list[Line] = []
    for target, measured in _targets(options.url, options.sandbox or SANDBOXES, names):
        for name in measured:
            for line in MEASUREMENTS[name](target, effort):
                print(report.as_text(line), flush=True)
                lines.append(line)
    readable, exact = report.write(options.results, facts, lines, quick=options.quick)
    print(f"{time.monotonic() - began:.0f} s; written: {readable.name} and {exact.name}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds, to see that it works")
    parser.add_argument(
        "--only", action="append", choices=MEASUREMENTS, help="one measurement; may be repeated"
    )
    parser.add_argument(
        "--sandbox", action="append", choices=SANDBOXES, help="one sandbox; may be repeated"
    )
    parser.add_argument("--url", help="a Codr that already runs, on this machine")
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
        for special, alike in itertools.groupby(names, key=lambda name: ENVIRONMENTS.get(name, {})):
            # How often one may submit is not what is measured.
            environment = {"CODR_SANDBOX": sandbox, "CODR_RATE_LIMITS": "off", **special}
            with tempfile.TemporaryDirectory(prefix="codr-bench-") as folder:
                stack = Stack(Path(folder), environment)
                stack.start()
                try:
                    assert stack.process is not None
                    yield Target(stack.url, sandbox, stack.process.pid), list(alike)
                finally:
                    stack.stop()


if __name__ == "__main__":
    sys.exit(main())
