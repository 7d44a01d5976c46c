"""Knowing that a program waits for input, from the kernel's own view.

The program waits when all its threads sleep, everything given to it so far has been read, and one
thread is blocked in reading (or in polling, selecting or epolling for) its standard input. It is
looked at only after output or input has gone quiet, in growing pauses. While it waits, and nothing
of the job has used the processor, there is nothing to see: one number says so, ever more rarely.
`docs/architecture.md` has the reasoning and the races.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from . import procfs

logger = logging.getLogger(__name__)

# A program that goes on by itself, or is fed line by line, has mostly gone on by then: a look takes
# the event loop as long as a line's whole way through it.
FIRST_LOOK_S = 0.002
LONGEST_PAUSE_S = 0.05
# How soon it is noticed that a waiting program was woken by something else, such as an alarm.
STILL_WAITING_S = 0.5
# And of one that waits for long: a thousand may wait at once.
LONG_WAITING_S = 2.0


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait for input. `secret`: it was asked through /dev/tty, as for a password."""

    pid: int
    tid: int
    ran: bytes
    secret: bool


class InputWatch:
    """Watches one program. All of it runs on the event loop; callbacks are called from there.

    `pids` gives the processes of the program, `drain` reads output that is already there and says
    whether there was any, `held_up` says whether there is no room for more of it, `unread` how many
    bytes of input the program has not read yet, and `cpu_used_s` how much CPU time the whole job
    has used, or None where nobody counts it.
    """

    def __init__(
        self,
        stdin: procfs.Input,
        *,
        pids: Callable[[], list[int]],
        held_up: Callable[[], bool],
        drain: Callable[[], bool],
        unread: Callable[[], int],
        cpu_used_s: Callable[[], float | None],
        on_wait: Callable[[Wait], None],
        on_resume: Callable[[], None],
    ) -> None:
        self._stdin = stdin
        self._pids = pids
        self._held_up = held_up
        self._drain = drain
        self._unread = unread
        self._cpu_used_s = cpu_used_s
        # While the last look saw it wait; None where it did not.
        self._used_s: float | None = None
        self._look_at_wait_s = STILL_WAITING_S
        self._on_wait = on_wait
        self._on_resume = on_resume
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._pause = FIRST_LOOK_S
        self._waiting: Wait | None = None
        # The wait that the last input answered; until its thread has run, it is not a new one.
        self._answered: Wait | None = None
        self._stopped = False

    @property
    def waiting(self) -> bool:
        return self._waiting is not None

    def touch(self, more_after_s: float = 0.0) -> None:
        """Output arrived or the program was started: look soon. More may come after that time."""
        self._pause = FIRST_LOOK_S
        self._schedule(more_after_s + self._pause)

    def input_given(self) -> None:
        """The program was given input that it can read: whatever it waited for is answered."""
        if self._waiting is not None:
            self._answered, self._waiting = self._waiting, None
        self.touch()

    def stop(self) -> None:
        self._stopped = True
        self.look_no_more()

    def rests(self) -> bool:
        """It has seen the program wait for long, and nothing of that has run since."""
        return self._look_at_wait_s >= LONG_WAITING_S and self._waits_still()

    def look_no_more(self) -> None:
        """Until `look_now` or anything else that makes it look: somebody else sees to it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def look_now(self) -> None:
        self._schedule(0.0)

    def _schedule(self, pause: float) -> None:
        if self._stopped:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(pause, self._look)

    @property
    def _scheduled(self) -> bool:
        return self._timer is not None

    def _look_later(self) -> None:
        self._pause = min(self._pause * 2, LONGEST_PAUSE_S)
        self._schedule(self._pause)

    def _look(self) -> None:
        self._timer = None
        try:
            self._look_once()
        except Exception:
            # Else nobody would be asked for input any more until the program writes something.
            logger.exception("a program was not looked at")
            self._look_later()

    def _look_once(self) -> None:
        if self._held_up():
            self._look_later()
            return
        if self._waits_still():
            self._look_at_wait_s = min(self._look_at_wait_s * 2, LONG_WAITING_S)
            self._schedule(self._look_at_wait_s)
            return
        found = self._find_wait()
        if found is None:
            self._used_s = None
        if self._scheduled:
            return  # output came, and it is looked at again soon
        if self._waiting is not None:
            self._look_again_at_the_wait(found)
        elif found is None:
            self._look_later()
        else:
            self._waiting, self._answered = found, None
            self._on_wait(found)
            self._look_at_wait_s = STILL_WAITING_S
            self._schedule(STILL_WAITING_S)

    def _waits_still(self) -> bool:
        """Nothing of the job has run since the look that has seen it wait."""
        if self._waiting is None or self._used_s is None:
            return False
        return self._cpu_used_s() == self._used_s

    def _look_again_at_the_wait(self, found: Wait | None) -> None:
        if found is not None:
            # A heartbeat may have woken it; it is the same wait, for nobody gave input.
            self._waiting = found
            self._pause = FIRST_LOOK_S
            self._schedule(STILL_WAITING_S)
        elif self._pause < LONGEST_PAUSE_S:
            # Perhaps it only turned over; look again before saying that it has gone on.
            self._pause *= 2
            self._schedule(self._pause)
        else:
            self._waiting = None
            self._on_resume()
            self._schedule(self._pause)

    def _find_wait(self) -> Wait | None:
        """A wait that holds still: seen twice, with no thread having run and no output between."""
        first = self._snapshot()
        if first is None:
            return None
        # Here, where it may be a wait: most looks meet a program that runs.
        self._used_s = self._cpu_used_s()
        if self._unread() or self._drain():
            return None
        second = self._snapshot()
        if second is None or second[0] != first[0]:
            return None
        wait = second[1]
        if self._answered is not None and self._same(wait, self._answered):
            # Not a new wait, unless it stays so: what was given did not wake it after all, as
            # with a Ctrl-C that the program ignores.
            return wait if self._pause >= LONGEST_PAUSE_S else None
        return wait

    @staticmethod
    def _same(one: Wait, other: Wait) -> bool:
        return (one.pid, one.tid, one.ran) == (other.pid, other.tid, other.ran)

    def _snapshot(self) -> tuple[list[tuple[int, bytes]], Wait] | None:
        """Who sleeps where, and the wait among them; None as soon as one thread does not sleep."""
        seen: list[tuple[int, bytes]] = []
        wait: Wait | None = None
        for pid in self._pids():
            for tid in procfs.threads(pid):
                sleep = procfs.read_sleep(pid, tid)
                if sleep is None:
                    if procfs.has_ended(pid, int(tid)):
                        continue
                    return None
                seen.append((sleep.tid, sleep.ran))
                if wait is None:
                    wait = self._as_wait(sleep)
        return None if wait is None else (seen, wait)

    def _as_wait(self, sleep: procfs.Sleep) -> Wait | None:
        fd = procfs.blocked_fd(sleep, self._stdin)
        # A thread that was stopped while it read looks the same but for its state.
        if fd is None or procfs.state(sleep.pid, sleep.tid) != b"S":
            return None
        secret = self._stdin.by_another_name(sleep, fd)
        return Wait(sleep.pid, sleep.tid, sleep.ran, secret)
