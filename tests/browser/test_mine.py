"""My work: one's runs once more, and programs that are kept under names."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.stack import Stack

from .conftest import DESKTOP, Open
from .ide import Ide

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHONE = (390, 844)
SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
ASKS = "import sys\nname = input('Name? ')\nprint('hello', name, *sys.argv[1:])\n"


# Beyond the padding of the dialog: too little to be scrolled to, and seen all the same.
JUTTING_OUT = """dialog => {
    const rightOf = (each) => each.getBoundingClientRect().right;
    const edge = rightOf(dialog) - parseFloat(getComputedStyle(dialog).paddingRight);
    const isOut = (each) => rightOf(each) > edge + 0.5;
    const inside = dialog.querySelectorAll("[role=tabpanel] button, [role=tabpanel] input");
    return [...inside].filter(isOut).map((each) => each.textContent || each.value);
}"""


def opened(open_ide: Open, codr: Stack, size: tuple[int, int]) -> Ide:
    return open_ide(codr, size, touch=size == PHONE)


def ran(ide: Ide) -> None:
    """A conversation with an argument, and then another program in its place."""
    ide.choose("python")
    ide.part("options").click()
    ide.part("args").fill("'from Codr'")
    ide.press("Done")
    ide.start(ASKS)
    ide.is_asked("Name?")
    ide.answer("Ada")
    ide.has_ended()
    ide.part("options").click()
    ide.part("args").fill("")
    ide.press("Done")
    ide.start("print('another')")
    ide.has_ended()


@SIZES
def test_a_run_is_found_with_its_source_and_what_was_said(
    open_ide: Open, codr: Stack, size: tuple[int, int]
) -> None:
    ide = opened(open_ide, codr, size)
    ran(ide)
    ide.open_mine()
    expect(ide.entry("runs", 0)).to_contain_text("print('another')")
    run = ide.entry("runs", 1)
    expect(run).to_contain_text("Python")
    expect(run).to_contain_text("Finished")
    run.get_by_role("button", name="Source").click()
    expect(ide.part("run-source")).to_contain_text("print('hello', name, *sys.argv[1:])")
    run.get_by_role("button", name="Transcript").click()
    # What was typed is in its place, and the other program is still in the editor.
    ide.sees("Name? Ada\nhello Ada from Codr\n── Finished")
    expect(ide.code).to_have_text("print('another')")
    ide.page.reload()
    ide.sees("Name? Ada\nhello Ada from Codr\n── Finished")


@SIZES
def test_a_run_is_run_again_and_nothing_is_lost(
    open_ide: Open, codr: Stack, size: tuple[int, int]
) -> None:
    ide = opened(open_ide, codr, size)
    ran(ide)
    ide.open_mine()
    ide.entry("runs", 1).get_by_role("button", name="Run again").click()
    expect(ide.code).to_contain_text("name = input('Name? ')")
    ide.run()
    ide.is_asked("Name?")
    ide.answer("Eve")
    ide.has_ended()
    ide.sees("hello Eve from Codr")
    ide.press("Undo")
    expect(ide.code).to_have_text("print('another')")
    ide.run()
    ide.has_ended()
    ide.sees("another")


def test_input_beforehand_comes_back_with_its_run(ide: Ide) -> None:
    ide.choose("python")
    ide.part("options").click()
    ide.part("input-from-text").check()
    ide.part("stdin").fill("one\ntwo\n")
    ide.start("import sys\nprint(len(sys.stdin.read()))")
    ide.has_ended()
    ide.part("options").click()
    ide.press("Reset")
    ide.open_mine()
    ide.entry("runs").get_by_role("button", name="Run again").click()
    ide.run()
    ide.has_ended()
    ide.sees("8\n── Finished")


def test_nothing_yet_teaches_what_to_press(ide: Ide) -> None:
    ide.open_mine()
    expect(ide.dialog).to_contain_text("Press Run, or Ctrl+Enter")
    ide.part("tab-programs").click()
    expect(ide.dialog).to_contain_text("Press Ctrl+S in the editor")
    ide.page.keyboard.press("ArrowLeft")
    expect(ide.part("tab-runs")).to_be_focused()
    ide.page.keyboard.press("Escape")
    expect(ide.part("mine")).to_be_focused()


def test_a_running_program_is_not_left_for_a_transcript(ide: Ide) -> None:
    ide.start("print('first')")
    ide.has_ended()
    ide.start("input('Still here? ')")
    ide.is_asked("Still here?")
    ide.open_mine()
    ide.entry("runs", 1).get_by_role("button", name="Transcript").click()
    expect(ide.dialog.get_by_role("alert")).to_contain_text("Stop it first")
    ide.page.keyboard.press("Escape")
    ide.answer("yes")
    ide.has_ended()


def test_what_is_typed_right_after_the_first_ctrl_s_is_the_name(ide: Ide) -> None:
    ide.choose("python")
    ide.write("print('kept')")
    ide.page.keyboard.press("Control+s")
    ide.page.keyboard.type("greeter\n")
    expect(ide.part("file-note")).to_contain_text("Saved as greeter.")
    expect(ide.code).to_have_text("print('kept')")


@SIZES
def test_a_program_is_saved_opened_renamed_and_deleted(
    open_ide: Open, codr: Stack, size: tuple[int, int]
) -> None:
    ide = opened(open_ide, codr, size)
    ide.watch.expect_complaint("409")  # a name that is taken
    ide.choose("python")
    ide.write("print('version 1')")
    ide.save_as("greeter")
    ide.write("print('version 2')")
    with ide.page.expect_response(lambda answer: answer.request.method == "PUT"):
        ide.page.keyboard.press("Control+s")
    expect(ide.part("file-note")).to_contain_text("Saved as greeter.")
    ide.choose("c")
    ide.write("int main(void) { return 0; }")
    ide.open_mine("programs")
    program = ide.entry("programs")
    program.get_by_role("button", name="Open").click()
    expect(ide.code).to_have_text("print('version 2')")
    expect(ide.part("language")).to_have_value("python")
    # Another of the same name takes its place only when one says so.
    ide.press("Load example")
    ide.write("print('version 3')")
    ide.page.keyboard.press("Control+s")
    ide.part("program-name").fill("greeter")
    ide.page.keyboard.press("Enter")
    expect(ide.dialog.get_by_role("alert")).to_contain_text("called greeter already")
    ide.press("Replace it")
    expect(ide.dialog).to_have_count(0)
    expect(ide.part("file-note")).to_contain_text("Saved as greeter.")
    ide.open_mine("programs")
    program.get_by_role("button", name="Rename").click()
    program.get_by_role("textbox").fill("shouter")
    ide.page.keyboard.press("Enter")
    expect(program).to_contain_text("shouter")
    expect(program).to_contain_text("print('version 3')")
    program.get_by_role("button", name="Delete").click()
    program.get_by_role("button", name="Really delete").click()
    expect(ide.part("programs").get_by_role("listitem")).to_have_count(0)
    ide.page.keyboard.press("Escape")
    expect(ide.code).to_have_text("print('version 3')")


@pytest.mark.parametrize(
    ("width", "dark"), [(1280, False), (1280, True), (390, False), (390, True), (320, False)]
)
def test_it_fits_any_screen(
    open_ide: Open, codr: Stack, screenshots: Path, width: int, dark: bool
) -> None:
    ide = open_ide(codr, (width, 800), touch=width < 500, dark=dark)
    ran(ide)
    name = f"{width}-{'dark' if dark else 'light'}"
    ide.picture(screenshots / f"ide-{name}.png")
    assert ide.is_too_wide() == 0
    ide.save_as("a name that is quite long, and then some, to see what becomes of it")
    ide.open_mine()
    expect(ide.entry("runs", 1)).to_be_visible()
    ide.entry("runs", 1).get_by_role("button", name="Source").click()
    expect(ide.part("run-source")).to_be_visible()
    ide.picture(screenshots / f"runs-{name}.png")
    ide.part("tab-programs").click()
    ide.entry("programs").get_by_role("button", name="Share").click()
    expect(ide.part("program-link")).to_be_visible()
    ide.picture(screenshots / f"programs-{name}.png")
    assert ide.dialog.evaluate("box => box.scrollWidth - box.clientWidth") == 0
    assert ide.dialog.evaluate(JUTTING_OUT) == []
    actions = ide.entry("programs").locator(".entry-actions")
    assert actions.evaluate("row => row.offsetHeight - row.children[0].offsetHeight") == 0
