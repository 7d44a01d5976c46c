"""A conversation with the example of each language, on a desktop and on phones."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.stack import Stack

from .conftest import DESKTOP, Open
from .ide import Ide

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LANGUAGES = ["python", "javascript", "c", "cpp", "rust"]
PHONE = (390, 844)
SMALL_PHONE = (320, 640)
# What a phone has left while its keyboard is up.
ABOVE_KEYBOARD = (390, 420)

Picture = Callable[[str], None]


def converse(ide: Ide, language: str, picture: Picture) -> None:
    """The first question is answered by the input line, the second in the terminal itself."""
    ide.choose(language)
    expect(ide.input_line).to_have_count(0)
    ide.run()
    ide.is_asked("What is your name?")
    # Node's readline switches the terminal's echo off, and is not asking for a password.
    expect(ide.input_line).to_have_attribute("type", "text")
    expect(ide.input_line).to_be_focused()
    expect(ide.input_line).to_be_in_viewport(ratio=1)
    expect(ide.part("stop")).to_be_in_viewport(ratio=1)
    expect(ide.cursor).to_have_count(1)
    picture("asked")
    ide.answer("Ada")
    ide.sees("What is your name? Ada\nHello, Ada!")
    ide.is_asked("How old are you?")
    ide.type_in_terminal("36")
    ide.sees("How old are you? 36")
    ide.page.keyboard.press("Enter")
    ide.has_ended()
    expect(ide.input_line).to_have_count(0)
    expect(ide.cursor).to_have_count(0)
    ide.sees("How old are you? 36\nIn ten years you will be 46.")
    ide.sees("days.\n── Finished · exit code 0")
    expect(ide.status).to_have_text("Finished")
    expect(ide.result).to_contain_text("Exit code 0")
    expect(ide.result).to_contain_text(re.compile(r"\d (ms|s)"))
    picture("ended")


def fits(ide: Ide, width: int) -> bool:
    wide: int = ide.page.evaluate("document.documentElement.scrollWidth")
    return wide == width


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_program_asks_and_is_answered(
    open_ide: Open, codr: Stack, language: str, size: tuple[int, int], screenshots: Path
) -> None:
    ide = open_ide(codr, size, touch=size == PHONE)
    converse(
        ide, language, lambda when: ide.picture(screenshots / f"{language}-{size[0]}-{when}.png")
    )
    assert fits(ide, size[0])


@pytest.mark.parametrize("size", [SMALL_PHONE, ABOVE_KEYBOARD], ids=["small", "above_keyboard"])
def test_the_conversation_fits_little_room(
    open_ide: Open, codr: Stack, size: tuple[int, int], screenshots: Path
) -> None:
    ide = open_ide(codr, size, touch=True)
    converse(
        ide, "python", lambda when: ide.picture(screenshots / f"{size[0]}x{size[1]}-{when}.png")
    )
    assert fits(ide, size[0])


def test_the_page_is_dark_where_the_person_wants_it_dark(
    open_ide: Open, codr: Stack, screenshots: Path
) -> None:
    ide = open_ide(codr, dark=True)
    converse(ide, "rust", lambda when: ide.picture(screenshots / f"dark-{when}.png"))
    surfaces = ["body", "[data-testid=editor] .cm-editor", ".xterm .xterm-scrollable-element"]
    assert [is_dark(ide, surface) for surface in surfaces] == [True, True, True]
    ide.page.emulate_media(color_scheme="light")
    assert [is_dark(ide, surface) for surface in surfaces] == [False, False, False]


def is_dark(ide: Ide, selector: str) -> bool:
    colour = ide.page.locator(selector).evaluate("node => getComputedStyle(node).backgroundColor")
    parts = [int(part) for part in re.findall(r"\d+", colour)]
    assert len(parts) == 3, f"{selector} is see-through"
    return sum(parts) < 384


def test_each_tab_holds_a_conversation_of_its_own(open_ide: Open, codr: Stack) -> None:
    first = open_ide(codr)
    first.start("print('first hears', input('First? '))")
    second = open_ide(codr, beside=first)
    second.start("print('second hears', input('Second? '))")
    first.is_asked("First?")
    second.is_asked("Second?")
    second.answer("two")
    second.has_ended()
    first.answer("one")
    first.has_ended()
    first.sees("first hears one")
    second.sees("second hears two")
    assert "two" not in first.shown()
