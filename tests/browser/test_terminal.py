"""What the terminal has beside its conversation: a history, search, copying, links, kinds of text
that are told apart, sizes, and a pace that holds in a flood."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.stack import Stack

from .conftest import Open
from .ide import Ide

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ASKS_FOR_EVER = "while True:\n    print('got', repr(input('Next? ')))\n"
ASKS_FOR_A_PASSWORD = """\
from getpass import getpass
getpass('Word: ')
print('got', repr(input('Next? ')))
"""
MANY_LINES = "print('\\n'.join(f'line {n}' for n in range(2000)))\nprint('the end')\n"
FOUR_KINDS = """\
import sys
print("to stdout")
print("to stderr", file=sys.stderr)
input("Well? ")
"""
SIZES = """\
import curses

def main(screen):
    curses.curs_set(0)
    while True:
        rows, cols = screen.getmaxyx()
        screen.erase()
        screen.border()
        screen.addstr(1, 3, f"{rows} rows, {cols} columns")
        screen.addstr(2, 3, "second")
        screen.addstr(3, 9, "third")
        screen.addstr(rows - 2, cols - 8, "corner")
        screen.refresh()
        if screen.getch() == ord("q"):
            return

print("before it")
curses.wrapper(main)
print("after it")
"""
# As full-screen editors do: the other screen, places by number, a scrolling region, lines put in.
FULL_SCREEN = """\
import os, sys, termios, tty
before = termios.tcgetattr(0)
tty.setraw(0)
size = os.get_terminal_size()
def put(row, col, text):
    sys.stdout.write(f"\\x1b[{row};{col}H{text}")
sys.stdout.write("\\x1b[?1049h\\x1b[2J")
for row in range(1, size.lines):
    put(row, 1, f"row {row}")
put(size.lines, 1, "\\x1b[7m-- INSERT --\\x1b[0m")
sys.stdout.write(f"\\x1b[1;{size.lines - 1}r")
put(2, 1, "\\x1b[Lput in")
sys.stdout.write("\\x1b[r")
put(1, 5, "")
sys.stdout.flush()
while os.read(0, 1) != b"q":
    pass
