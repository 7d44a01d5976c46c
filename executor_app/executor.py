"""An executor process: one host, and one event loop on which all its jobs are relayed.

Celery's threads only wait; everything that happens to a job happens on this loop, in a thread of
its own, with `add_reader` on the terminals. Two small rounds keep the rest of Codr informed: the
heartbeat of the executor, and the leases of its jobs.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final, TypeVar

import uvloop
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from . import trace
from .compiling import keep_compiled, precompile_headers
from .conf import conf, state_dir, version
from .dispatch import Order, Turn, result_facts, send_tickets, take
from .languages import languages
from .protocol import Cancel, Complete, Event, is_complete
from .relay import leases, presence, quotas
from .relay.client import keep_listening, patiently
from .relay.events import Publisher, SupersededError, last_event, publish_restart
from .relay.inputs import InputReader
from .relay.window import Window
from .runner.cgroups import CpuShare
from .runner.headers import Headers
from .runner.host import Host, safe_name
from .runner.load import Load
from .runner.probe import Proof, open_pool, prove_languages
from .runner.run import execute_interactive
from .runner.spec import RunResult, RunSpec
from .takeover import LOST, hand_over, take_up_lost

logger = logging.getLogger(__name__)

T = TypeVar("T")
ROUND_S: Final = 1.0
# How long a round may wait for Redis to hear that its jobs still run. Whatever stays under way for
# longer is said anew on a new connection: after a cut the kernel tries an old one ever more rarely.
HOLD_S: Final = 2.0
# After which part of its lease a job is held again, and of the grace period it is looked for those
# who followed it: there may be a thousand.
LEASE_PART: Final = 1 / 4
GRACE_PART: Final = 1 / 12
START_S: Final = 120.0
# What Redis keeps of a job under flow control, in windows.
FLOW_JOURNAL_WINDOWS: Final = 8
# A client may ask for less than the jail around its program takes, which nobody could start.
LEAST_MEMORY_BYTES: Final = 16 * 1024 * 1024


class Executor:
    """Made once in each executor process. `run_next` is called from Celery's threads."""

    def __init__(self) -> None:
        self.name = conf().executor_name
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._run_loop, name="relay", daemon=True)
        self._jobs: dict[str, _JobRun] = {}
        self._host: Host | None = None
        self._proofs: list[Proof] = []
        self._rounds: asyncio.Task[None] | None = None
        self._stopping_pool: asyncio.Future[None] | None = None
        self._announced_at = 0.0
        self._look_for_abandoned_at = 0.0
        self._stopping = False
        self._grace_is_over = False
        self._handing_over: list[asyncio.Future[None]] = []
        self._headers: Headers | None = None

    def start(self) -> None:
        """Opens the host and proves the languages. Raises HostError where this is no executor."""
        settings = conf()
        self._host = Host.open(
            name=self.name,
            folder=state_dir() / "executors" / safe_name(self.name),
            sandbox=settings.sandbox,
            slots=settings.executor_slots,
            limits_by=settings.limits_by,
            share=CpuShare(settings.job_weight, settings.job_cpus),
            warm=settings.warm,
        )
        for warning in self._host.warnings:
            logger.warning("executor %s: %s", self.name, warning)
        keep_compiled(self._host)
        self._thread.start()
        try:
            self._submit(self._begin()).result(START_S)
        except BaseException:
            self.stop()
            raise
        self._headers = precompile_headers(self._host, self._loop)

    @property
    def load(self) -> Load:
        assert self._host is not None
        return self._host.load

    def run_next(self) -> Turn | None:
        """Begins to run the job whose turn it is.

        Who stops takes no more: it would not hand that over any more, and run it to its end.
        """
        if self._stopping:
            send_tickets(1)
            return None
        turn = Turn()
        turn.result = self._submit(self._run_next(turn))
        return turn

    def stop_jobs_soon(self) -> None:
        """Ends the running jobs after the grace time. May be called from a signal handler."""
        self._loop.call_soon_threadsafe(self._begin_stopping)

    def stop(self) -> None:
        if self._headers is not None:
            self._headers.stop()
        with contextlib.suppress(Exception):
            self._submit(self._end()).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        if self._host is not None:
            self._host.close()

    # --- on the loop ---------------------------------------------------------------------------

    def _run_loop(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _submit(self, work: Coroutine[Any, Any, T]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _begin(self) -> None:
        assert self._host is not None
        self._proofs = await prove_languages(self._host, list(languages().values()))
        for proof in self._proofs:
            if not proof.passed:
                logger.error("%s is not offered here: %s", proof.language, proof.reason)
        offered = [proof.language for proof in self._proofs if proof.passed]
        self._host.pool = await open_pool(self._host, [languages()[name] for name in offered])
        await keep_listening()
        await self._announce()
        self._rounds = asyncio.create_task(self._go_rounds())

    async def _end(self) -> None:
        if self._rounds is not None:
            self._rounds.cancel()
        if self._stopping_pool is not None:
            await self._stopping_pool
        elif self._host is not None and self._host.pool is not None:
            await self._host.pool.stop()
        await presence.remove_executor(self.name)

    def _begin_stopping(self) -> None:
        self._stopping = True
        if self._host is not None and self._host.pool is not None:
            self._stopping_pool = asyncio.ensure_future(self._host.pool.stop())
        self._loop.call_later(conf().stop_grace_s, self._end_jobs)

    def _end_jobs(self) -> None:
        self._grace_is_over = True
        self._handing_over = [asyncio.ensure_future(job.hand_over()) for job in self._jobs.values()]

    async def _announce(self) -> None:
        assert self._host is not None
        await presence.announce_executor(
            self.name,
            {
                "host": socket.gethostname(),
                "version": version(),
                "sandbox": self._host.sandbox.name,
                "limits": "cgroup" if self._host.hierarchy else "rlimit",
                "warnings": self._host.warnings,
                "slots": conf().executor_slots,
                "running": len(self._jobs),
                "stopping": self._stopping,
                "languages": {
                    proof.language: {"version": proof.version, "reason": proof.reason}
                    for proof in self._proofs
                },
            },
        )

    async def _go_rounds(self) -> None:
        """Two: nobody's jobs are to count as lost because Redis is slow to say something else."""
        await asyncio.gather(self._go_round(self._hold_jobs), self._go_round(self._look_around))

    async def _go_round(self, each: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(ROUND_S)
            try:
                await each()
            except (RedisError, OSError, BrokerError) as error:
                logger.warning("executor %s cannot report to Redis: %s", self.name, error)
            except Exception:
                # One job that cannot be dealt with is no reason to let go of all the others.
                logger.exception("executor %s: a round failed", self.name)

    async def _look_around(self) -> None:
        # After an outage of Redis every lease has run out; whoever still runs a job has to have had
        # the time to say so.
        await take_up_lost(well_for_s=conf().lease_s)
        await self._look_for_the_abandoned()
        if time.monotonic() - self._announced_at > presence.HEARTBEAT_S - ROUND_S / 2:
            await self._announce()
            self._announced_at = time.monotonic()

    async def _look_for_the_abandoned(self) -> None:
        grace_s, now = conf().client_grace_s, time.monotonic()
        if now < self._look_for_abandoned_at:
            return
        self._look_for_abandoned_at = now + grace_s * GRACE_PART
        # Those who follow a job, whom Redis may have forgotten, have to have had the time as well.
        for job_id in await presence.abandoned(list(self._jobs), well_for_s=grace_s):
            if job_id in self._jobs:
                self._jobs[job_id].abandon()

    async def _hold_jobs(self) -> None:
        """With none too: that executors reach Redis is known from this."""
        now, part_s = time.monotonic(), conf().lease_s * LEASE_PART
        jobs = {
            job_id: job
            for job_id, job in self._jobs.items()
            if not job.settled and now - job.held_at > part_s
        }
        async with asyncio.timeout(HOLD_S):
            held = await leases.hold(self.name, {j: job.attempt for j, job in jobs.items()})
        for job_id, job in jobs.items():
            job.held_at = now
            if job.settled or self._jobs.get(job_id) is not job:
                continue  # its next attempt may be here by now, of which nothing was asked
            if job_id in held.missing:
                await job.hold_again()
            elif job_id in held.lost:
                job.stop_unheard("somebody else has it")

    async def _run_next(self, turn: Turn) -> dict[str, Any] | None:
        order = await take(self.name)
        if order is None:
            return None  # it was cancelled, or taken with a ticket that was sent twice
        trace.mark(order.job_id, "executor: has a ticket", at_ns=turn.began_ns)
        trace.mark(order.job_id, "executor: has the order")
        turn.order, turn.started_at = order, time.time()
        return await self._run_job(order)

    async def _run_job(self, order: Order) -> dict[str, Any] | None:
        assert self._host is not None
        while (earlier := self._jobs.get(order.job_id)) is not None:
            # This executor was the one that was lost, and has its own job back: the attempt that
            # it still runs has to make room first, its folders are under the same name.
            earlier.stop_unheard("it begins again here")
            await earlier.gone.wait()
        job = self._jobs[order.job_id] = _JobRun(order, self.name)
        try:
            if self._grace_is_over:
                # It was taken before, and has only got here now.
                await job.hand_over()
                return None
            return await job.run(self._host)
        finally:
            job.gone.set()
            if self._jobs.get(order.job_id) is job:
                del self._jobs[order.job_id]


class _JobRun:
    """One attempt of one job on this executor: the runner's `emit` and its source of input."""

    def __init__(self, order: Order, worker: str) -> None:
        self._order = order
        self._worker = worker
        self._window = Window(conf().flow_window_bytes) if order.flow_control else None
        self._publisher = self._publisher_from(order.seq)
        self._inputs = InputReader(order.job_id, again=order.attempt > 1, window=self._window)
        # Why nobody can hear this run any more, where that is so.
        self._unheard: Exception | str = ""
        self._said_the_end = False
        self._started = time.monotonic()
        self.held_at = 0.0
        self.settled = False
        self.gone = asyncio.Event()

    @property
    def attempt(self) -> int:
        return self._order.attempt

    @property
    def _ended_unheard(self) -> bool:
        """Then others say what becomes of the job. Of one whose end was heard there is no more to
        say, though it be taken from us meanwhile."""
        return bool(self._unheard) and not self._said_the_end

    def cancel(self, reason: str) -> None:
        self._inputs.interject(Cancel(type="cancel", reason=reason))

    def abandon(self) -> None:
        # Whoever submitted it has had no time yet to be seen if it has only just begun.
        if time.monotonic() - self._started > conf().client_grace_s:
            self.cancel("Whoever ran this program went away, and the grace period is over.")

    def stop_unheard(self, why: Exception | str) -> None:
        """Ends the program, and lets others say what becomes of the job."""
        if not self._unheard:
            self._unheard = why
            self.cancel("")

    async def hand_over(self) -> None:
        try:
            await hand_over(self._order.job_id, self._worker)
        except (RedisError, OSError, BrokerError) as error:
            # Its lease runs out, and then it is taken up all the same.
            logger.warning("job %s is not handed over: %s", self._order.job_id, error)
        self.stop_unheard("this executor is being stopped")

    async def hold_again(self) -> None:
        """Redis knows nothing of it: it lost its memory, or the job is over elsewhere."""
        order = self._order
        last = await last_event(order.job_id)
        if last is not None and (is_complete(last.frame) or last.attempt > order.attempt):
            self.stop_unheard("it is over")
            return
        text = order.as_text()
        if await leases.restore(order.job_id, order.owner, text, order.attempt, self._worker):
            await self._inputs.begin_again()

    async def run(self, host: Host) -> dict[str, Any] | None:
        started_at = time.time()
        if not await patiently(self._begin):
            await self._settle(0.0)
            return None
        async with self._inputs:
            result = await execute_interactive(
                host,
                self._spec(),
                self._emit,
                self._inputs,
                replay=self._inputs.replayed,
                attempt=self._order.attempt,
                worker=self._worker,
            )
        await self._settle(result.cpu_time_s)
        if self._ended_unheard:
            logger.warning("job %s ended unheard: %s", self._order.job_id, self._unheard)
            return None
        return self._facts(result, started_at)

    async def _begin(self) -> bool:
        """A later attempt goes on where the journal is; False where the job is over by now."""
        order = self._order
        if order.attempt == 1:
            return True
        seq, last = 0, await last_event(order.job_id)
        if last is None or last.attempt < order.attempt:
            # Whoever took it up died before this was said, or says it in this moment.
            seq = await publish_restart(order.job_id, order.attempt, LOST)
            last = None if seq else await last_event(order.job_id)
        if last is not None and last.attempt == order.attempt and not is_complete(last.frame):
            seq = last.seq
        self._publisher = self._publisher_from(seq)
        return bool(seq)

    def _publisher_from(self, seq: int) -> Publisher:
        order = self._order
        # Held to a reader's pace a program may write for hours: Redis need not keep it all.
        least = FLOW_JOURNAL_WINDOWS * conf().flow_window_bytes if order.flow_control else None
        return Publisher(order.job_id, order.attempt, seq, payers=order.payers, journal_bytes=least)

    async def _settle(self, cpu_time_s: float) -> None:
        """This attempt is over; and with the job what it kept of its owner's share."""
        order = self._order
        self.settled = True
        try:
            await quotas.charge_cpu(order.payers, cpu_time_s)
            if self._ended_unheard:
                return  # by its lease others find it
            if await leases.release(order.job_id, self._worker, order.attempt):
                await quotas.release(order.job_id, order.payers)
        except (RedisError, OSError) as error:
            # The lease runs out; whoever takes the job up then finds its end.
            logger.warning("job %s is not settled: %s", order.job_id, error)

    async def _emit(self, events: Sequence[Event]) -> None:
        if self._unheard:
            return
        try:
            await self._wait_for_the_reader()
            size = await self._publisher.publish(events)
            self._said_the_end = isinstance(events[-1], Complete)
            if self._window is not None:
                self._window.sent(self._publisher.seq, size)
        except (SupersededError, RedisError, OSError) as error:
            self.stop_unheard(error)

    async def _wait_for_the_reader(self) -> None:
        if self._window is None or not self._window.full:
            return
        try:
            await self._window.wait(self._spec().run_limits.input_timeout_s)
        except TimeoutError:
            self.cancel("Nobody took the program's output any more.")  # opens the window

    def _spec(self) -> RunSpec:
        order, language = self._order, languages()[self._order.language]
        limits: Any = order.limits
        if limits.get("memory") is not None:
            limits = {**limits, "memory": max(limits["memory"], LEAST_MEMORY_BYTES)}
        return RunSpec(
            job_id=order.job_id,
            language=language,
            files=order.files,
            # The compiler is ours: what a client asks for is about its program.
            compile_limits=language.compile_limits,
            run_limits=language.run_limits.lowered(**limits),
            args=order.args,
            stdin=order.stdin,
            tty=order.tty,
            cols=order.cols,
            rows=order.rows,
            owner=order.owner,
        )

    def _facts(self, result: RunResult, started_at: float) -> dict[str, Any]:
        return result_facts(
            result.complete.model_dump(mode="json"),
            worker=self._worker,
            attempt=self._order.attempt,
            output_bytes=result.output_bytes,
            started_at=started_at,
        )
