"""The load: so many sessions at once, one after the other, each a player and perhaps some viewers.

What a session plays, and how its clients behave, hangs on the seed and its number alone.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from . import check
from .check import Difference
from .client import BrokenContractError, Client, Player, Reach, Record, Viewer
from .plays import Play, choose

# From its beginning, or from where it last began again: the dice may take one job's executors one
# after the other.
PATIENCE_S: Final = 120.0
LATEST_VIEWER_S: Final = 6.0


@dataclass(slots=True)
class Session:
    """One job, and what came of it."""

    number: int
    play: Play
    player: Player
    began: float
    round: int
    viewers: list[Viewer] = field(default_factory=list)
    ended: float = 0.0
    ended_in_round: int = 0
    difference: Difference | None = None

    @property
    def job_id(self) -> str:
        return self.player.job_id

    @property
    def records(self) -> list[Record]:
        return [client.record for client in (self.player, *self.viewers)]

    def __str__(self) -> str:
        return (
            f"session {self.number} ({self.play.kind}, {self.play.language}), job {self.job_id}, "
            f"of round {self.round}"
        )


class Load:
    """`round` is set by who counts them."""

    def __init__(
        self, seed: int, at_once: int, reach: Reach,
        on_difference: Callable[[Session], None],
    ) -> None:  # fmt: skip
        self._seed = seed
        self._at_once = at_once
        self._reach = reach
        self._on_difference = on_difference
        self._number = 0
        self._ending = False
        self.round = 0
        self.running: dict[int, Session] = {}
        self.finished: list[Session] = []

    async def run(self) -> None:
        """Until `end` is called and the last session is over."""
        async with asyncio.TaskGroup() as tasks:
            for slot in range(self._at_once):
                tasks.create_task(self._one_after_the_other(slot))

    def end(self) -> None:
        self._ending = True

    async def _one_after_the_other(self, slot: int) -> None:
        # Fifty people do not press Run in the same moment.
        await asyncio.sleep(random.Random(f"{self._seed} slot {slot}").uniform(0, 8))
        while not self._ending:
            self._number += 1
            await self._play(self._number)

    async def _play(self, number: int) -> None:
        chance = random.Random(f"{self._seed} session {number}")
        play = choose(chance)
        player = Player(play, self._reach, chance)
        session = Session(number, play, player, time.monotonic(), self.round)
        self.running[number] = session
        try:
            thinks_s = sum(typed.after_s for typed in play.typed)
            async with asyncio.timeout(None) as limit:
                await self._follow(session, chance, limit, PATIENCE_S + thinks_s)
        except TimeoutError:
            session.difference = _hangs(session)
        session.ended, session.ended_in_round = time.monotonic(), self.round
        session.difference = session.difference or self._check(session)
        del self.running[number]
        self.finished.append(session)
        if session.difference:
            self._on_difference(session)

    async def _follow(
        self, session: Session, chance: random.Random, limit: asyncio.Timeout, patience_s: float
    ) -> None:
        watch = asyncio.create_task(_be_patient(session, limit, patience_s))
        try:
            async with asyncio.TaskGroup() as clients:
                clients.create_task(session.player.run())
                for _ in range(session.play.viewers):
                    clients.create_task(self._view(session, random.Random(chance.random())))
        except* BrokenContractError as broken:
            session.difference = Difference("contract", str(broken.exceptions[0]))
        finally:
            watch.cancel()

    async def _view(self, session: Session, chance: random.Random) -> None:
        await session.player.accepted.wait()
        await asyncio.sleep(chance.uniform(0, LATEST_VIEWER_S))
        viewer = Viewer(session.job_id, self._reach, chance)
        session.viewers.append(viewer)
        await viewer.run()

    def _check(self, session: Session) -> Difference | None:
        for record in session.records:
            if found := check.check_record(session.play, record):
                return found
        return check.check_agreement(session.records)


async def _be_patient(session: Session, limit: asyncio.Timeout, patience_s: float) -> None:
    while True:
        told = session.player.record.told
        begun = [each.at for each in told if each.frame["type"] == "restarted"]
        limit.reschedule(max([session.began, *begun]) + patience_s)
        await asyncio.sleep(1)


def _hangs(session: Session) -> Difference:
    def state(client: Client) -> str:
        told, last = client.record.told, "nothing"
        if told:
            last = f"{str(told[-1].frame)[:300]} {time.monotonic() - told[-1].at:.0f} s ago"
        return f"{last} over {len(client.record.connections) + 1} connections"

    heard = "; ".join(state(client) for client in (session.player, *session.viewers))
    return Difference(
        "hangs",
        f"no end after {PATIENCE_S:g} s and all thinking; heard last: {heard}; inputs not taken: "
        f"{session.player.untaken}; last ends of connections: "
        f"{session.player.record.connections[-3:]}",
    )


def total(sessions: Sequence[Session], count: Callable[[Record], int]) -> int:
    return sum(count(record) for session in sessions for record in session.records)
