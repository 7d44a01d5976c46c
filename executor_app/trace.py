"""When a job passed each step of its way, for who asks where its time goes. Off by default.

With `CODR_TRACE=on` every process writes one line to its log for each step, with CLOCK_MONOTONIC in
nanoseconds: all processes of one host read the same clock. `make bench ARGS="--only trace"` puts
the lines of a job together. Off, a step costs one look at a logger's level.
"""

from __future__ import annotations

import logging
import time
from typing import Final

LOGGER: Final = "codr.trace"
logger = logging.getLogger(LOGGER)


def mark(job_id: str, step: str, *, seq: int = 0, at_ns: int | None = None) -> None:
    """The job has come to `step`, now or at a time that was read before its id was known.

    `seq`: of the last event that a step is about; 0 where it is about none.
    """
    if logger.isEnabledFor(logging.DEBUG):
        logger.debug("%s %d %d %s", job_id, at_ns or time.monotonic_ns(), seq, step)
