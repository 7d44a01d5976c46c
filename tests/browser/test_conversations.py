"""A conversation with the example of each language, on a desktop and on phones."""

from __future__ import annotations

import re
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


def converse(ide: Ide, language: str) -> None:
    """The first question is answered by the input line, the second in the terminal itself."""
    ide.choose(language)
    ide.run()
    ide.is_asked("What is your name?")
    # Node's readline switches the terminal's echo off, and is not asking for a password.
    expect(ide.input_line).to_have_attribute("type", "text")
    expect(ide.cursor).to_have_count(1)
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


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_program_asks_and_is_answered(ide: Ide, language: str, screenshots: Path) -> None:
    converse(ide, language)
    ide.picture(screenshots / f"{language}-desktop.png")
    ide.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    ide.sees("Finished")
    ide.picture(screenshots / f"{language}-phone.png")


@pytest.mark.parametrize("size", [PHONE, SMALL_PHONE])
def test_the_conversation_fits_a_phone(
    open_ide: Open, codr: Stack, size: tuple[int, int], screenshots: Path
) -> None:
    ide = open_ide(codr, size, touch=True)
    converse(ide, "python")
    width = ide.page.evaluate("document.documentElement.scrollWidth")
    assert width == size[0], "the page is wider than the screen"
    ide.picture(screenshots / f"touch-{size[0]}.png")


@pytest.mark.parametrize("size", [DESKTOP, PHONE, SMALL_PHONE])
def test_the_question_is_there_at_every_size(
    open_ide: Open, codr: Stack, size: tuple[int, int], screenshots: Path
) -> None:
    ide = open_ide(codr, size, touch=size != DESKTOP)
    ide.choose("python")
    ide.run()
    ide.is_asked("What is your name?")
    expect(ide.input_line).to_be_in_viewport(ratio=1)
    expect(ide.part("stop")).to_be_in_viewport(ratio=1)
    ide.picture(screenshots / f"asked-{size[0]}.png")
