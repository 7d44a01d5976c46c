"""Drives one run as a client would, and looks for what runs leave on the host."""

from __future__ import annotations

import asyncio
import base64
import itertools
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self, TypeVar

from executor_app.languages import find
from executor_app.protocol import (
    Cancel,
    Complete,
    Eof,
    Event,
    InputClosed,
    InputRequest,
    InputResponse,
    Output,
    Resize,
    Signal,
    Stage,
    Status,
    Stdin,
    Stream,
)
from executor_app.runner import cgroups, procfs
from executor_app.runner.cgroups import Cgroup
from executor_app.runner.host import Host
from executor_app.runner.run import Message, execute_interactive
from executor_app.runner.spec import RunResult, RunSpec

PATIENCE_S = 40.0
E = TypeVar("E", bound=Event)
_numbers = itertools.count(1)


def spec(
    language: str,
    code: str | bytes = "",
    *,
    files: Sequence[tuple[str, bytes]] = (),
    compile_limits: dict[str, Any] | None = None,
    limits: dict[str, Any] | None = None,
    **fields: Any,
) -> RunSpec:
    """A job of its own; `limits` changes single fields of the language's own."""
    found = find(language)
    source = code.encode() if isinstance(code, str) else code
    fields.setdefault("tty", fields.get("stdin") is None)
    return RunSpec(
        f"job-{os.getpid()}-{next(_numbers)}",
        found,
        list(files) or [(found.file_name, source)],
        replace(found.compile_limits, **(compile_limits or {})),
        replace(found.run_limits, **(limits or {})),
        **fields,
    )