sys.stdout.write("\\x1b[?1049l")
sys.stdout.flush()
termios.tcsetattr(0, termios.TCSADRAIN, before)
print("as it was")
"""
# Ten million bytes and a few, in lines that have colours as a build's do.
TEN_MEGABYTES = """\
line = "\\x1b[32mok\\x1b[0m " + "0123456789abcdef" * 5 + "\\n"
for _ in range(10_000_000 // len(line) + 1):
    print(line, end="")
print("all written")
input("Read it? ")
"""
FRAMES = """() => {
    window.frames_ms = [];
    let last = performance.now();
    const look = (now) => {
        window.frames_ms.push(now - last);
        last = now;
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""


def test_the_arrow_keys_bring_earlier_inputs_back(ide: Ide) -> None:
    ide.start(ASKS_FOR_EVER)
    ide.is_asked("Next?")
    for word in ("first", "second"):
        ide.answer(word)
        ide.sees(f"got '{word}'")
        ide.is_asked("Next?")
    ide.input_line.press_sequentially("thi")
    ide.input_line.press("ArrowUp")
    expect(ide.input_line).to_have_value("second")
    ide.input_line.press("ArrowUp")
    expect(ide.input_line).to_have_value("first")
    # In the terminal they are the same.
    ide.press_in_terminal("ArrowDown")
    ide.page.keyboard.press("ArrowDown")
    expect(ide.input_line).to_have_value("thi")
    ide.page.keyboard.press("ArrowUp")
    ide.page.keyboard.press("ArrowUp")
    ide.page.keyboard.type("ly\n")
    ide.sees("got 'firstly'")


def test_earlier_inputs_survive_a_reload_and_belong_to_their_language(ide: Ide) -> None:
    ide.start("input('Name? ')")
    ide.is_asked("Name?")
    ide.answer("Ada")
    ide.has_ended()
    ide.page.reload()
    ide.run()
    ide.is_asked("Name?")
    ide.input_line.press("ArrowUp")
    expect(ide.input_line).to_have_value("Ada")
    ide.stop()
    ide.has_ended("cancelled")
    ide.choose("javascript")
    ide.run()
    ide.is_asked("What is your name?")
    ide.input_line.press("ArrowUp")
    expect(ide.input_line).to_have_value("")
    ide.stop()
    ide.has_ended("cancelled")


def test_a_password_is_in_no_history(ide: Ide) -> None:
    ide.start(ASKS_FOR_A_PASSWORD)
    ide.is_asked("Word:")
    ide.answer("secret")
    ide.is_asked("Next?")
    ide.input_line.press("ArrowUp")
    expect(ide.input_line).to_have_value("")
    assert "secret" not in ide.page.evaluate("JSON.stringify(localStorage)")
    ide.answer("x")
    ide.has_ended()


def test_what_scrolled_away_is_found(ide: Ide) -> None:
    ide.start(MANY_LINES)
    ide.has_ended()
    expect(ide.span("line 77")).to_have_count(0)
    ide.part("terminal").click()
    ide.page.keyboard.press("Control+Shift+F")
    expect(ide.part("find")).to_be_focused()
    ide.page.keyboard.type("LINE 77")
    # 77, 770 to 779, and the last of them first.
    expect(ide.part("found")).to_have_text("11 of 11")
    # In pieces: what was found has a colour of its own.
    expect(ide.page.locator(".xterm-rows > div", has_text="line 779")).to_be_visible()
    ide.page.keyboard.press("Enter")
    expect(ide.part("found")).to_have_text("10 of 11")
    ide.page.keyboard.press("Shift+Enter")
    expect(ide.part("found")).to_have_text("11 of 11")
    ide.page.get_by_role("button", name="Match upper and lower case").click()
    expect(ide.part("found")).to_have_text("Nothing found")
    ide.page.keyboard.press("Tab")
    ide.part("find").press("Escape")
    expect(ide.part("find")).to_have_count(0)
    expect(ide.page.locator(".xterm-helper-textarea")).to_be_focused()


def test_a_search_does_not_change_the_size_that_the_program_sees(ide: Ide) -> None:
    ide.start(ASKS_FOR_EVER)
    ide.is_asked("Next?")
    before = ide.page.locator(".xterm-screen").bounding_box()
    ide.page.get_by_role("button", name="Find").click()
    expect(ide.part("find")).to_be_focused()
    assert ide.page.locator(".xterm-screen").bounding_box() == before
    # Nor does it hide any of what it looks through.
    search = ide.part("terminal-search").bounding_box()
    terminal = ide.part("terminal").bounding_box()
    assert search is not None
    assert terminal is not None
    assert search["y"] + search["height"] <= terminal["y"]
    ide.part("find").press("Escape")
    ide.stop()
    ide.has_ended("cancelled")


def test_the_selection_or_all_is_copied(ide: Ide) -> None:
    ide.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ide.start(MANY_LINES)
    ide.has_ended()
    ide.sees("the end")
    ide.page.get_by_role("button", name="Copy").click()
    expect(ide.part("copied")).to_have_text("Copied")
    copied: str = ide.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("line 0\nline 1\n")
    assert "line 1999\nthe end\n── Finished" in copied
    ide.span("the end").dblclick(force=True, position={"x": 10, "y": 8})
    ide.page.get_by_role("button", name="Copy").click()
    expect(ide.part("copied")).to_have_text("Copied")
    ide.page.wait_for_function("async () => (await navigator.clipboard.readText()).length < 20")
    assert ide.page.evaluate("navigator.clipboard.readText()").strip() == "the"


def test_copying_works_where_the_browser_keeps_its_clipboard_from_the_page(
    open_ide: Open, codr: Stack
) -> None:
    """As on a site without TLS."""

    def without_clipboard(page: Page) -> None:
        page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")

    ide = open_ide(codr, before=without_clipboard)
    ide.start("print('to be copied')")
    ide.has_ended()
    ide.sees("Finished")
    ide.page.get_by_role("button", name="Copy").click()
    expect(ide.part("copied")).to_have_text("Copied")
    ide.code.click()
    ide.page.keyboard.press("Control+a")
    ide.page.keyboard.press("Control+v")
    expect(ide.code).to_contain_text("to be copied")


def test_clear_leaves_the_question(ide: Ide) -> None:
    ide.start("print('gone')\ninput('Still there? ')")
    ide.is_asked("Still there?")
    ide.page.get_by_role("button", name="Clear").click()
    expect(ide.screen).to_have_text("Still there?")
    ide.answer("")
    ide.has_ended()


def test_a_link_is_opened_by_who_has_seen_its_address(ide: Ide, codr: Stack) -> None:
    address = f"{codr.url}/healthz?of=the-program"
    ide.start(f"print('look at', {address!r})")
    ide.has_ended()
    place = ide.span("healthz")
    place.click(position={"x": 150, "y": 8}, force=True)
    link = ide.part("links").get_by_role("link")
    expect(link).to_have_text(address)
    expect(link).to_be_focused()
    assert len(ide.page.context.pages) == 1
    with ide.page.context.expect_page() as opened:
        ide.page.keyboard.press("Enter")
    opened.value.wait_for_load_state()
    assert opened.value.url == address
    assert opened.value.evaluate("[window.opener, document.referrer]") == [None, ""]
    opened.value.close()
    ide.page.bring_to_front()
    link.press("Escape")
    expect(ide.part("links")).to_have_count(0)


def test_ctrl_opens_a_link_at_once(ide: Ide, codr: Stack) -> None:
    address = f"{codr.url}/healthz?of=the-program"
    ide.start(f"print('look at', {address!r})")
    ide.has_ended()
    place = ide.span("healthz")
    with ide.page.context.expect_page() as opened:
        place.click(position={"x": 150, "y": 8}, modifiers=["Control"], force=True)
    opened.value.wait_for_load_state()
    assert opened.value.url == address
    assert opened.value.evaluate("[window.opener, document.referrer]") == [None, ""]
    opened.value.close()


def test_links_can_be_reached_by_the_keyboard(ide: Ide) -> None:
    ide.start("print('http://one.example/a and\\nhttps://two.example/b.')\nprint('no link')")
    ide.has_ended()
    ide.page.get_by_role("button", name="Links").press("Enter")
    links = ide.part("links").get_by_role("link")
    expect(links).to_have_text(["https://two.example/b", "http://one.example/a"])
    assert [link.get_attribute("rel") for link in links.all()] == ["noopener noreferrer"] * 2
    ide.page.keyboard.press("Escape")
    expect(ide.part("links")).to_have_count(0)


def test_the_four_kinds_of_text_differ_without_colour(ide: Ide) -> None:
    ide.start(FOUR_KINDS)
    ide.is_asked("Well?")
    ide.answer("from me")
    ide.has_ended()
    ide.sees("── Finished")
    looks = [
        ide.span(text).first.evaluate(
            "node => [getComputedStyle(node).fontStyle, getComputedStyle(node).fontWeight]"
        )
        for text in ("to stdout", "to stderr", "from me", "── Finished")
    ]
    plain = ["normal", "400"]
    # A note is slanted as an error is, and has its mark.
    assert looks == [plain, ["italic", "400"], ["normal", "700"], ["italic", "400"]] or looks == [
        ["normal", "normal"],
        ["italic", "normal"],
        ["normal", "bold"],
        ["italic", "normal"],
    ]


def test_who_asks_for_more_contrast_gets_it(ide: Ide) -> None:
    ide.start(FOUR_KINDS)
    ide.is_asked("Well?")
    ide.answer("from me")
    ide.has_ended()
    error = ide.span("to stderr").first
    usual = error.evaluate("node => getComputedStyle(node).color")
    ide.page.emulate_media(contrast="more")
    colour = "node => getComputedStyle(node).color"
    ide.page.wait_for_function(
        "before => [...document.querySelectorAll('.xterm-rows span')]"
        ".filter(node => node.textContent.includes('to stderr'))"
        ".every(node => getComputedStyle(node).color !== before)",
        arg=usual,
    )
    assert contrast_on_white(ide.span("to stderr").first.evaluate(colour)) >= 7


def contrast_on_white(colour: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


def test_a_curses_program_draws_anew_in_a_new_size(ide: Ide) -> None:
    ide.start(SIZES)
    ide.sees("columns")
    first = drawn_size(ide)
    is_drawn(ide, first)
    ide.page.set_viewport_size({"width": 900, "height": 620})
    ide.page.wait_for_function(
        "before => !document.querySelector('[data-testid=terminal-log]').textContent"
        ".includes(before)",
        arg=f"{first[0]} rows, {first[1]} columns",
    )
    second = drawn_size(ide)
    assert second[0] < first[0]
    assert second[1] < first[1]
    is_drawn(ide, second)
    ide.press_in_terminal("q")
    ide.has_ended()
    ide.sees("before it\nafter it")


def drawn_size(ide: Ide) -> tuple[int, int]:
    said = re.compile(r"(\d+) rows, (\d+) columns")
    expect(ide.screen).to_have_text(said)
    match = said.search(ide.shown())
    assert match is not None
    return int(match[1]), int(match[2])


def is_drawn(ide: Ide, size: tuple[int, int]) -> None:
    """Each thing stands at its place, down to the last row and column."""
    rows, cols = size
    expect(ide.page.locator(".xterm-rows > div")).to_have_count(rows)
    ide.page.wait_for_function(
        """([rows, cols]) => {
            const lines = [...document.querySelectorAll('.xterm-rows > div')]
                .map(row => row.textContent.replaceAll('\\u00a0', ' '));
            const corner = lines[rows - 2].indexOf('corner');
            return lines[2].indexOf('second') === 3 && lines[3].indexOf('third') === 9
                && corner === cols - 8 && lines[rows - 1].trimEnd().length === cols
                && lines.filter(line => line.includes('second')).length === 1;
        }""",
        arg=[rows, cols],
    )


def test_a_full_screen_program_redraws_and_leaves_the_screen_as_it_was(ide: Ide) -> None:
    ide.start("print('before it', flush=True)\n" + FULL_SCREEN)
    ide.sees("-- INSERT --")
    expect(ide.page.locator(".xterm-rows > div").nth(0)).to_have_text("row 1")
    expect(ide.page.locator(".xterm-rows > div").nth(1)).to_have_text("put in")
    expect(ide.page.locator(".xterm-rows > div").nth(2)).to_have_text("row 2")
    expect(ide.page.locator(".xterm-rows > div").last).to_have_text("-- INSERT --")
    expect(ide.cursor).to_have_text("1")
    ide.press_in_terminal("q")
    ide.has_ended()
    ide.sees("before it\nas it was")
    assert "INSERT" not in ide.shown()


def test_ten_megabytes_leave_the_page_quick(ide: Ide, screenshots: Path) -> None:
    ide.choose("python")
    ide.write(TEN_MEGABYTES)
    ide.page.evaluate(FRAMES)
    ide.run()
    expect(ide.part("input-prompt")).to_have_text("Read it?", timeout=120_000)
    ide.sees("all written\nRead it?")
    frames = sorted(ide.page.evaluate("window.frames_ms"))
    figures = {
        "frames": len(frames),
        "median": round(frames[len(frames) // 2], 1),
        "95 of 100": round(frames[len(frames) * 95 // 100], 1),
        "longest": round(frames[-1], 1),
    }
    (screenshots / "frames.txt").write_text(f"{figures}\n")
    # A machine that others use is slow; a page that stood still for seconds would be another thing.
    assert figures["median"] < 100
    assert figures["95 of 100"] < 500
    assert figures["longest"] < 2000
    ide.answer("yes")
    ide.has_ended()
