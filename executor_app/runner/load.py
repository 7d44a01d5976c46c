"""How much the jobs of a host want of its processors now."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final


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

    def __init__(self) -> None:
        self._needs: Final[dict[Need, set[str]]] = {Need.COMPUTES: set(), Need.RESTS: set()}
        self.on_less: Callable[[], None] = _nobody

    def spared(self) -> float:
        """What the jobs count less than one each. May be asked in any thread."""
        return sum(len(jobs) * (1.0 - need.value) for need, jobs in self._needs.items())

    def set(self, job_id: str, need: Need) -> None:
        """A job that ends has to be set to `WORKS`: nothing is known of it any more."""
        before = self.spared()
        for each, jobs in self._needs.items():
            (jobs.add if each is need else jobs.discard)(job_id)
        if self.spared() > before:
            self.on_less()
