"""For those who read the page by ear, by keyboard or in colours of their own: none of its states
breaks a rule of WCAG 2.2 AA that axe-core can check, and nothing is said by a background alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, Open
from tests.browser.ide import Ide
from tests.browser.test_files import add, choose
from tests.browser.test_shared import shared
from tests.browser.test_watching import link_of
from tests.stack import CHECKOUT, Stack

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = CHECKOUT / "frontend/node_modules/axe-core/axe.min.js"
PHONE = (390, 844)
# `target-size` belongs to WCAG 2.2 and is off by itself.
RUN = """() => axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"],
    rules: {"target-size": {enabled: true}},
})"""
# Colours may change in steps.
SETTLED = """() => Promise.all(document.getAnimations()
    .filter((each) => each instanceof CSSTransition)
    .map((each) => each.finished.catch(() => null)))"""
TALKS = """\
import sys
print("see http://one.example/")
print("oh", file=sys.stderr)
input("Name? ")
"""
FAILS = "def divide(number):\n    return number / 0\n\n\ndivide(1)\n"
BROKEN = "int main(void) {\n    return number;\n}\n"


def look(page: Page) -> dict[str, Any]:
    """What axe-core says. Evaluated, since the content security policy lets nobody add a script."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate(RUN)
    return found


def violations(page: Page) -> list[str]:
    return [
        f"{broken['id']} ({broken['help']}): {node['html'][:160]}: {node['failureSummary']}"
        for broken in look(page)["violations"]
        for node in broken["nodes"]
    ]


def empty(ide: Ide) -> None:
    ide.choose("python")
    expect(ide.code).to_contain_text("What is your name?")


def running(ide: Ide) -> None:
    ide.start("while True:\n    pass")
    ide.is_running()


def waiting(ide: Ide) -> None:
    # Its time may be over by now, on a machine that is busy.
    ide.page.evaluate("document.querySelector('[data-testid=stop]')?.click()")
    expect(ide.part("run")).to_be_visible()
    ide.start(TALKS)
    ide.is_asked("Name?")


def finding(ide: Ide) -> None:
    ide.page.get_by_role("button", name="Find", exact=True).click()
    ide.part("find").fill("see")
    expect(ide.part("found")).to_have_text("1 of 1")


def links_open(ide: Ide) -> None:
    ide.page.get_by_role("button", name="Close the search").click()
    ide.page.get_by_role("button", name="Links").click()
    expect(ide.part("links")).to_be_visible()


def finished(ide: Ide) -> None:
    ide.page.get_by_role("button", name="Close", exact=True).click()
    ide.answer("Ada")
    ide.has_ended()


def options_open(ide: Ide) -> None:
    ide.part("options").click()
    ide.part("input-from-text").check()
    ide.part("args").fill("--name 'Ada L.'")
    ide.part("limit-memory").fill("99999")
    expect(ide.part("run-options")).to_contain_text("This server allows")


def failed(ide: Ide) -> None:
    ide.page.get_by_role("button", name="Reset").click()
    ide.page.get_by_role("button", name="Done").click()
    ide.start(FAILS)
    expect(ide.problem).to_be_visible()


def several_files(ide: Ide) -> None:
    add(ide, "util.py", "def twice(number):\n    return 2 * number\n")


def menu_open(ide: Ide) -> None:
    ide.page.get_by_role("button", name="Program menu").click()
    expect(ide.page.get_by_role("menu")).to_be_visible()


def settings_open(ide: Ide) -> None:
    ide.page.keyboard.press("Escape")
    choose(ide, "Settings")
    expect(ide.page.get_by_role("dialog")).to_be_visible()


def searching_the_program(ide: Ide) -> None:
    ide.page.keyboard.press("Escape")
    choose(ide, "Find and replace")
    expect(ide.page.get_by_role("textbox", name="Replace with")).to_be_visible()


def compile_error(ide: Ide) -> None:
    ide.page.keyboard.press("Escape")
    ide.start(BROKEN, "c")
    ide.has_ended("compile_error")
    expect(ide.part("editor").locator(".cm-error-line")).to_be_visible()


def saving(ide: Ide) -> None:
    ide.start("print('kept')")
    ide.has_ended()
    ide.code.click()
    ide.page.keyboard.press("Control+s")
    expect(ide.part("program-name")).to_be_visible()


def my_runs(ide: Ide) -> None:
    ide.part("program-name").fill("kept")
    ide.page.keyboard.press("Enter")
    expect(ide.part("file-note")).to_contain_text("Saved as kept.")
    ide.open_mine()
    ide.entry("runs").get_by_role("button", name="Source").click()
    expect(ide.part("run-source")).to_be_visible()


def my_programs(ide: Ide) -> None:
    ide.part("tab-programs").click()
    ide.entry("programs").get_by_role("button", name="Share").click()
    expect(ide.part("program-link")).to_be_visible()


def renaming(ide: Ide) -> None:
    ide.entry("programs").get_by_role("button", name="Rename").click()
    expect(ide.entry("programs").get_by_role("textbox")).to_be_visible()


