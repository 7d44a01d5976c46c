"""`make chaos`: fifty sessions at any time on a whole site, while its parts are killed and cut off.

Ends with 0 and a table, or with 1 and the first difference; then the folder with all logs stays.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .mischief import KINDS
from .run import ChaosError, Options, run


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sessions", type=int, default=50, help="how many at any time")
    parser.add_argument("--round-s", type=float, default=10.0, help="how long a round is, seconds")
    parser.add_argument(
        "--only", action="append", choices=KINDS, help="a kind of mischief; may be repeated"
    )
    given = parser.parse_args(arguments)
    options = Options(given.rounds, given.seed, given.sessions, given.round_s, given.only or ())
    try:
        print(run(options, lambda text: print(text, flush=True)))
    except ChaosError as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
