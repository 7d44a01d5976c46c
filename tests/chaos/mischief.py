"""What is done to a site while people work on it: by the seed and the round, and undone again."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from .site import Site


@dataclass(frozen=True, slots=True)
class Harm:
    """`at_s` into the round; what was harmed is well again `for_s` later."""

    what: str
    whom: str
    at_s: float
    for_s: float

    def __str__(self) -> str:
        return f"{self.what} {self.whom} at {self.at_s:.1f} s for {self.for_s:.1f} s"


@dataclass(frozen=True, slots=True)
class Kind:
    """`weight`: how often; `longest_s`: how long it may last."""

    weight: int
    whom: Sequence[str]
    longest_s: float
    begin: Callable[[Site, str], None]
    end: Callable[[Site, str], None]


def _cut(site: Site, name: str) -> None:
    site.host(name).cut()


def _restore(site: Site, name: str) -> None:
    site.host(name).restore()


def _slow(site: Site, name: str) -> None:
    site.host(name).slow(delay_s=0.05, loss=0.02)


def _quicken(site: Site, name: str) -> None:
    site.host(name).slow()


def _kill_process(site: Site, name: str) -> None:
    """Its host stays, with what it has started."""
    site.stop(name, signal.SIGKILL)


EXECUTORS: Final = ("executor1", "executor2", "executor3")
WEBS: Final = ("web1", "web2")
ALL: Final = (*EXECUTORS, *WEBS, "recorder", "redis", "postgres")
KINDS: Final[dict[str, Kind]] = {
    "kill executor's host": Kind(4, EXECUTORS, 4, Site.kill, Site.begin),
    "kill executor": Kind(4, EXECUTORS, 4, _kill_process, Site.begin),
    "stop executor": Kind(3, EXECUTORS, 2, Site.stop, Site.begin),
    "freeze executor": Kind(2, EXECUTORS, 9, Site.freeze, Site.thaw),
    "cut executor": Kind(3, EXECUTORS, 9, _cut, _restore),
    "kill web's host": Kind(3, WEBS, 4, Site.kill, Site.begin),
    "kill web": Kind(2, WEBS, 4, _kill_process, Site.begin),
    "stop web": Kind(3, WEBS, 2, Site.stop, Site.begin),
    "freeze web": Kind(1, WEBS, 9, Site.freeze, Site.thaw),
    "cut web": Kind(2, WEBS, 9, _cut, _restore),
    "kill recorder": Kind(3, ("recorder",), 4, _kill_process, Site.begin),
    "stop recorder": Kind(1, ("recorder",), 4, Site.stop, Site.begin),
    "cut recorder": Kind(1, ("recorder",), 9, _cut, _restore),
    "kill Redis": Kind(2, ("redis",), 2, Site.kill, Site.begin),
    "restart Redis": Kind(2, ("redis",), 2, Site.stop, Site.begin),
    "cut Redis": Kind(1, ("redis",), 4, _cut, _restore),
    "kill PostgreSQL": Kind(1, ("postgres",), 3, Site.kill, Site.begin),
    "restart PostgreSQL": Kind(2, ("postgres",), 3, Site.interrupt, Site.begin),
    "cut PostgreSQL": Kind(1, ("postgres",), 6, _cut, _restore),
    "slow link": Kind(4, ALL, 9, _slow, _quicken),
}
# What a job takes for the loss of its executor.
LOSSES: Final = ("kill executor's host", "kill executor", "freeze executor", "cut executor")


def plan(seed: int, number: int, length_s: float, only: Sequence[str] = ()) -> list[Harm]:
    """What happens in one round; the same for the same seed. `only`: of these kinds, if any."""
    chance = random.Random(f"{seed} round {number}")
    kinds = list(only or KINDS)
    weights = [KINDS[what].weight for what in kinds]
    harms = []
    for what in chance.choices(kinds, weights, k=chance.choice((1, 2, 2, 3))):
        kind = KINDS[what]
        at_s = chance.uniform(0, length_s * 0.6)
        for_s = chance.uniform(0.2, min(kind.longest_s, length_s - at_s))
        harms.append(Harm(what, chance.choice(kind.whom), at_s, for_s))
    return sorted(harms, key=lambda harm: harm.at_s)


@dataclass(slots=True)
class Deed:
    """A harm that was done, and when (this process's clock)."""

    harm: Harm
    round: int
    at: float


@dataclass(slots=True)
class Mischief:
    """Does them to one site. What is away already is left alone."""

    site: Site
    say: Callable[[str], None]
    done: list[Deed] = field(default_factory=list)
    _away: set[str] = field(default_factory=set)

    def begin(self, harm: Harm, number: int) -> bool:
        if harm.whom in self._away:
            return False
        self._away.add(harm.whom)
        self.say(f"round {number}: {harm}")
        self.done.append(Deed(harm, number, time.monotonic()))
        KINDS[harm.what].begin(self.site, harm.whom)
        return True

    def end(self, harm: Harm) -> None:
        KINDS[harm.what].end(self.site, harm.whom)
        self._away.discard(harm.whom)
