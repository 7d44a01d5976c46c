"""Every chosen attack over one sandbox, eight at once, and what was left when all had ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tests.hostile import traces
from tests.hostile.attempt import Seen, attempt, judge
from tests.hostile.canaries import Canaries
from tests.hostile.corpus import Attack
from tests.hostile.neighbour import Neighbour, living
from tests.server.client import run_job
from tests.stack import WARM, Stack

AT_ONCE = 8
SECRET_FILE = "secret-of-the-state"


@dataclass(frozen=True, slots=True)
class Outcome:
    attack: Attack
    seen: Seen
    faults: Sequence[str]

    @property
    def in_a_word(self) -> str:
        ended = self.seen.complete.get("status", "no end")
        return f"FAILED: {self.faults[0]:.60}" if self.faults else f"held, {ended}"


@dataclass(slots=True)
class Campaign:
    """One sandbox under attack. `left` is what was there afterwards and not before."""

    sandbox: str
    stack: Stack
    canaries: Canaries
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    log: str = ""
    seconds: float = 0.0

    def run(self, attacks: Sequence[Attack]) -> None:
        started = time.monotonic()
        asyncio.run(self._warm_up())
        self._tell_places()
        traces.at_rest(self.stack)
        before = traces.take(self.stack)
        asyncio.run(self._attack(attacks))
        self.left = self._with_names(traces.left_since(self.stack, before, AT_ONCE))
        self.log = self.stack.log
        self.seconds = time.monotonic() - started

    async def _warm_up(self) -> None:
        """As many jobs at once as there will be: connections are made once, and then kept."""
        jobs = [run_job(self.stack.socket_url, "python", "print()") for _ in range(AT_ONCE + 1)]
        await asyncio.gather(*jobs)

    def _tell_places(self) -> None:
        redis = urlsplit(self.stack.redis_url)
        self.canaries.values |= {
            "the password of Redis": str(redis.password),
            "the site's secret key": (self.stack.state / "secret-key").read_text().strip(),
        }
        self.canaries.places |= {
            "state_folder": str(self.stack.state),
            "state_secret": str(self.stack.state / SECRET_FILE),
            "web_port": str(self.stack.port),
            "redis_port": str(redis.port),
            "executor_pid": str(traces.executor_pid(self.stack)),
            "executor_name": next(self.stack.state.glob("executors/*")).name,
        }

    def _with_names(self, left: list[str]) -> list[str]:
        """A trace names its job; whoever reads it wants the attack."""
        for name, outcome in self.outcomes.items():
            job = outcome.seen.job
            left = [line.replace(job, name) if job else line for line in left]
        return left

    async def _attack(self, attacks: Sequence[Attack]) -> None:
        # The longest first would be quickest; the order of the files is easier to follow in a log.
        waiting = list(reversed(attacks))
        async with living(self.stack, self.canaries) as neighbour:
            await asyncio.gather(*(self._take_turns(waiting, neighbour) for _ in range(AT_ONCE)))
            # Nothing was learnt from what a busy host could not even compile: once more, alone.
            starved = [o.attack for o in self.outcomes.values() if o.faults and o.seen.starved]
            await self._take_turns(starved, neighbour)

    async def _take_turns(self, waiting: list[Attack], neighbour: Neighbour) -> None:
        while waiting:
            attack = waiting.pop()
            seen = await attempt(self.stack.socket_url, attack, self.canaries.places)
            faults = judge(attack, seen, self.canaries)
            if not await neighbour.is_well():
                faults.append("the job beside it was disturbed")
            self.outcomes[attack.id] = Outcome(attack, seen, faults)


@contextmanager
def under_attack(sandbox: str, state: Path, canaries: Canaries) -> Iterator[Campaign]:
    """Codr without validation, which is a courtesy and no wall, and with secrets of its own."""
    secret_file = state / SECRET_FILE
    secret_file.write_text(canaries.secret("a file of the state"))
    secret_file.chmod(0o644)
    environment = {
        "CODR_SANDBOX": sandbox,
        "CODR_VALIDATION": "off",
        **WARM,
        "CODR_RATE_LIMITS": "off",
        "CODR_JOURNAL_KEEP_S": "1",
        "CODR_CLIENT_GRACE_S": "5",
        "CODR_TEST_SECRET": canaries.secret("the executor's environment"),
    }
    stack = Stack(state, environment)
    stack.start()
    try:
        yield Campaign(sandbox, stack, canaries)
    finally:
        stack.stop()
