"""Taking what a program writes, as it comes, without standing in anybody's way.

A terminal costs more to read than it seems. What a program writes to it is moved over by a thread
of the kernel, and whoever reads or polls it while it looks empty is made to wait for that thread
(n_tty_read and n_tty_poll flush its work). On the event loop everybody would wait: so beside other
jobs we ask first how much there is, which does not wait, and a terminal that is full at each look
is left alone for a while and is not polled at all meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from executor_app.protocol import Stream

from .streams import Streams

# Reads of one output before others get their turn: sixteen pages of a PTY.
READS_A_TURN: Final = 16
# How often in a row what stands on stderr waits for what stands on stdout.
MOST_DEFERRED: Final = 16
# A read that brought less has emptied the terminal; the next one would only wait.
SHORT_READ_BYTES: Final = 2048
# A terminal holds a page at most, and what gave that much has been waiting for us.
FULL_TERMINAL_BYTES: Final = 4095
# How long a flood is left alone, and after how many empty looks it is over.
REST_S: Final = 0.01
EMPTY_LOOKS: Final = 3


class OutputReader:
    """Reads on the event loop from `resume` to `stop`; `read_all` reads at once, at any time.

    `take` is given what an output has said. `full` says whether there is no room for more: then
    reading pauses, `on_pause` is called, and somebody has to call `resume`. `crowded` says whether
    other jobs want the event loop too. `on_rest` is given the seconds for which a program that had
    more to say was left alone.
    """

    def __init__(
        self,
        streams: Streams,
        *,
        take: Callable[[Stream, bytes], None],
        full: Callable[[], bool],
        crowded: Callable[[], bool],
        on_pause: Callable[[], None],
        on_rest: Callable[[float], None],
    ) -> None:
        self._streams = streams
        self._take = take
        self._full = full
        self._crowded = crowded
        self._on_pause = on_pause
        self._on_rest = on_rest
        self._loop = asyncio.get_running_loop()
        self._open = set(streams.outputs)
        self._stderr = {fd for fd, stream in streams.outputs.items() if stream == "stderr"}
        self._polled: set[int] = set()
        self._resting: dict[int, asyncio.TimerHandle] = {}
        self._deferred = 0
        self._stopped = False

    @property
    def ended(self) -> bool:
        """Whether nobody can write to any output any more."""
        return not self._open

    @property
    def resting(self) -> bool:
        """Whether an output is left alone for now that may hold more."""
        return bool(self._resting)

    def resume(self) -> None:
        if self._stopped:
            # The outputs are closed next, and a reader that outlives its descriptor makes whoever
            # gets that number after it deaf. What is left is read without waiting.
            return
        for fd in self._open - self._polled - self._resting.keys():
            self._poll(fd)

    def stop(self) -> None:
        self._stopped = True
        self._pause()

    def read_all(self) -> bool:
        """From every output, whatever the others had; says whether there was any.

        What the kernel still moves over belongs to it, and is worth the wait.
        """
        outputs = sorted(self._open, key=self._stderr.__contains__)
        return sum(self._read(fd, patiently=True) > 0 for fd in outputs) > 0

    def _poll(self, fd: int) -> None:
        self._loop.add_reader(fd, self._read_in_turn, fd)
        self._polled.add(fd)

    def _do_not_poll(self, fd: int) -> None:
        if fd in self._polled:
            self._polled.discard(fd)
            self._loop.remove_reader(fd)

    def _pause(self) -> None:
        for fd in list(self._polled):
            self._do_not_poll(fd)
        for timer in self._resting.values():
            timer.cancel()
        self._resting.clear()

    def _read_in_turn(self, fd: int) -> None:
        """A question on stderr mostly follows lines on stdout, which the kernel may still hold, so
        they come first: for some turns, lest a flood keep the other for ever."""
        if self._has_to_wait(fd):
            self._do_not_poll(fd)
            self._rest(fd, 0)
            return
        if self._may_defer(fd):
            said_before = sum(self._read(each) for each in self._open - self._stderr)
            if said_before:
                self._deferred += 1
                return
        self._deferred = 0
        if fd in self._polled and self._read(fd) >= FULL_TERMINAL_BYTES:
            self._let_rest(fd)

    def _has_to_wait(self, fd: int) -> bool:
        """Whether it is stderr, and stdout is left alone that may hold what came before."""
        return self._may_defer(fd) and bool(self._resting.keys() - self._stderr)

    def _may_defer(self, fd: int) -> bool:
        return fd in self._stderr and self._deferred < MOST_DEFERRED

    def _let_rest(self, fd: int) -> None:
        if self._streams.tty and fd in self._polled and self._crowded():
            self._do_not_poll(fd)
            self._rest(fd, 0)

    def _rest(self, fd: int, empty_looks: int) -> None:
        began = self._loop.time()
        self._resting[fd] = self._loop.call_later(REST_S, self._look, fd, began, empty_looks)

    def _look(self, fd: int, began: float, empty_looks: int) -> None:
        del self._resting[fd]
        if self._has_to_wait(fd):
            self._deferred += 1
            self._rest(fd, 0)
        elif self._streams.holds_output(fd):
            self._on_rest(self._loop.time() - began)
            self._rest(fd, 0)
            self._read(fd)
            if fd in self._stderr:
                self._deferred = 0
        elif empty_looks + 1 < EMPTY_LOOKS:
            self._rest(fd, empty_looks + 1)
        else:
            self._poll(fd)

    def _read(self, fd: int, *, patiently: bool = False) -> int:
        """Takes what an output has, up to a turn's worth; says how many bytes there were."""
        parts: list[bytes] = []
        ended = False
        ask_first = not patiently and self._crowded()
        for _ in range(READS_A_TURN):
            part = self._streams.read(fd)
            if part is None:
                break
            if not part:
                ended = True
                break
            parts.append(part)
            if len(part) < SHORT_READ_BYTES or (ask_first and not self._streams.holds_output(fd)):
                break
        if parts:
            self._take(self._streams.outputs[fd], b"".join(parts))
        if ended:
            self._end(fd)
        elif self._full():
            self._pause()
            self._on_pause()
        return sum(map(len, parts))

    def _end(self, fd: int) -> None:
        self._open.discard(fd)
        self._do_not_poll(fd)
        if fd in self._resting:
            self._resting.pop(fd).cancel()
