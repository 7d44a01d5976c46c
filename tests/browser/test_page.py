"""The page itself: what it keeps, that it stays quick, and that it needs no mouse."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from playwright.sync_api import Error, expect

from tests.access.live.conftest import make_accounts
from tests.stack import Stack

from .conftest import Open
from .ide import Ide
from .test_account import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LINES = """\
for number in range(200_000):
    print("line", number)
print("all written")
input("Read it? ")
"""
ENDLESS_LINES = """\
number = 0
while True:
    print("line", number)
    number += 1
"""
MEASURE_FRAMES = """() => {
    window.longest = 0;
    let last = performance.now();
    const look = (now) => {
        window.longest = Math.max(window.longest, now - last);
        last = now;
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""


def test_a_persons_code_survives_a_reload(ide: Ide) -> None:
    ide.choose("c")
    ide.write("/* mine */\nint main(void) { return 7; }")
    ide.choose("python")
    ide.write("print('mine too')")
    ide.page.reload()
    expect(ide.part("language")).to_have_value("python")
    expect(ide.code).to_have_text("print('mine too')")
    ide.choose("c")
    expect(ide.code).to_contain_text("/* mine */")


def test_a_persons_code_survives_a_crash_of_its_tab_and_signing_in(
    open_ide: Open, codr: Stack
) -> None:
    ada = make_accounts(codr, ada=False)["ada"]
    crashed = open_ide(codr)
    crashed.choose("python")
    crashed.write("print('mine')")
    with crashed.page.expect_event("crash"), suppress(Error):
        crashed.page.goto("chrome://crash")  # which is never arrived at
    ide = open_ide(codr, beside=crashed)
    expect(ide.code).to_have_text("print('mine')")
    ide.page.get_by_role("link", name="Sign in").click()
    sign_in(ide.page, ada)
    expect(ide.part("account")).to_have_accessible_name(f"Your account: {ada.name}")
    expect(ide.part("language")).to_have_value("python")
    expect(ide.code).to_have_text("print('mine')")


def test_the_example_never_costs_anybody_their_code(ide: Ide) -> None:
    ide.choose("python")
    ide.write("print('mine')")
    ide.page.get_by_role("button", name="Load example").click()
    expect(ide.code).to_contain_text("What is your name?")
    ide.page.get_by_role("button", name="Back to my code").click()
    expect(ide.code).to_have_text("print('mine')")


def test_two_tabs_with_different_programs_keep_both(open_ide: Open, codr: Stack) -> None:
    first = open_ide(codr)
    second = open_ide(codr, beside=first)
    first.choose("python")
    first.write("print('the first tab')")
    second.choose("c")
    second.write("/* the second tab */")
    second.choose("python")
    second.write("print('the second tab')")
    first.page.reload()
    expect(first.code).to_have_text("print('the first tab')")
    second.page.reload()
    expect(second.code).to_have_text("print('the second tab')")
    first.page.close()
    third = open_ide(codr, beside=second)
    expect(third.code).to_have_text("print('the second tab')")


def test_another_language_leaves_a_running_program_alone(ide: Ide) -> None:
    ide.start("print('hello', input('Name? '))")
    ide.is_asked("Name?")
    ide.choose("rust")
    expect(ide.code).to_contain_text("fn main()")
    ide.answer("Ada")
    ide.has_ended()
    ide.sees("hello Ada")
    ide.choose("python")
    expect(ide.code).to_have_text("print('hello', input('Name? '))")
    # Each language has changes of its own to take back.
    ide.code.click()
    ide.page.keyboard.press("Control+z")
    expect(ide.code).to_contain_text("What is your name?")


def test_a_flood_leaves_the_page_quick(ide: Ide) -> None:
    ide.choose("python")
    ide.write(LINES)
    ide.page.evaluate(MEASURE_FRAMES)
    ide.run()
    ide.is_asked("Read it?")
    ide.sees("line 199999\nall written\nRead it?")
    # Not a measure of speed, which this machine may share: a page that parsed it all at once, or
    # once for every frame that came, would stand still for many seconds.
    assert ide.page.evaluate("window.longest") < 2000
    ide.answer("yes")
    ide.has_ended()


def test_a_program_that_never_stops_printing_can_be_stopped(ide: Ide) -> None:
    ide.start(ENDLESS_LINES)
    expect(ide.screen).to_have_text(re.compile(r"line \d{4}"))
    ide.stop()
    ide.has_ended("cancelled")
    ide.sees("── Stopped")


def test_everything_can_be_reached_by_the_keyboard(ide: Ide) -> None:
    ide.choose("python")
    ide.write("print('hello', input('Name? '))")
    ide.page.keyboard.press("Control+Enter")
    ide.is_asked("Name?")
    expect(ide.input_line).to_be_focused()

    ide.part("language").focus()
    reached = ["language"]
    while len(reached) < 30:
        # From the editor, where Tab indents, Escape lets it go on.
        if reached[-1] == "Program source":
            ide.page.keyboard.press("Escape")
        ide.page.keyboard.press("Tab")
        name = focused(ide)
        if not name:
            break
        reached.append(name)
    assert reached == [
        "language",
        "Load example",
        "mine",
        "account",
        "stop",
        "main",
        "New file",
        "Program menu",
        "Program source",
        "options",
        "watch",
        "Find",
        "Copy",
        "Clear",
        "Terminal keyboard",
        "input-line",
        "Send",
        "Ctrl+C: interrupt the program",
        "Ctrl+D: end of input",
    ]


def focused(ide: Ide) -> str:
    """Its test id, else the first sentence of its name; empty past the end of the page."""
    name: str = ide.page.evaluate(
        """() => {
            const at = document.activeElement;
            if (at === document.body) return "";
            return at.dataset.testid ?? at.getAttribute("aria-label") ?? at.textContent;
        }"""
    )
    return name.split(".")[0]


def test_a_conversation_needs_no_mouse(ide: Ide) -> None:
    ide.part("language").focus()
    ide.page.keyboard.type("Py")
    expect(ide.part("language")).to_have_value("python")
    ide.page.keyboard.press("Control+Enter")
    ide.is_asked("What is your name?")
    expect(ide.input_line).to_be_focused()
    ide.page.keyboard.type("Ada\n")
    ide.is_asked("How old are you?")
    expect(ide.input_line).to_be_focused()
    ide.page.keyboard.type("36\n")
    ide.has_ended()
    ide.sees("Hello, Ada!")


def test_questions_and_endings_are_announced(ide: Ide) -> None:
    said = ide.part("announcement")
    ide.start("input('Your move? ')")
    expect(said).to_have_text("Your move?")
    ide.answer("e4")
    ide.has_ended()
    expect(said).to_contain_text("Finished, Exit code 0")


# All that a screen reader says by itself.
LISTEN = """() => {
    window.said = [];
    const live = "[role=status], [role=alert], [aria-live=polite], [aria-live=assertive]";
    const hear = (changes) => {
        for (const {target} of changes) {
            const element = target instanceof Element ? target : target.parentElement;
            const region = element?.closest(live);
            const text = region?.textContent.trim();
            if (text && text !== window.said.at(-1)) window.said.push(text);
        }
    };
    const options = {subtree: true, childList: true, characterData: true};
    new MutationObserver(hear).observe(document.body, options);
}"""


def test_a_program_that_prints_much_is_not_read_aloud(ide: Ide) -> None:
    ide.choose("python")
    ide.write("for n in range(3000):\n    print('line', n)\ninput('Go on? ')")
    ide.page.evaluate(LISTEN)
    ide.run()
    ide.is_asked("Go on?")
    ide.sees("line 2999")
    ide.answer("yes")
    ide.has_ended()
    said = ide.page.evaluate("window.said")
    assert said[0] == "Go on?"
    assert [each.split(",")[0] for each in said] == ["Go on?", "Finished"]
