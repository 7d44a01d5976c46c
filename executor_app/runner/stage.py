"""One stage of a run, compile or run: a program on its streams, watched and held to its limits."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from executor_app.languages import Limits
from executor_app.protocol import InputClosed, InputRequest, Stage, Status, Stream

from . import procfs, verdict
from .cgroups import Cgroup
from .inputwatch import LONG_WAITING_S, InputWatch, Wait
from .jail import Ending, Jail
from .load import Need
from .meter import Meter
from .outbox import Outbox
from .prompt import Prompt
from .reading import REST_S, OutputReader
from .sleepers import Sleeper
from .streams import Streams
from .verdict import Verdict
from .workspace import Workspace

TICK_S: Final = 0.1
# Many files take long to look at: then the next look comes after so many times as long.
DISK_REST: Final = 20.0
# What a person waits for is mostly over by then.
LONG_S: Final = 2.0
# A compiler says last what stopped it, and then some advice.
LAST_WORDS_BYTES: Final = 1024
# What an earlier attempt was given is given again when the program asks, or after this long.
REPLAY_PATIENCE_S: Final = 1.0
# After this long a killed program that has not been reported takes its sandbox with it.
KILL_PATIENCE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class StageEnd:
    """`verdict` is None where the program simply ended; `ending` is None where nobody saw how."""

    verdict: Verdict | None
    ending: Ending | None
    execution_time_s: float
    cpu_time_s: float
    memory_bytes: int
    truncated: bool
    started: bool = True

    @classmethod
    def never_started(cls, verdict: Verdict) -> StageEnd:
        return cls(verdict, None, 0.0, 0.0, 0, truncated=False, started=False)


class StageRun:
    """Runs one program. Its methods are called on the event loop while `run` is awaited."""

    def __init__(
        self,
        stage: Stage,
        *,
        jail: Jail,
        cgroup: Cgroup | None,
        workspace: Workspace,
        streams: Streams,
        outbox: Outbox,
        limits: Limits,
        attempt: int,
        need: Callable[[Need], None],
        replay: Callable[[], bool] | None = None,
        cpu_before: float | None = None,
    ) -> None:
        """`need` hears how much of a processor the program wants, whenever that is looked at.

        `replay` gives the program one thing more that an earlier attempt was given, if any.

        `cpu_before` is for a program that has been started already, see `Meter`.
        """
        self.stage = stage
        self._jail = jail
        self._cgroup = cgroup
        self._streams = streams
        self._outbox = outbox
        self._limits = limits
        self._attempt = attempt
        self._need = need
        self._replay = replay
        self._replayed_at = 0.0
        self._meter = Meter(
            stage, limits, cgroup=cgroup, workspace=workspace, pids=self._pids,
            crowded=outbox.crowded, cpu_before=cpu_before,
        )  # fmt: skip
        self._loop = asyncio.get_running_loop()
        self._prompt = Prompt()
        self._watch: InputWatch | None = None
        self._verdict: Verdict | None = None
        self._killed_at: float | None = None
        self._pending_input = bytearray()
        self._eof_wanted = False
        self._reader = OutputReader(
            streams,
            take=self._take,
            full=lambda: outbox.full,
            crowded=outbox.crowded,
            on_pause=self._output_paused,
            on_rest=self._output_rested,
        )
        self._ticking: asyncio.TimerHandle | None = None
        # Of a program that waits for long: then it is looked at with all the others.
        self._sleeper: Sleeper | None = None
        self._tick_s = TICK_S
        self._used_s: float | None = None
        self._ticking_stopped = False
        self._look_at_disk: asyncio.Task[None] | None = None
        self._next_look_at_disk = 0.0
        self._started = 0.0
        # Signals for a program that has not been started yet.
        self._early_signals: list[str] = []
        self._waited_s = 0.0
        self._waiting_since: float | None = None
        # Since when nobody takes the program's output: it stands still, and so does its clock.
        self._paused_since: float | None = None
        # Both outputs may be left alone at the same time, which counts once.
        self._rested_until = 0.0
        self.output_bytes = 0
        self._last_words = b""
        self._stderr_bytes = 0
        self._truncated = False

    # --- from start to end ---------------------------------------------------------------------

    async def run(self, begin: Callable[[], Awaitable[None]], *, watch_input: bool) -> StageEnd:
        """`begin` starts the program, and raises SandboxError when it cannot."""
        identity = procfs.Input.of(self._streams.stdin_fd_for_identity)
        await begin()
        self._streams.started()
        self._started = time.monotonic()
        for name in self._early_signals:
            self.send_signal(name)
        if self._verdict is not None:
            self._kill_program()
        self.resume_reading()
        if watch_input:
            self._watch = self._make_watch(identity)
            self._watch.touch()
        self._tick_soon()
        try:
            self._write_input()
            ending = await self._jail.ended()
            took = self._active_s()
        finally:
            self._ticking_stopped = True
            self._stop_ticking()
            if self._watch is not None:
                self._watch.stop()
            self._reader.stop()
            self._stop_writing()
            if self._look_at_disk is not None:
                await asyncio.wait([self._look_at_disk])  # into folders that will be gone soon
        self._kill_program()
        await self._read_the_rest()
        self._outbox.flush_tails(self.stage)
        if self._waiting_since is not None and self._verdict is None:
            self._outbox.put(InputClosed())
        return StageEnd(
            verdict=self._verdict or await self._why(ending),
            ending=ending,
            execution_time_s=took,
            cpu_time_s=self._meter.cpu_time_s(ending),
            memory_bytes=self._meter.memory_bytes(ending),
            truncated=self._truncated,
        )

    async def _why(self, ending: Ending | None) -> Verdict | None:
        # A thread costs more than all that most jobs have to be asked.
        if self._meter.looks_at_files():
            return await asyncio.to_thread(self._meter.why, ending)
        return self._meter.why(ending)

    def end(self, verdict: Verdict) -> None:
        """Kills the program; the first verdict stands."""
        if self._verdict is None:
            self._verdict = verdict
            self._killed_at = time.monotonic()
            self._meter.hurry()
        self._tick_again()
        self._kill_program()

    def _make_watch(self, identity: procfs.Input) -> InputWatch:
        return InputWatch(
            identity,
            pids=self._pids,
            held_up=lambda: self._outbox.full,
            drain=self._reader.read_all,
            unread=lambda: len(self._pending_input) + self._streams.unread(),
            cpu_used_s=self._meter.cpu_used_s,
            on_wait=self._on_wait,
            on_resume=self._on_resume,
        )

    # --- output --------------------------------------------------------------------------------

    def resume_reading(self) -> None:
        if self._paused_since is not None:
            self._waited_s += time.monotonic() - self._paused_since
            self._paused_since = None
        self._reader.resume()

    def _output_paused(self) -> None:
        self._paused_since = self._paused_since or time.monotonic()

    def _output_rested(self, seconds: float) -> None:
        """The program had more to say than was taken from it, and stood still meanwhile."""
        now = time.monotonic()
        self._waited_s += now - max(self._rested_until, now - seconds)
        self._rested_until = now

    def _take(self, stream: Stream, data: bytes) -> None:
        room = self._limits.output_bytes - self.output_bytes
        if len(data) > room:
            data = data[:room]
            self._truncated = True
            self.end(verdict.output(self._limits, self.stage))
        if not data:
            return
        self.output_bytes += len(data)
        if stream == "stderr":
            self._stderr_bytes += len(data)
            self._last_words = (self._last_words + data[-LAST_WORDS_BYTES:])[-LAST_WORDS_BYTES:]
        self._prompt.wrote(stream, data)
        self._outbox.write(stream, self.stage, data)
        if self._watch is not None:
            self._watch.touch(REST_S if self._reader.resting else 0.0)

    @property
    def last_words(self) -> tuple[str, bool]:
        """The end of what was said on stderr, and whether there was more."""
        text = self._last_words.decode("utf-8", "replace")
        return text, self._stderr_bytes > len(self._last_words)

    async def _read_the_rest(self) -> None:
        """The program has ended: what it wrote is all there. What it left running may still write,
        and may be new at each look: it is killed again, others get their turn, and the limit on
        output is the end of it in any case."""
        while not self._reader.ended and not self._truncated:
            if self._outbox.full:
                await self._outbox.wait_for_room()
            if not self._reader.read_all():
                return
            self._kill_program()
            await asyncio.sleep(0)

    # --- input ---------------------------------------------------------------------------------

    def give(self, data: bytes) -> None:
        """Input for the program, after all that was given before."""
        if self._eof_wanted or not self._streams.stdin_is_open:
            return
        self._pending_input += data
        self._write_input()

    def end_input(self) -> None:
        """A terminal's end of input is not for ever: more may be typed afterwards."""
        if self._streams.tty:
            self._pending_input += self._streams.eof_mark(bytes(self._pending_input[-1:]))
        else:
            self._eof_wanted = True
        self._write_input()

    def _write_input(self) -> None:
        # Before the program and after it there is nobody who reads, and a writer that is registered
        # then would outlive its descriptor.
        if not self._started or self._ticking_stopped or not self._streams.stdin_is_open:
            return
        answered = False
        while self._pending_input:
            piece = bytes(self._pending_input[:65536])
            # Asked before: a program may read a key in raw mode and return to lines at once.
            was_raw = self._streams.raw
            count = self._streams.write(piece)
            if count == 0:
                self._loop.add_writer(self._streams.stdin, self._write_input)
                break
            del self._pending_input[:count]
            answered = answered or was_raw or self._streams.can_be_read(piece[:count])
        else:
            self._stop_writing()
            if self._eof_wanted:
                self._streams.close_input()
                answered = True
        if answered:
            self._on_answer()

    def _stop_writing(self) -> None:
        # The number of a closed descriptor may be another job's by now.
        if self._streams.stdin_is_open:
            self._loop.remove_writer(self._streams.stdin)

    def resize(self, cols: int, rows: int) -> None:
        self._streams.resize(cols, rows)

    def send_signal(self, name: str) -> None:
        """To the foreground of the terminal, as its keys do; on pipes to the program's group."""
        if not self._started:
            self._early_signals.append(name)
            return
        group = self._streams.foreground_group() or self._jail.program_pid
        # A program can leave a group in the foreground that has gone. Its number may be somebody
        # else's by now, on the whole host, and we may be root.
        if any(procfs.group(pid) == group for pid in self._pids()):
            try:
                os.killpg(group, signal.Signals[name])
            except ProcessLookupError:
                pass

    # --- waiting for a person ------------------------------------------------------------------

    def _on_wait(self, wait: Wait) -> None:
        if self._go_on_replaying():
            return
        self._waiting_since = time.monotonic()
        self._need(Need.RESTS)
        raw = self._streams.raw
        self._outbox.flush_tails(self.stage)
        self._outbox.put(Status(status="waiting_for_input", attempt=self._attempt))
        self._outbox.put(
            InputRequest(
                prompt=self._prompt.text(),
                stream=self._prompt.stream,
                echo=not (wait.secret or raw),
                raw=raw,
                timeout=self._limits.input_timeout_s,
            )
        )

    def _go_on_replaying(self) -> bool:
        if self._replay is None:
            return False
        self._replayed_at = time.monotonic()
        if not self._replay():
            self._replay = None
        return self._replay is not None

    def _on_answer(self) -> None:
        self._prompt.answered()
        if self._waiting_since is not None:
            self._count_wait()
            self._outbox.put(Status(status="running", attempt=self._attempt), patient=True)
        if self._watch is not None:
            self._watch.input_given()

    def _on_resume(self) -> None:
        self._count_wait()
        self._outbox.put(InputClosed())
        self._outbox.put(Status(status="running", attempt=self._attempt))

    def _count_wait(self) -> None:
        if self._waiting_since is not None:
            self._tick_again()
            self._waited_s += time.monotonic() - self._waiting_since
            self._waiting_since = None
            self._need(Need.WORKS)

    def _active_s(self) -> float:
        """Time that counts: since the start, without waiting for a person or for a reader."""
        now = time.monotonic()
        since = self._waiting_since or self._paused_since
        waiting = now - since if since is not None else 0.0
        return max(0.0, now - self._started - self._waited_s - waiting)

    # --- limits --------------------------------------------------------------------------------

    def _tick_soon(self) -> None:
        self._tick_s = TICK_S
        self._tick_later(TICK_S)

    def _tick_again(self) -> None:
        """It goes on, and was looked at ever more rarely."""
        if self._tick_s > TICK_S:
            self._tick_soon()

    def _tick_later(self, pause_s: float) -> None:
        self._stop_ticking()
        self._ticking = self._loop.call_later(pause_s, self._tick)

    def _stop_ticking(self) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
        if self._sleeper is not None:
            self._sleeper.leave()
            self._sleeper = None

    def _tick(self) -> None:
        if self._ticking_stopped:
            return
        if self._waits_still():
            self._tick_s = min(self._tick_s * 2, LONG_WAITING_S)
            if self._tick_s < LONG_WAITING_S or not self._fall_asleep():
                self._tick_later(max(TICK_S, min(self._tick_s, self._input_time_left_s())))
            return
        self._tick_soon()
        if time.monotonic() - max(self._started, self._replayed_at) > REPLAY_PATIENCE_S:
            # A program that looks for input without waiting for it asks nobody.
            self._go_on_replaying()
        if self._verdict is not None:
            self._kill_program()
            if self._killed_at and time.monotonic() - self._killed_at > KILL_PATIENCE_S:
                self._jail.kill_wrappers()
            return
        reached = self._reached_limit()
        self._need(self._needed())
        if reached is not None:
            self.end(reached)
        elif self._look_at_disk is None and time.monotonic() > self._next_look_at_disk:
            # A thousand files take longer to look at than an echo may wait.
            self._look_at_disk = asyncio.create_task(self._look_for_full_disk())

    def _needed(self) -> Need:
        if self._waiting_since is not None or self._meter.sleeps:
            return Need.RESTS
        return Need.COMPUTES if self._active_s() > LONG_S else Need.WORKS

    def _waits_still(self) -> bool:
        """For a person, and nothing of it has run since the last look: it has reached no limit."""
        used_s, self._used_s = self._used_s, self._meter.cpu_used_s()
        still = used_s is not None and used_s == self._used_s
        waits = self._waiting_since is not None and self._verdict is None
        return still and waits and self._input_time_left_s() > 0

    def _fall_asleep(self) -> bool:
        """Only its end of time and what it does itself are waited for from now on."""
        if self._cgroup is None or self._watch is None:
            return False
        try:
            sleeper = Sleeper(self._cgroup.cpu_file, self._woke)
        except OSError:
            return False  # there is no descriptor to spare: then it goes on being looked at
        # What ran before the sleeper was made, it does not see.
        if not (self._waits_still() and self._watch.rests()):
            sleeper.leave()
            return False
        self._tick_later(max(TICK_S, self._input_time_left_s()))
        self._watch.look_no_more()
        self._sleeper = sleeper
        sleeper.enter()
        return True

    def _woke(self) -> None:
        if self._watch is not None:
            self._watch.look_now()
        self._tick()

    def _input_time_left_s(self) -> float:
        since = self._waiting_since or time.monotonic()
        return since + self._limits.input_timeout_s - time.monotonic()

    async def _look_for_full_disk(self) -> None:
        began = time.monotonic()
        try:
            reached = await asyncio.to_thread(self._meter.reached_on_disk)
        finally:
            now = time.monotonic()
            self._next_look_at_disk = now + (now - began) * DISK_REST
            self._look_at_disk = None
        if reached is not None and not self._ticking_stopped:
            self.end(reached)

    def _reached_limit(self) -> Verdict | None:
        limits, stage = self._limits, self.stage
        if self._waiting_since is not None:
            if self._input_time_left_s() < 0:
                return verdict.input_wait(limits)
        elif self._active_s() > limits.wall_time_s:
            return verdict.wall_time(limits, stage)
        return self._meter.reached()

    def _kill_program(self) -> None:
        for pid in self._pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def _pids(self) -> list[int]:
        return self._jail.program_pids(self._cgroup)
