"""One run on this host, from spec to result: `execute_interactive`.

It is handed what to run, an `emit` that takes events in their order, and a source of input. It
ends with exactly one `Complete` event; everything that it made on this host is gone when it
returns.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import signal
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

from executor_app import trace
from executor_app.errors import HostError, NotExecutableError
from executor_app.protocol import (
    Cancel,
    Complete,
    Eof,
    FinalStatus,
    InputResponse,
    Resize,
    Signal,
    Stage,
    Status,
    Stdin,
)

from . import verdict
from .cell import Cell, make_group
from .cgroups import Cgroup
from .commands import compile_command, run_command
from .compiled import Compiled, Recipe
from .early import Early
from .host import Host
from .jail import Jail
from .load import Need
from .outbox import Emit, Outbox
from .spec import RunResult, RunSpec
from .stage import StageEnd, StageRun
from .streams import Streams
from .workspace import Workspace

logger = logging.getLogger(__name__)

Message = InputResponse | Stdin | Eof | Resize | Signal | Cancel


async def execute_interactive(
    host: Host,
    spec: RunSpec,
    emit: Emit,
    inputs: AsyncIterator[Message],
    *,
    replay: Sequence[Message] = (),
    attempt: int = 1,
    worker: str | None = None,
) -> RunResult:
    """Runs `spec` and says everything through `emit`, `Complete` last.

    `replay` is what an earlier attempt was given: it is given again as the program asks for it.

    A failure of this host ends as a job that `failed`, is logged, and leaves nothing behind. What
    `emit` raises ends the program and is raised here.
    """
    run = _Run(host, spec, emit, replay, attempt, worker)
    reading = asyncio.create_task(run.take_input(inputs))
    try:
        return await run.execute()
    finally:
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await reading


class _Run:
    def __init__(
        self,
        host: Host,
        spec: RunSpec,
        emit: Emit,
        replay: Sequence[Message],
        attempt: int,
        worker: str | None,
    ) -> None:
        self._host = host
        self._spec = spec
        self._attempt = attempt
        self._worker = worker
        self._outbox = Outbox(emit, self._on_room, host.crowded)
        self._stage: StageRun | None = None
        # The interpreter that has been waiting for this program, if one has.
        self._early: Early | None = None
        self._early_input: deque[Message] = deque()
        # What was given to an earlier attempt, and behind it what comes before all that is given.
        self._replay: deque[Message] = deque(replay)
        self._cancelled: verdict.Verdict | None = None
        self._size = (spec.cols, spec.rows)
        self._output_bytes = 0
        self._cpu_time_s = 0.0
        for message in replay:
            if isinstance(message, Cancel):
                self.cancel(message.reason)

    # --- input ---------------------------------------------------------------------------------

    async def take_input(self, inputs: AsyncIterator[Message]) -> None:
        async for message in inputs:
            try:
                self._take(message)
            except Exception:
                # After it others come: a cancel above all.
                logger.exception("job %s: an input was not taken", self._spec.job_id)

    def _take(self, message: Message) -> None:
        if isinstance(message, Cancel):
            self.cancel(message.reason)
        elif self._replay:
            self._replay.append(message)
        elif self._stage is not None and self._stage.stage == "run":
            self._pass_on(self._stage, message)
        else:
            self._early_input.append(message)

    def _give_replayed(self) -> bool:
        """One more message of an earlier attempt; False where there is none left."""
        while self._replay:
            message = self._replay.popleft()
            if self._stage is not None:
                self._pass_on(self._stage, message)
            if isinstance(message, InputResponse | Stdin | Eof):
                return True
        return False

    def cancel(self, reason: str = "") -> None:
        self._cancelled = verdict.cancelled(reason)
        if self._stage is not None:
            self._stage.end(self._cancelled)

    def _pass_on(self, stage: StageRun, message: Message) -> None:
        match message:
            case InputResponse() | Stdin():
                stage.give(message.raw)
            case Eof():
                stage.end_input()
            case Resize():
                stage.resize(message.cols, message.rows)
            case Signal():
                stage.send_signal(message.signal)

    def _on_room(self) -> None:
        if self._stage is not None:
            self._stage.resume_reading()

    # --- from spec to result -------------------------------------------------------------------

    async def execute(self) -> RunResult:
        sending = asyncio.create_task(self._outbox.run())
        # Where nobody takes the events any more there is nobody to run the program for.
        sending.add_done_callback(lambda _: self.cancel())
        try:
            async with contextlib.AsyncExitStack() as cleanup:
                complete = await self._execute_on_host(cleanup)
                trace.mark(self._spec.job_id, "runner: has the result")
                self._outbox.put(complete)
                self._outbox.close()
                await sending
        finally:
            sending.cancel()
        return RunResult(complete, self._output_bytes, self._cpu_time_s)

    async def _execute_on_host(self, cleanup: contextlib.AsyncExitStack) -> Complete:
        try:
            return await self._execute_in_cell(cleanup)
        except (HostError, OSError, TimeoutError):
            logger.exception("job %s: this host could not run it", self._spec.job_id)
            return failed()

    async def _find_cell(self, first: Stage, cleanup: contextlib.AsyncExitStack) -> Cell:
        """One that has been waiting, or a new one, with the job's files and for its `first` stage.

        The job's slot is given back at the end.
        """
        spec, host = self._spec, self._host
        slot = host.take_slot()
        cleanup.callback(self._need, Need.WORKS)
        warm = host.pool.take(spec, slot) if host.pool is not None else None
        limits = spec.compile_limits if first == "compile" else spec.run_limits
        if warm is None:
            cleanup.callback(host.give_slot, slot)
            cell = await Cell.make(
                host,
                spec.job_id,
                slot,
                group=f"{spec.job_id}.{first}",
                disk_bytes=limits.disk_bytes,
                files=spec.files,
            )
            cleanup.push_async_callback(cell.close)
            return cell
        cleanup.callback(host.give_slot, warm.cell.slot)
        cleanup.push_async_callback(warm.close)
        warm.name_after(spec.job_id)
        warm.cell.workspace.limit_disk(limits.disk_bytes)
        self._early = warm.early
        if warm.early is None:
            warm.cell.workspace.write(spec.files)
        return warm.cell

    async def _execute_in_cell(self, cleanup: contextlib.AsyncExitStack) -> Complete:
        spec = self._spec
        trace.mark(spec.job_id, "runner: begins")
        compile_argv = spec.language.compile_argv([name for name, _ in spec.files])
        recipe = self._recipe(compile_argv)
        compiled = await recipe.find() if recipe is not None else None
        if compiled is not None:
            compile_argv = None
        cell = await self._find_cell("compile" if compile_argv else "run", cleanup)
        cgroup = cell.cgroup
        trace.mark(spec.job_id, "runner: has a sandbox")
        if compiled is not None and not await self._use(compiled, cell.workspace):
            return self._no_room_for_program()
        compiled = None  # it may be large, and a person may take hours to answer it
        if compile_argv:
            if recipe is not None:
                recipe.watch(cell.workspace, self._outbox)
            ended = await self._compile(compile_argv, cell)
            if ended is not None:
                return ended
            if recipe is not None:
                pids = partial(cell.jail.program_pids, cgroup)
                await recipe.keep(cell.workspace, self._outbox, pids)
                cleanup.push_async_callback(recipe.settled)
            if not cell.workspace.limit_disk(spec.run_limits.disk_bytes):
                return self._no_room_for_program()
            # What compiling used must not count as the program's: its peak memory above all.
            cgroup = await make_group(self._host, f"{self._spec.job_id}.run", cleanup)
        return await self._run(cell, cgroup)

    def _recipe(self, argv: list[str] | None) -> Recipe | None:
        programs = self._host.compiled
        if argv is None or programs is None:
            return None
        env = compile_command(self._host, self._spec, argv).env
        return programs.recipe(self._spec, argv, env)

    async def _use(self, compiled: Compiled, workspace: Workspace) -> bool:
        """As if it had just been compiled; False where there is no room for it."""
        self._say_status("compiling")
        compiled.repeat(self._outbox)
        try:
            await asyncio.to_thread(compiled.place, workspace)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return False
        return True

    def _no_room_for_program(self) -> Complete:
        why = verdict.disk(self._spec.run_limits, "compile")
        return Complete(status=why.status, message=why.message)

    async def _compile(self, argv: list[str], cell: Cell) -> Complete | None:
        """None where it compiled; else the end of the job."""
        self._say_status("compiling")
        streams = Streams.pipes(cell.owner)
        streams.close_input()
        try:
            stage = StageRun(
                "compile",
                jail=cell.jail,
                cgroup=cell.cgroup,
                workspace=cell.workspace,
                streams=streams,
                outbox=self._outbox,
                limits=self._spec.compile_limits,
                attempt=self._attempt,
                need=self._need,
            )
            command = compile_command(self._host, self._spec, argv)
            begin = partial(cell.jail.order, command, streams.child_fds)
            end = await self._watch_over(stage, begin, watch_input=False)
        finally:
            streams.close()
        if end.verdict is None and end.ending is not None and end.ending.exit_code == 0:
            return None
        limits = self._spec.compile_limits
        words = verdict.Words(Path(argv[0]).name, *stage.last_words)
        return _complete(end, end.verdict or verdict.compile_error(limits, words, end.cpu_time_s))

    async def _run(self, cell: Cell, cgroup: Cgroup | None) -> Complete:
        spec, early = self._spec, self._early
        self._say_status("running")
        streams = early.streams if early is not None else self._streams(cell)
        try:
            stage = StageRun(
                "run",
                jail=cell.jail,
                cgroup=cgroup,
                workspace=cell.workspace,
                streams=streams,
                outbox=self._outbox,
                limits=spec.run_limits,
                attempt=self._attempt,
                need=self._need,
                replay=self._give_replayed if self._replay else None,
                cpu_before=early.cpu_before if early is not None else None,
            )
            if spec.stdin is not None:
                stage.give(spec.stdin)
                stage.end_input()
            join = cgroup.join_files if cgroup is not None and cgroup is not cell.cgroup else ()
            begin = partial(self._begin, cell.jail, streams, join)
            end = await self._watch_over(stage, begin, watch_input=spec.stdin is None)
        except NotExecutableError as error:
            if not spec.language.compile:
                raise
            why = verdict.not_executable(str(error))
            return Complete(status=why.status, message=why.message)
        finally:
            self._stage = None
            streams.close()
        self._output_bytes += stage.output_bytes
        return _complete(end, end.verdict or verdict.Verdict(FinalStatus.COMPLETED))

    async def _begin(self, jail: Jail, streams: Streams, join: Sequence[Path]) -> None:
        if self._early is not None:
            self._early.let_go(self._spec.files, *self._size)
        else:
            command = run_command(self._host, self._spec)
            await jail.order(command, streams.child_fds, join=join)

    async def _watch_over(
        self, stage: StageRun, begin: Callable[[], Awaitable[None]], *, watch_input: bool
    ) -> StageEnd:
        self._stage = stage
        if stage.stage == "run":
            while self._early_input:
                self._pass_on(stage, self._early_input.popleft())
        if self._cancelled is not None:
            return StageEnd.never_started(self._cancelled)
        trace.mark(self._spec.job_id, f"runner: orders to {stage.stage}")
        end = await stage.run(begin, watch_input=watch_input)
        trace.mark(self._spec.job_id, f"runner: {stage.stage} has ended")
        self._cpu_time_s += end.cpu_time_s
        return end

    def _need(self, need: Need) -> None:
        self._host.load.set(self._spec.job_id, need)

    def _say_status(self, status: str) -> None:
        self._outbox.put(
            Status.model_validate(
                {"status": status, "attempt": self._attempt, "worker": self._worker}
            )
        )

    def _streams(self, cell: Cell) -> Streams:
        if self._spec.tty:
            return Streams.terminal(*self._size, cell.owner)
        return Streams.pipes(cell.owner)


def _complete(end: StageEnd, why: verdict.Verdict) -> Complete:
    number = end.ending.signal if end.ending else signal.SIGKILL
    if not end.started:
        return Complete(status=why.status, message=why.message)
    return Complete(
        status=why.status,
        exit_code=end.ending.exit_code if end.ending else 128 + signal.SIGKILL,
        signal=verdict.signal_name(number) if number is not None else None,
        execution_time=round(end.execution_time_s, 6),
        cpu_time=round(end.cpu_time_s, 6),
        memory=end.memory_bytes,
        truncated=end.truncated,
        message=why.message,
    )


def failed(message: str = "") -> Complete:
    """The end of a job that we, and not the program, failed."""
    text = "Codr could not run this program. It is not your fault: run it again, and tell whoever "
    return Complete(
        status=FinalStatus.FAILED, message=message or text + "looks after this server if it stays."
    )