class Talk:
    """A run that a test talks with. `async with` starts it and sees that it ends."""

    def __init__(
        self,
        host: Host,
        job: RunSpec,
        *,
        slow_sink_s: float = 0.0,
        replay: Sequence[Message] = (),
    ) -> None:
        self.host = host
        self.job = job
        self.events: list[Event] = []
        self.result: RunResult | None = None
        self._slow_sink_s = slow_sink_s
        self._replay = replay
        self._said: asyncio.Queue[Message] = asyncio.Queue()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[RunResult] | None = None

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(self, kind: object, *_: object) -> None:
        if kind is not None and self._task is not None and not self._task.done():
            self.say(Cancel(type="cancel"))
        await self.end()

    def start(self) -> None:
        self._task = asyncio.create_task(
            execute_interactive(
                self.host,
                self.job,
                self._emit,
                self._inputs(),
                replay=self._replay,
                worker="here",
            )
        )
        self._task.add_done_callback(lambda _: self._changed.set())

    async def _emit(self, events: Sequence[Event]) -> None:
        self.events += events
        self._changed.set()
        if self._slow_sink_s:
            await asyncio.sleep(self._slow_sink_s)

    async def _inputs(self) -> AsyncIterator[Message]:
        while True:
            yield await self._said.get()

    # --- what a client says --------------------------------------------------------------------

    def say(self, message: Message) -> None:
        self._said.put_nowait(message)

    def answer(self, line: str | None) -> None:
        """A line, or the end of input."""
        self.say(
            Eof(type="eof") if line is None else InputResponse(type="input_response", data=line)
        )

    def keys(self, data: bytes) -> None:
        text = base64.b64encode(data).decode()
        self.say(Stdin(type="stdin", data=text, encoding="base64"))

    def cancel(self) -> None:
        self.say(Cancel(type="cancel"))

    def resize(self, cols: int, rows: int) -> None:
        self.say(Resize(type="resize", cols=cols, rows=rows))

    def signal(self, name: Any) -> None:
        self.say(Signal(type="signal", signal=name))

    # --- what it hears -------------------------------------------------------------------------

    @property
    def over(self) -> bool:
        return self._task is not None and self._task.done()

    async def until(self, true: Callable[[Talk], Any], within_s: float = PATIENCE_S) -> None:
        """Waits for a condition; AssertionError with all that was heard if it cannot come."""
        async with asyncio.timeout(within_s):
            while not true(self):
                assert not self.over, f"it ended before: {self.events}"
                self._changed.clear()
                await self._changed.wait()

    async def asked(self, count: int = 1) -> InputRequest:
        await self.until(lambda talk: len(talk.requests) >= count)
        return self.requests[count - 1]

    async def asked_or_over(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while len(self.requests) < count and not self.over:
                self._changed.clear()
                await self._changed.wait()

    async def printed(self, text: str | bytes) -> None:
        wanted = text.encode() if isinstance(text, str) else text
        await self.until(lambda talk: wanted in talk.stdout + talk.stderr)

    async def end(self) -> Complete:
        assert self._task is not None
        async with asyncio.timeout(PATIENCE_S):
            self.result = await self._task
        assert self.events[-1] == self.result.complete
        assert len(self.of(Complete)) == 1
        return self.result.complete

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def complete(self) -> Complete:
        return self.of(Complete)[-1]

    @property
    def requests(self) -> list[InputRequest]:
        return self.of(InputRequest)

    @property
    def prompts(self) -> list[str]:
        return [request.prompt for request in self.requests]

    @property
    def closed(self) -> int:
        return len(self.of(InputClosed))

    @property
    def statuses(self) -> list[str]:
        return [status.status for status in self.of(Status)]

    def output(self, stream: Stream, stage: Stage = "run") -> bytes:
        found = self.of(Output)
        return b"".join(o.raw for o in found if (o.stream, o.stage) == (stream, stage))

    @property
    def stdout(self) -> bytes:
        return self.output("stdout")

    @property
    def stderr(self) -> bytes:
        return self.output("stderr")


async def hold(
    host: Host, job: RunSpec, answers: Sequence[str | None] = (), **options: Any
) -> Talk:
    """A whole conversation: each request is answered in turn, then the run ends by itself."""
    async with Talk(host, job, **options) as talk:
        for count, answer in enumerate(answers, 1):
            await talk.asked(count)
            talk.answer(answer)
    return talk


# --- what is left behind -----------------------------------------------------------------------


@contextmanager
def contained(host: Host) -> Iterator[Cgroup]:
    """A group above those of the host's jobs, as a container has; gives it to be limited."""
    outside = host.hierarchy
    assert outside is not None
    container = outside.create("container")
    folders = {c: place / f"{outside.prefix}container" for c, place in outside.places.items()}
    if outside.version == 2:
        cgroups._hand_down(folders["unified"])
    host.hierarchy = replace(outside, places=folders)
    try:
        yield container
    finally:
        host.hierarchy.remove_all()
        host.hierarchy = outside
        container.remove()


@dataclass(frozen=True)
class Traces:
    """What there is on this host that belongs to jobs of `host` or to this process."""

    processes: tuple[str, ...]
    mounts: tuple[str, ...]
    cgroups: tuple[str, ...]
    folders: tuple[str, ...]
    descriptors: tuple[str, ...]

    def add_nothing_to(self, before: Traces) -> None:
        """Other tests of this process may close what they have open: that is no trace of ours."""
        assert set(self.descriptors) - set(before.descriptors) == set()
        assert replace(self, descriptors=()) == replace(before, descriptors=())

    @classmethod
    def of(cls, host: Host) -> Traces:
        jobs = str(host.folder / "jobs")
        return cls(
            processes=tuple(sorted(_processes(host))),
            mounts=tuple(line for line in _mount_points() if line.startswith(jobs)),
            cgroups=tuple(
                str(group.folders[0])
                for group in (host.hierarchy.groups() if host.hierarchy else ())
            ),
            folders=tuple(sorted(os.listdir(jobs))) + tuple(_firejail_files(host)),
            descriptors=tuple(sorted(_descriptors())),
        )


# What other tests of the same session may have running below this process.
OTHERS = ("scripts.run", "redis-server", "playwright", "postgres")


def _processes(host: Host) -> set[str]:
    children = [pid for pid in procfs.descendants(os.getpid()) if procfs.parent(pid) == os.getpid()]
    ours = [pid for pid in children if not any(word in (_command(pid) or "") for word in OTHERS)]
    found = {pid for child in ours for pid in procfs.descendants(child)}
    uids = range(host.uid_base, host.uid_base + 1000)
    for name in os.listdir("/proc"):
        try:
            if name.isdecimal() and os.stat(f"/proc/{name}").st_uid in uids:
                found.add(int(name))
        except OSError:
            continue
    return {f"{pid} {_command(pid)}" for pid in found if procfs.lives(pid)}


def _command(pid: int) -> str | None:
    try:
        return (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        )
    except OSError:
        return None


def _mount_points() -> list[str]:
    return [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]


def _firejail_files(host: Host) -> list[str]:
    """Firejail writes down each of its sandboxes; over a day that would fill the ground."""
    folder = host.ground.root / "run/firejail"
    return [str(path) for path in folder.rglob("*") if path.is_file()]


def _descriptors() -> list[str]:
    found = []
    for fd in os.listdir("/proc/self/fd"):
        try:
            found.append(f"{fd} {os.readlink(f'/proc/self/fd/{fd}')}")
        except OSError:
            continue  # the one that listed the folder
    return found