def sharing_a_run(ide: Ide) -> None:
    ide.page.keyboard.press("Escape")
    ide.page.keyboard.press("Escape")
    expect(ide.dialog).to_have_count(0)
    ide.part("watch").click()
    ide.press("Make a link")
    expect(ide.part("watch-link")).to_be_visible()
    ide.part("account-name").fill("ada")
    ide.page.keyboard.press("Enter")
    expect(ide.part("sharers")).to_contain_text("ada")


def sharing_an_earlier_run(ide: Ide) -> None:
    ide.page.keyboard.press("Escape")
    ide.open_mine()
    ide.entry("runs").get_by_role("button", name="Share").click()
    expect(ide.part("sharers")).to_contain_text("ada")


# In this order: each begins where the one before has left the page.
STATES: list[Callable[[Ide], None]] = [
    empty,
    running,
    waiting,
    finding,
    links_open,
    finished,
    options_open,
    failed,
    several_files,
    menu_open,
    settings_open,
    searching_the_program,
    compile_error,
    saving,
    my_runs,
    my_programs,
    renaming,
    sharing_a_run,
    sharing_an_earlier_run,
]
SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


def broken_rules(page: Page, size: tuple[int, int]) -> list[str]:
    """In this state; on a desktop in the dark too."""
    broken = violations(page)
    if size == DESKTOP:
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme)
            page.evaluate(SETTLED)
            if scheme == "dark":
                broken += [f"in the dark: {each}" for each in violations(page)]
    return broken


@SIZES
def test_no_state_of_the_page_breaks_a_rule(
    open_ide: Open, codr: Stack, size: tuple[int, int]
) -> None:
    ide = open_ide(codr, size, touch=size == PHONE)
    found: dict[str, list[str]] = {}
    for state in STATES:
        state(ide)
        if broken := broken_rules(ide.page, size):
            found[state.__name__] = broken
    assert found == {}


@SIZES
def test_no_page_of_a_link_breaks_a_rule(
    open_ide: Open, codr: Stack, size: tuple[int, int]
) -> None:
    owner = open_ide(codr)
    program = shared(owner, codr, TALKS)
    owner.run()
    owner.is_asked("Name?")
    run = link_of(owner, codr)
    owner.part("may-type").check()
    owner.page.keyboard.press("Escape")
    found: dict[str, list[str]] = {}
    for path in (program, run, f"/embed?language=python#code={quote(TALKS)}"):
        page = open_ide(codr, size, touch=size == PHONE, path=path)
        if broken := broken_rules(page.page, size):
            found[f"{path}, before"] = broken
        if path != run:
            page.run()
        page.is_asked("Name?")
        if broken := broken_rules(page.page, size):
            found[f"{path}, asked"] = broken
        page.answer("Ada")
        expect(page.result).to_have_attribute("data-status", "completed")
        if broken := broken_rules(page.page, size):
            found[f"{path}, over"] = broken
    assert found == {}


def test_what_is_wrong_in_the_dark_would_be_seen(ide: Ide) -> None:
    empty(ide)
    ide.page.evaluate("""() => {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(`@media (prefers-color-scheme: dark) {
            [data-testid=run] { color: #3a7a69 !important; }
        }`);
        document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    }""")
    broken = broken_rules(ide.page, DESKTOP)
    assert [line.split()[:4] for line in broken] == [["in", "the", "dark:", "color-contrast"]]


def test_what_is_wrong_would_be_seen(ide: Ide) -> None:
    empty(ide)
    rules = {rule["id"] for rule in look(ide.page)["passes"]}
    assert {"color-contrast", "label", "target-size", "button-name"} <= rules
    ide.page.evaluate("""() => {
        document.querySelector('[data-testid=run]').style.color = '#3a7a69';
        document.querySelector('[data-testid=run]').ariaLabel = '';
        document.querySelector('.tab').setAttribute('role', 'tabb');
    }""")
    assert {line.split()[0] for line in violations(ide.page)} >= {"color-contrast", "aria-roles"}


def test_the_systems_own_colours_hide_nothing(ide: Ide, screenshots: Path) -> None:
    ide.page.emulate_media(forced_colors="active")
    ide.start(FAILS)
    expect(ide.problem).to_be_visible()
    add(ide, "util.py", "X = 1\n")
    ide.page.get_by_role("tab").first.click()
    ide.part("options").click()
    ide.part("args").fill("one")
    ide.part("options").click()
    ide.picture(screenshots / "forced-colors.png")
    page = style(ide, "body", "backgroundColor")
    for mark in [".dot", ".set-dot", ".cm-lint-marker-error"]:
        assert style(ide, mark, "backgroundColor") != page, mark
    chosen = style(ide, ".tab[aria-selected=true]", "borderBottomColor")
    assert style(ide, ".tab[aria-selected=false]", "borderBottomColor") != chosen


def style(ide: Ide, selector: str, name: str) -> str:
    value: str = ide.page.locator(selector).first.evaluate(
        "(element, name) => getComputedStyle(element)[name]", name
    )
    return value
