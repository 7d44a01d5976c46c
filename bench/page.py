"""What a person waits for at the page, in a real Chromium and by its own clocks: until they can
write and run, how much is loaded for that, and the frames that are drawn while output floods in.

Each load is a new visitor's, with nothing kept from the one before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from playwright.sync_api import Browser, ViewportSize, expect

from tests.browser.chromium import started

from .figures import Effort, Line, Target, median, milliseconds, percentile

INTERACTIVE_TARGET_S: Final = 1.0
FIRST_LOAD_TARGET_KIB: Final = 350
KIB: Final = 1024
SIZE: Final[ViewportSize] = {"width": 1280, "height": 800}
ANSWER_MS: Final = 60_000
# A browser that has not drawn for as long as this is seen to stand still.
LONG_FRAME_S: Final = 0.1

# Interactive is the page when Run can be pressed and a letter comes to be in the program. It is
# looked for in the frame after, so that an editor that throws it out again is not taken for one.
MARK_INTERACTIVE: Final = """
window.interactive = new Promise((resolve, reject) => {
    const look = () => {
        const code = document.querySelector(".cm-content[contenteditable=true]");
        if (code === null || document.querySelector("[data-testid=run]:enabled") === null) {
            requestAnimationFrame(look);
            return;
        }
        code.focus();
        document.execCommand("insertText", false, "\\u00b6");
        requestAnimationFrame((now) => {
            if (code.textContent.includes("\\u00b6")) resolve(now);
            else look();
        });
    };
    requestAnimationFrame(look);
    setTimeout(() => reject(new Error("nothing can be written")), %d);
});
"""
# `encodedBodySize` is what came over the wire, without the head of each answer. Language packs, and
# what comes with them, the page asks for once it has heard of the languages.
TIMES: Final = """async () => {
    const interactive = await window.interactive;
    const [page] = performance.getEntriesByType("navigation");
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    const loaded = [page, ...performance.getEntriesByType("resource")];
    const heard = loaded.find(({name}) => name.endsWith("/api/languages")).responseStart;
    const isPack = ({startTime}) => startTime >= heard;
    const bytes = (entries) => entries.reduce((sum, {encodedBodySize}) => sum + encodedBodySize, 0);
    return {
        document: page.responseEnd,
        paint: paint.startTime,
        load: page.loadEventEnd,
        interactive,
        bytes: bytes(loaded.filter((entry) => !isPack(entry))),
        packs: bytes(loaded.filter(isPack)),
        requests: loaded.length,
    };
}"""
FLOOD: Final = """\
line = "x" * 63 + "\\n"
for n in range({mib} * 16):
    print(line * 1024, end="")
"""
WATCH_FRAMES: Final = """() => {
    window.drawn = [];
    let last = performance.now();
    const look = (now) => {
        window.drawn.push(now - last);
        last = now;
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""


@dataclass(frozen=True, slots=True)
class _Load:
    """One first load. Times in seconds since it was asked for, sizes in bytes."""

    MILLISECONDS: ClassVar = ("document", "paint", "load", "interactive")
    document_s: float
    paint_s: float
    load_s: float
    interactive_s: float
    bytes: int
    packs: int
    requests: int

    @classmethod
    def of(cls, found: dict[str, Any]) -> _Load:
        times = {f"{name}_s": found.pop(name) / 1000 for name in cls.MILLISECONDS}
        return cls(**times, **found)


def measure(target: Target, effort: Effort) -> Iterator[Line]:
    with started() as browser:
        _load(browser, target.url)  # the first one finds files that nobody has read yet
        loads = [_load(browser, target.url) for _ in range(effort.page_loads)]
        yield _interactive_line(target, loads)
        yield _size_line(target, loads)
        yield _frames_line(target, effort, _frames(browser, target.url, effort.page_flood_mib))


def _load(browser: Browser, url: str) -> _Load:
    with browser.new_context(viewport=SIZE) as context:
        page = context.new_page()
        page.add_init_script(MARK_INTERACTIVE % ANSWER_MS)
        page.goto(url)
        page.wait_for_load_state("networkidle")  # the language pack comes last
        return _Load.of(page.evaluate(TIMES))


def _frames(browser: Browser, url: str, mib: int) -> list[float]:
    """Seconds from each frame to the next, until the program has ended on the page."""
    with browser.new_context(viewport=SIZE) as context:
        page = context.new_page()
        page.goto(url)
        page.get_by_test_id("language").select_option("python")
        page.locator(".cm-content").click()
        page.keyboard.press("Control+a")
        page.keyboard.insert_text(FLOOD.format(mib=mib))
        page.evaluate(WATCH_FRAMES)
        page.get_by_test_id("run").click()
        result = page.get_by_test_id("result")
        expect(result).to_have_attribute("data-status", "completed", timeout=ANSWER_MS)
        return [ms / 1000 for ms in page.evaluate("window.drawn")]


def _interactive_line(target: Target, loads: list[_Load]) -> Line:
    interactive = [load.interactive_s for load in loads]
    paint, load = median([x.paint_s for x in loads]), median([x.load_s for x in loads])
    return Line(
        name="page_interactive",
        what="the page, from its address to a letter in the editor",
        sandbox=target.sandbox,
        ours=f"p50 {milliseconds(median(interactive))}, longest {milliseconds(max(interactive))}"
        f" (first paint {milliseconds(paint)}, loaded {milliseconds(load)})",
        target=f"p50 ≤ {INTERACTIVE_TARGET_S:g} s",
        met=median(interactive) <= INTERACTIVE_TARGET_S,
        numbers={
            "rounds": len(loads),
            "interactive_p50_s": median(interactive),
            "interactive_max_s": max(interactive),
            "document_p50_s": median([load.document_s for load in loads]),
            "paint_p50_s": paint,
            "load_p50_s": load,
        },
    )


def _size_line(target: Target, loads: list[_Load]) -> Line:
    most = max(loads, key=lambda load: load.bytes)
    if not most.packs:
        raise RuntimeError("no language pack was loaded, so what is counted is not the first load")
    return Line(
        name="page_size",
        what="the first load of the page, compressed, before the language pack",
        sandbox=target.sandbox,
        ours=f"{most.bytes / KIB:.0f} KiB in {most.requests} answers"
        f" (the pack and what comes with it {most.packs / KIB:.0f} KiB)",
        target=f"< {FIRST_LOAD_TARGET_KIB} KiB",
        met=most.bytes < FIRST_LOAD_TARGET_KIB * KIB,
        numbers={"bytes": most.bytes, "packs": most.packs, "requests": most.requests},
    )


def _frames_line(target: Target, effort: Effort, frames: list[float]) -> Line:
    slow = sum(frame > LONG_FRAME_S for frame in frames)
    return Line(
        name="page_frames",
        what=f"frames while {effort.page_flood_mib} MiB of output arrive at the page",
        sandbox=target.sandbox,
        ours=f"p50 {milliseconds(median(frames))}, p99 {milliseconds(percentile(frames, 99))}, "
        f"longest {milliseconds(max(frames))} ({len(frames)} in {sum(frames):.1f} s,"
        f" {slow} above {milliseconds(LONG_FRAME_S)})",
        numbers={
            "frames": len(frames),
            "whole_s": sum(frames),
            "p50_s": median(frames),
            "p99_s": percentile(frames, 99),
            "max_s": max(frames),
            "above_100_ms": slow,
        },
    )
