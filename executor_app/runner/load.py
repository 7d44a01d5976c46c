"""How much the jobs of a host want of its processors now."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum
from typing import Final

# Whose program has waited or slept for so long is not in the middle of a conversation.
ASLEEP_S: Final = 2.0


class Need(Enum):
    """What a job that runs counts as, where one that begins counts as one."""

    WORKS = 1.0
    # For long, and gives way to those that began later: four of them leave as much as one of those.
    COMPUTES = 0.25
    # Waits for a person, or sleeps.
    RESTS = 0.0


def _nobody() -> None:
    pass


class Load:
    """`on_less` is called when a job counts for less than before."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._needs: Final[dict[Need, set[str]]] = {Need.COMPUTES: set(), Need.RESTS: set()}
        # Since when those rest that have not done so for long, the first first; and the others.
        self._resting_since: dict[str, float] = {}
        self._asleep: set[str] = set()
        self.on_less: Callable[[], None] = _nobody

    def asleep(self) -> int:
        """How many jobs have rested for so long that what others do now disturbs nobody."""
        before = self._clock() - ASLEEP_S
        while self._resting_since:
            job_id, since = next(iter(self._resting_since.items()))
            if since > before:
                break
            del self._resting_since[job_id]
            self._asleep.add(job_id)
        return len(self._asleep)

    def spared(self) -> float:
        """What the jobs count less than one each. May be asked in any thread."""
        return sum(len(jobs) * (1.0 - need.value) for need, jobs in self._needs.items())

    def set(self, job_id: str, need: Need) -> None:
        """A job that ends has to be set to `WORKS`: nothing is known of it any more."""
        before = self.spared()
        if need is not Need.RESTS:
            self._resting_since.pop(job_id, None)
            self._asleep.discard(job_id)
        elif job_id not in self._needs[Need.RESTS]:
            self._resting_since[job_id] = self._clock()
        for each, jobs in self._needs.items():
            (jobs.add if each is need else jobs.discard)(job_id)
        if self.spared() > before:
            self.on_less()
