"""The table of a chaos run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from .check import attempts, compared_bytes
from .load import Session, total
from .mischief import KINDS, LOSSES, Deed


def table(rounds: int, seed: int, lasted_s: float, sessions: Sequence[Session],
          deeds: Sequence[Deed]) -> str:  # fmt: skip
    """Markdown."""
    harms = Counter(deed.harm.what for deed in deeds)
    kinds = Counter(session.play.kind for session in sessions)
    ends = Counter(_end(session) for session in sessions)
    faults = Counter(s.difference.what for s in sessions if s.difference)
    recoveries = sorted(_recoveries(sessions, deeds))
    away = [r.longest_away_s for s in sessions for r in s.records]
    rows = [
        ("rounds, seed, duration", f"{rounds}, {seed}, {lasted_s / 60:.0f} minutes"),
        *((what, str(harms[what])) for what in KINDS),
        ("jobs", f"{len(sessions)} ({_counted(kinds)})"),
        ("clients, viewers among them", f"{total(sessions, lambda _: 1)}, {_viewers(sessions)}"),
        ("restarts of jobs", str(sum(len(attempts(s.player.record)) - 1 for s in sessions))),
        ("reconnects of clients", str(total(sessions, lambda record: record.reconnects))),
        ("events", f"{total(sessions, lambda record: len(record.told)):,}"),
        ("bytes compared", f"{total(sessions, compared_bytes):,}"),
        ("lost", str(faults["lost"])),
        ("doubled", str(faults["doubled"])),
        ("other differences", str(faults.total() - faults["lost"] - faults["doubled"])),
        ("ends", _counted(ends)),
        ("from the loss of an executor to `restarted`", _times(recoveries)),
        ("from a drop to `accepted`", _times(sorted(each for each in away if each))),
    ]
    return "\n".join(["| what | how many |", "| --- | --- |", *(f"| {a} | {b} |" for a, b in rows)])


def _viewers(sessions: Sequence[Session]) -> int:
    return sum(len(session.viewers) for session in sessions)


def _end(session: Session) -> str:
    complete = session.player.record.complete
    if complete is None:
        return "none"
    reason = f" ({complete['message']})" if complete["status"] == "failed" else ""
    return f"{complete['status']}{reason}"


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{what} {count}" for what, count in counter.most_common())


def _recoveries(sessions: Sequence[Session], deeds: Sequence[Deed]) -> list[float]:
    """Of each job that lost its executor, the time until its player heard that it begins again."""
    found = []
    for session in sessions:
        worker = ""
        for told in session.player.record.told:
            if told.frame["type"] == "status" and told.frame.get("worker"):
                worker = told.frame["worker"]
            elif told.frame["type"] == "restarted":
                lost = [
                    deed.at for deed in deeds
                    if deed.harm.what in LOSSES and worker.startswith(f"{deed.harm.whom}-")
                    and deed.at < told.at
                ]  # fmt: skip
                if lost and worker and "stopped answering" in told.frame["reason"]:
                    found.append(told.at - max(lost))
    return found


def _times(times: Sequence[float]) -> str:
    if not times:
        return "none"
    middle = times[len(times) // 2]
    return f"{len(times)} times, median {middle:.1f} s, slowest {times[-1]:.1f} s"
