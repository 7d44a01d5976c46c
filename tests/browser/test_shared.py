"""A saved program by its link: read, run by whoever looks at it as their own job, and copied."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.stack import Stack

from .conftest import DESKTOP, Open
from .ide import Ide

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHONE = (390, 844)


def shared(ide: Ide, stack: Stack, code: str) -> str:
    """The path of a link to a program of this page's person, who has it open in the editor."""
    ide.choose("python")
    ide.write(code)
    ide.save_as("greeter")
    ide.open_mine("programs")
    ide.entry("programs").get_by_role("button", name="Share").click()
    link = ide.part("program-link").input_value()
    assert link.startswith(f"{stack.url}/p/")
    ide.page.keyboard.press("Escape")
    return link.removeprefix(stack.url)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_visitor_reads_runs_and_takes_a_copy(
    open_ide: Open, codr: Stack, size: tuple[int, int]
) -> None:
    owner = open_ide(codr)
    path = shared(owner, codr, "print('hello', input('Name? '))")
    visitor = open_ide(codr, size, touch=size == PHONE, path=path)
    expect(visitor.page.get_by_text("greeter, a Python program")).to_be_visible()
    visitor.code.click()
    visitor.page.keyboard.type("x")
    expect(visitor.code).to_have_text("print('hello', input('Name? '))")
    visitor.page.keyboard.press("Control+Enter")
    visitor.is_asked("Name?")
    visitor.answer("Eve")
    visitor.has_ended()
    visitor.sees("hello Eve")
    # The job is the visitor's: the owner has not run anything.
    owner.open_mine()
    expect(owner.dialog).to_contain_text("Nothing yet")
    visitor.page.get_by_role("link", name="Edit a copy").click()
    expect(visitor.code).to_have_text("print('hello', input('Name? '))")
    expect(visitor.page).to_have_url(f"{codr.url}/")
    visitor.write("print('changed')")
    visitor.open_mine()
    expect(visitor.entry("runs")).to_contain_text("print('hello'")


def test_a_copy_sets_aside_what_was_there(open_ide: Open, codr: Stack) -> None:
    path = shared(open_ide(codr), codr, "print('theirs')")
    visitor = open_ide(codr)
    visitor.choose("python")
    visitor.write("print('mine')")
    visitor.page.goto(codr.url + path)
    visitor.page.get_by_role("link", name="Edit a copy").click()
    expect(visitor.code).to_have_text("print('theirs')")
    visitor.press("Undo")
    expect(visitor.code).to_have_text("print('mine')")


def test_a_link_that_was_taken_back_says_what_to_do(open_ide: Open, codr: Stack) -> None:
    owner = open_ide(codr)
    path = shared(owner, codr, "print(1)")
    owner.open_mine("programs")
    owner.entry("programs").get_by_role("button", name="Share").click()
    owner.press("Stop sharing")
    expect(owner.part("program-link")).to_have_count(0)
    visitor = open_ide(codr, path=path, expecting="404")
    expect(visitor.part("nothing")).to_contain_text("This link leads to no program.")
    visitor.page.get_by_role("link", name="Open Codr").click()
    expect(visitor.part("run")).to_be_visible()


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True), (320, False)])
def test_the_shared_page_fits_any_screen(
    open_ide: Open, codr: Stack, screenshots: Path, width: int, dark: bool
) -> None:
    path = shared(open_ide(codr), codr, "print('hello', input('Name? '))")
    visitor = open_ide(codr, (width, 800), touch=width < 500, dark=dark, path=path)
    visitor.run()
    visitor.is_asked("Name?")
    assert visitor.is_too_wide() == 0
    visitor.picture(screenshots / f"shared-{width}-{'dark' if dark else 'light'}.png")
    visitor.answer("Ada")
    visitor.has_ended()
