"""A program that prints for ever is held to the page's pace: what is on its way stays small."""

from __future__ import annotations

import json
import re
from collections import deque
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import WebSocket, expect

from .ide import Ide
from .test_page import ENDLESS_LINES, MEASURE_FRAMES

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MIB = 1024 * 1024
WINDOW = MIB  # of CODR_FLOW_WINDOW_BYTES, by default


@dataclass
class Wire:
    """What went over a socket: how far the server ran ahead of what the page acknowledged."""

    received: int = 0
    most_ahead: int = 0
    after_stop: int = 0
    stopped: bool = False
    _ahead: deque[tuple[int, int]] = field(default_factory=deque)

    def listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._hear)
        socket.on("framesent", self._say)

    def _hear(self, data: str | bytes) -> None:
        frame = json.loads(data)
        self.received += len(data)
        if self.stopped:
            self.after_stop += len(data)
        if "seq" in frame:
            self._ahead.append((frame["seq"], len(data)))
            self.most_ahead = max(self.most_ahead, sum(size for _, size in self._ahead))

    def _say(self, data: str | bytes) -> None:
        frame = json.loads(data)
        self.stopped |= frame["type"] == "cancel"
        while frame["type"] == "ack" and self._ahead and self._ahead[0][0] <= frame["seq"]:
            self._ahead.popleft()


def test_a_slow_page_holds_a_flood_and_stops_it_at_once(ide: Ide) -> None:
    wire = Wire()
    ide.page.on("websocket", wire.listen)
    browser = ide.page.context.new_cdp_session(ide.page)
    browser.send("Emulation.setCPUThrottlingRate", {"rate": 2})
    browser.send("Performance.enable")

    def heap() -> float:
        browser.send("HeapProfiler.collectGarbage")
        found = browser.send("Performance.getMetrics")["metrics"]
        return float(next(each["value"] for each in found if each["name"] == "JSHeapUsedSize"))

    ide.page.evaluate(MEASURE_FRAMES)
    ide.start(ENDLESS_LINES)
    expect(ide.screen).to_have_text(re.compile(r"line \d{5}"))
    early = heap()
    expect(ide.screen).to_have_text(re.compile(r"line [3-9]\d{5}"), timeout=60_000)
    assert wire.received > 3 * WINDOW
    assert wire.most_ahead < WINDOW + MIB / 4
    assert heap() - early < 16 * MIB
    assert ide.page.evaluate("window.longest") < 4000
    ide.stop()
    ide.has_ended("cancelled")
    ide.sees("── Stopped")
    assert wire.after_stop < 4 * WINDOW
