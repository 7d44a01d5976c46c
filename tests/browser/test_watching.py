"""Watch together: others see a run live by its link, and type as long as its owner lets them."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.stack import Stack

from .conftest import DESKTOP, Open
from .ide import Ide

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHONE = (390, 844)
SUMS = (
    "total = 0\nwhile line := input('Number? '):\n    total += int(line)\n    print('sum', total)\n"
)


def link_of(ide: Ide, stack: Stack) -> str:
    """The path of the run's link; its dialog stays open."""
    ide.part("watch").click()
    ide.press("Make a link")
    link = ide.part("watch-link").input_value()
    assert link.startswith(f"{stack.url}/watch/")
    return link.removeprefix(stack.url)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_two_people_at_one_program(open_ide: Open, codr: Stack, size: tuple[int, int]) -> None:
    owner = open_ide(codr)
    owner.start(SUMS)
    owner.is_asked("Number?")
    owner.answer("1")
    owner.sees("sum 1")
    path = link_of(owner, codr)
    visitor = open_ide(codr, size, touch=size == PHONE, path=path)
    # What was said before is there, the owner's answer too; nothing can be typed yet.
    visitor.sees("Number? 1\nsum 1\nNumber?")
    expect(visitor.part("typing")).to_have_text("You are watching.")
    expect(visitor.code).to_contain_text("total += int(line)")
    expect(visitor.input_line).to_have_count(0)
    owner.part("may-type").check()
    expect(visitor.part("typing")).to_have_text("You may type.")
    visitor.answer("20")
    for ide in (owner, visitor):
        ide.sees("Number? 20\nsum 21")
    owner.part("may-type").uncheck()
    expect(visitor.part("typing")).to_have_text("You are watching.")
    expect(visitor.input_line).to_have_count(0)
    owner.page.keyboard.press("Escape")
    owner.answer("300")
    for ide in (owner, visitor):
        ide.sees("Number? 300\nsum 321")
    owner.answer("")
    for ide in (owner, visitor):
        expect(ide.result).to_have_attribute("data-status", "completed")
    # Who comes later sees how it went.
    late = open_ide(codr, path=path)
    late.sees("Number? 1\nsum 1\nNumber? 20\nsum 21\nNumber? 300\nsum 321")


def test_a_link_that_is_taken_back_ends_what_it_showed(open_ide: Open, codr: Stack) -> None:
    owner = open_ide(codr)
    owner.start(SUMS)
    owner.is_asked("Number?")
    path = link_of(owner, codr)
    visitor = open_ide(codr, path=path)
    visitor.sees("Number?")
    owner.press("Take the link back")
    expect(visitor.part("nothing")).to_contain_text("no longer shared with you")
    owner.page.keyboard.press("Escape")
    owner.answer("5")
    owner.sees("sum 5")
    visitor.watch.expect_complaint("404")
    visitor.page.reload()
    expect(visitor.part("nothing")).to_contain_text("This link leads to no run.")
    owner.stop()
    owner.has_ended("cancelled")


def test_a_password_is_shown_to_nobody(open_ide: Open, codr: Stack) -> None:
    owner = open_ide(codr)
    owner.start("import getpass\nprint(len(getpass.getpass('Password? ')))\ninput('Done? ')")
    owner.is_asked("Password?")
    path = link_of(owner, codr)
    visitor = open_ide(codr, path=path)
    visitor.sees("Password?")
    owner.page.keyboard.press("Escape")
    owner.answer("swordfish")
    visitor.sees("Password? \n9\nDone?")
    assert "swordfish" not in visitor.shown()
    owner.answer("")
    owner.has_ended()


@pytest.mark.parametrize(
    ("width", "dark"), [(1280, False), (1280, True), (390, False), (320, True)]
)
def test_watching_fits_any_screen(
    open_ide: Open, codr: Stack, screenshots: Path, width: int, dark: bool
) -> None:
    owner = open_ide(codr, (width, 800), touch=width < 500, dark=dark)
    owner.start(SUMS)
    owner.is_asked("Number?")
    path = link_of(owner, codr)
    owner.part("may-type").check()
    name = f"{width}-{'dark' if dark else 'light'}"
    owner.picture(screenshots / f"watch-dialog-{name}.png")
    visitor = open_ide(codr, (width, 800), touch=width < 500, dark=dark, path=path)
    visitor.is_asked("Number?")
    assert (owner.is_too_wide(), visitor.is_too_wide()) == (0, 0)
    visitor.picture(screenshots / f"watch-{name}.png")
    owner.page.keyboard.press("Escape")
    owner.stop()
    owner.has_ended("cancelled")
