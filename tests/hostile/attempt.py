"""One attack over one running Codr, the way anybody can make it, and the judgement on it."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from websockets.exceptions import WebSocketException

from tests.hostile.canaries import Canaries
from tests.hostile.corpus import Attack
from tests.server.client import Client, Frame, connect

PATIENCE_S = 100.0
# No program here takes its compiler two seconds, and the compiler's limit is thirty.
STARVED_CPU_S = 5.0
PARTS = [(stream, stage) for stage in ("compile", "run") for stream in ("stdout", "stderr")]
ESCAPED = re.compile(rb"ESCAPED[^\r\n]*")


@dataclass(slots=True)
class Seen:
    """What came of an attack. Times are of the monotonic clock."""

    start: float
    end: float = 0.0
    frames: list[Frame] = field(default_factory=list)
    output: bytes = b""
    complete: Frame = field(default_factory=dict)
    broken: str = ""

    @property
    def job(self) -> str:
        return next((str(frame["job_id"]) for frame in self.frames if "job_id" in frame), "")

    @property
    def starved(self) -> bool:
        """The compiler's time went by while it had next to none of the processor."""
        ended = self.complete
        compiler = str(ended.get("message")).startswith("The compiler ran for longer")
        return compiler and float(ended["cpu_time"]) < STARVED_CPU_S


async def attempt(url: str, attack: Attack, places: Mapping[str, str]) -> Seen:
    """Makes the attack and sees it to its end; never raises for what the server does."""
    seen = Seen(time.monotonic())
    try:
        async with asyncio.timeout(PATIENCE_S), connect(url) as client:
            seen.frames = client.frames
            await client.send(attack.message(places))
            seen.complete = await _converse(client, attack)
    except (AssertionError, OSError, WebSocketException) as error:
        seen.broken = f"{type(error).__name__}: {error}"[:300]
    seen.end = time.monotonic()
    if seen.frames:
        seen.output = b"\n".join(client.bytes_of(*part) for part in PARTS)
    return seen


async def _converse(client: Client, attack: Attack) -> Frame:
    answers, to_send = iter(attack.answers), list(attack.then)
    while True:
        frame = await client.next()
        if frame["type"] == "complete":
            return frame
        if frame["type"] == "error":
            raise AssertionError(f"it was refused: {frame}")
        if frame["type"] == "input_request":
            answer = next(answers, None)
            if answer is not None:
                await client.answer(answer)
        while to_send and _is_ready(client, attack):
            await client.send(dict(to_send.pop(0)))


def _is_ready(client: Client, attack: Attack) -> bool:
    return attack.ready in client.text() if attack.ready else "running" in client.statuses()


def judge(attack: Attack, seen: Seen, canaries: Canaries) -> list[str]:
    """What went wrong; nothing where the attack got nowhere and ended as it should."""
    if seen.broken or not seen.complete:
        return [f"no proper end: {seen.broken or 'nothing came'}"]
    status, message = seen.complete["status"], seen.complete.get("message") or ""
    faults = [found.decode(errors="replace") for found in ESCAPED.findall(seen.output)]
    frames = repr(seen.frames).encode()
    faults += [f"leaked {what}" for what in canaries.leaked(frames + seen.output)]
    heard = canaries.listeners.between(seen.start, seen.end)
    faults += [f"was heard by the listener {what}" for what in sorted(set(heard))]
    if status not in attack.expect:
        faults.append(f"ended as {status} ({message}), not as {' or '.join(attack.expect)}")
    if not re.search(attack.reason, message):
        faults.append(f"gave {message!r} as the reason")
    faults += [f"did not say {text!r}" for text in attack.says if text.encode() not in seen.output]
    if status == "completed" and not attack.says and b"HELD" not in seen.output:
        faults.append("did not say that anything was refused")
    return faults
