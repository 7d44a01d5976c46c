"""What watches over a program goes on after something that it could not deal with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from executor_app.protocol import Cancel, Resize, Signal
from executor_app.runner.inputwatch import InputWatch
from executor_app.runner.run import Message, _Run


async def test_what_comes_after_an_input_that_fails_is_taken(
    caplog: pytest.LogCaptureFixture,
) -> None:
    spec: Any = SimpleNamespace(job_id="a job", cols=80, rows=24)
    host: Any = SimpleNamespace(crowded=lambda: False)

    async def emit(events: object) -> None: ...

    def fail(name: str) -> None:
        raise OSError("the kernel's refusal")

    sizes: list[tuple[int, int]] = []
    ended: list[object] = []
    run = _Run(host, spec, emit, (), 1, None)
    stage: Any = SimpleNamespace(
        stage="run",
        send_signal=fail,
        resize=lambda cols, rows: sizes.append((cols, rows)),
        end=ended.append,
    )
    run._stage = stage

    async def inputs() -> AsyncIterator[Message]:
        yield Signal(type="signal", signal="SIGINT")
        yield Resize(type="resize", cols=90, rows=30)
        yield Cancel(type="cancel")

    await run.take_input(inputs())
    assert (sizes, len(ended)) == ([(90, 30)], 1)
    assert "a job" in caplog.text


def failing_once(looks: list[bool]) -> Callable[[], list[int]]:
    def pids() -> list[int]:
        looks.append(True)
        if len(looks) == 1:
            raise OSError("the kernel's refusal")
        return []

    return pids


async def test_a_look_that_fails_is_followed_by_another(caplog: pytest.LogCaptureFixture) -> None:
    stdin: Any = None
    looks: list[bool] = []
    watch = InputWatch(
        stdin,
        pids=failing_once(looks),
        held_up=lambda: False,
        drain=lambda: False,
        unread=lambda: 0,
        cpu_used_s=lambda: None,
        on_wait=lambda wait: None,
        on_resume=lambda: None,
    )
    watch.touch()
    async with asyncio.timeout(20):
        while len(looks) < 3:  # noqa: ASYNC110 - it calls nobody
            await asyncio.sleep(0.01)
    watch.stop()
    assert "not looked at" in caplog.text
