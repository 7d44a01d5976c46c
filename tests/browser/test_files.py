"""Programs of several files: made, dragged in, named, kept, run and taken home."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.stack import Stack

from .conftest import Open
from .ide import Ide

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHONE = (390, 844)
DROP = """(files) => {
    const carried = new DataTransfer();
    for (const [name, bytes] of files) carried.items.add(new File([new Uint8Array(bytes)], name));
    for (const type of ["dragenter", "dragover", "drop"]) {
        const at = document.querySelector(".cm-content");
        const options = { bubbles: true, cancelable: true, dataTransfer: carried };
        at.dispatchEvent(new DragEvent(type, options));
    }
}"""


def tabs(ide: Ide) -> Locator:
    return ide.page.get_by_role("tab")


def names(ide: Ide) -> Locator:
    return tabs(ide).locator(".tab-name")


def tab(ide: Ide, name: str) -> Locator:
    return ide.page.get_by_role("tab", name=name)


def choose(ide: Ide, item: str) -> None:
    ide.page.get_by_role("button", name="Program menu").click()
    ide.page.get_by_role("menuitem", name=item).click()


def add(ide: Ide, name: str, text: str) -> None:
    ide.page.get_by_role("button", name="New file").click()
    ide.page.get_by_label("File name").fill(name)
    ide.page.keyboard.press("Enter")
    expect(ide.page.get_by_role("dialog")).to_have_count(0)
    expect(tab(ide, name)).to_have_attribute("aria-selected", "true")
    expect(ide.code).to_be_focused()
    ide.write(text)


def drop(page: Page, *files: tuple[str, bytes]) -> None:
    page.evaluate(DROP, [[name, list(content)] for name, content in files])


def two_files(ide: Ide) -> None:
    ide.choose("python")
    ide.write("import util\nprint(util.twice(21))\n")
    add(ide, "util.py", "def twice(number):\n    return 2 * number\n")


def test_a_program_of_two_files_runs_and_survives_a_reload(ide: Ide, screenshots: Path) -> None:
    two_files(ide)
    ide.run()
    ide.has_ended()
    ide.sees("42")
    ide.picture(screenshots / "files.png")
    ide.page.reload()
    expect(names(ide)).to_have_text(["main.py", "util.py"])
    expect(tab(ide, "util.py")).to_have_attribute("aria-selected", "true")
    expect(ide.code).to_contain_text("def twice")
    tab(ide, "main.py").click()
    expect(ide.code).to_contain_text("import util")
    # Each file has changes of its own to take back.
    ide.write("print('one')")
    tab(ide, "util.py").click()
    ide.code.click()
    ide.page.keyboard.press("Control+z")
    expect(ide.code).to_contain_text("def twice")
    tab(ide, "main.py").click()
    ide.code.click()
    ide.page.keyboard.press("Control+z")
    expect(ide.code).to_contain_text("import util")


def test_the_main_file_is_the_one_that_runs(ide: Ide) -> None:
    ide.choose("python")
    ide.write("print('the first')")
    add(ide, "other.py", "print('the other')")
    choose(ide, "Make this the main file")
    expect(tab(ide, "other.py").get_by_role("img", name="Main file")).to_be_visible()
    ide.run()
    ide.has_ended()
    ide.sees("the other")
    assert "the first" not in ide.shown()


def test_a_file_can_have_another_name_but_not_a_bad_one(ide: Ide, screenshots: Path) -> None:
    two_files(ide)
    tab(ide, "util.py").press("F2")
    name = ide.page.get_by_label("File name")
    expect(name).to_be_focused()
    for bad, why in [
        ("main.py", "There is a file main.py already."),
        ("../x.py", "no dots alone"),
        ("-o.py", "does not begin with"),
        ("", "Give the file a name."),
    ]:
        name.fill(bad)
        name.press("Enter")
        expect(ide.page.get_by_role("dialog")).to_contain_text(why)
    ide.picture(screenshots / "rename.png")
    name.fill("lib/tools.py")
    name.press("Enter")
    expect(names(ide)).to_have_text(["main.py", "lib/tools.py"])
    tab(ide, "main.py").click()
    ide.write("from lib.tools import twice\nprint(twice(4))")
    ide.run()
    ide.has_ended()
    ide.sees("8")


def test_a_deleted_file_can_be_had_back(ide: Ide, screenshots: Path) -> None:
    two_files(ide)
    tab(ide, "main.py").click()
    choose(ide, "Delete")
    expect(names(ide)).to_have_text(["util.py"])
    expect(ide.code).to_contain_text("def twice")
    expect(ide.part("file-note")).to_contain_text("main.py was deleted.")
    ide.picture(screenshots / "deleted.png")
    ide.page.get_by_role("button", name="Undo").click()
    expect(names(ide)).to_have_text(["main.py", "util.py"])
    expect(ide.code).to_contain_text("import util")
    ide.run()
    ide.has_ended()
    ide.sees("42")


def test_the_last_file_cannot_be_deleted(ide: Ide) -> None:
    ide.choose("python")
    expect(tabs(ide)).to_have_count(1)
    tabs(ide).press("Delete")
    ide.page.get_by_role("button", name="Program menu").click()
    expect(ide.page.get_by_role("menuitem", name="Delete")).to_be_disabled()
    expect(tabs(ide)).to_have_count(1)


def test_files_that_are_dragged_in_are_added_and_read_by_the_program(ide: Ide) -> None:
    ide.choose("python")
    ide.write("print(open('data.txt', encoding='utf-8').read().upper())")
    drop(ide.page, ("data.txt", "größe\n".encode()), ("picture.png", b"\x89PNG\xff"))
    expect(names(ide)).to_have_text(["main.py", "data.txt"])
    expect(ide.code).to_have_text("größe")
    expect(ide.part("file-note")).to_contain_text("Not added: picture.png.")
    ide.run()
    ide.has_ended()
    ide.sees("GRÖSSE")
    # One of the same name is numbered, and takes the place of none.
    drop(ide.page, ("main.py", b"print('dropped')"))
    expect(names(ide)).to_have_text(["main.py", "data.txt", "main-2.py"])


def test_a_file_that_is_opened_takes_the_place_of_the_untouched_example(ide: Ide) -> None:
    ide.choose("python")
    expect(ide.code).to_contain_text("What is your name?")
    ide.part("file-chooser").set_input_files(
        {"name": "main.py", "mimeType": "text/x-python", "buffer": b"print('opened')\r\n"}
    )
    expect(names(ide)).to_have_text(["main.py"])
    expect(ide.code).to_have_text("print('opened')")
    ide.run()
    ide.has_ended()
    ide.sees("opened")


def test_one_file_or_all_can_be_downloaded(ide: Ide) -> None:
    two_files(ide)
    with ide.page.expect_download() as one:
        choose(ide, "Download this file")
    assert one.value.suggested_filename == "util.py"
    assert one.value.path().read_text() == "def twice(number):\n    return 2 * number\n"
    with ide.page.expect_download() as every:
        choose(ide, "Download all")
    assert every.value.suggested_filename == "codr-python.zip"
    with zipfile.ZipFile(io.BytesIO(every.value.path().read_bytes())) as packed:
        assert packed.testzip() is None
        assert packed.read("main.py") == b"import util\nprint(util.twice(21))\n"
        assert packed.read("util.py") == b"def twice(number):\n    return 2 * number\n"


def test_what_the_page_kept_before_it_knew_files_is_there(open_ide: Open, codr: Stack) -> None:
    old = {
        "codr:language": "c",
        "codr:source:c": "/* from before */\n",
        "codr:aside:c": "/* set aside before */\n",
        "codr:source:python": "print('from before')\n",
    }

    def keep(page: Page) -> None:
        page.add_init_script(
            f"for (const [key, value] of Object.entries({json.dumps(old)}))"
            "    localStorage.setItem(key, value);"
        )

    ide = open_ide(codr, before=keep)
    expect(ide.part("language")).to_have_value("c")
    expect(names(ide)).to_have_text(["main.c"])
    expect(ide.code).to_contain_text("/* from before */")
    choose(ide, "Earlier programs")
    expect(ide.page.get_by_role("dialog")).to_contain_text("/* set aside before */")
    ide.page.get_by_role("button", name="Bring back").click()
    expect(ide.code).to_contain_text("/* set aside before */")
    choose(ide, "Earlier programs")
    expect(ide.page.get_by_role("dialog")).to_contain_text("/* from before */")
    ide.page.keyboard.press("Escape")
    ide.choose("python")
    expect(ide.code).to_contain_text("from before")


def test_no_example_costs_anybody_any_of_their_programs(ide: Ide, screenshots: Path) -> None:
    two_files(ide)
    ide.page.get_by_role("button", name="Load example").click()
    expect(names(ide)).to_have_text(["main.py"])
    ide.write("print('another one')")
    ide.page.get_by_role("button", name="Load example").click()
    expect(ide.code).to_contain_text("What is your name?")
    ide.page.reload()
    choose(ide, "Earlier programs")
    programs = ide.page.get_by_role("dialog").get_by_role("listitem")
    expect(programs).to_have_count(2)
    expect(programs.first).to_contain_text("another one")
    expect(programs.last).to_contain_text("main.py, util.py")
    ide.picture(screenshots / "earlier.png")
    programs.last.get_by_role("button", name="Bring back").click()
    expect(names(ide)).to_have_text(["main.py", "util.py"])
    ide.run()
    ide.has_ended()
    ide.sees("42")


def test_a_full_browser_is_told_of_before_something_is_lost(open_ide: Open, codr: Stack) -> None:
    ide = open_ide(codr)
    ide.choose("python")
    ide.page.evaluate(
        """() => {
            Storage.prototype.setItem = () => {
                throw new DOMException("", "QuotaExceededError");
            };
        }"""
    )
    ide.write("print('mine')")
    expect(ide.part("file-note")).to_contain_text("no room to keep this program")
    ide.page.get_by_role("button", name="Load example").click()
    expect(ide.code).to_have_text("print('mine')")


def test_the_tabs_are_gone_through_by_arrow_keys(ide: Ide) -> None:
    two_files(ide)
    add(ide, "data.txt", "x")
    tab(ide, "data.txt").focus()
    for key, name in [
        ("ArrowRight", "main.py"),
        ("ArrowRight", "util.py"),
        ("End", "data.txt"),
        ("Home", "main.py"),
        ("ArrowLeft", "data.txt"),
    ]:
        ide.page.keyboard.press(key)
        expect(tab(ide, name)).to_be_focused()
        expect(tab(ide, name)).to_have_attribute("aria-selected", "true")
    panel = ide.page.get_by_role("tabpanel", name="data.txt")
    expect(panel).to_be_visible()
    assert tab(ide, "data.txt").get_attribute("aria-controls") == panel.get_attribute("id")
    ide.page.keyboard.press("Delete")
    expect(names(ide)).to_have_text(["main.py", "util.py"])


def test_the_menu_needs_no_mouse(ide: Ide) -> None:
    two_files(ide)
    button = ide.page.get_by_role("button", name="Program menu")
    button.press("ArrowDown")
    expect(ide.page.get_by_role("menuitem", name="New file")).to_be_focused()
    ide.page.keyboard.press("End")
    expect(ide.page.get_by_role("menuitem", name="Settings")).to_be_focused()
    ide.page.keyboard.press("e")
    expect(ide.page.get_by_role("menuitem", name="Earlier programs")).to_be_focused()
    ide.page.keyboard.press("Escape")
    expect(button).to_be_focused()
    button.press("Enter")
    ide.page.keyboard.press("ArrowUp")
    ide.page.keyboard.press("Enter")
    dialog = ide.page.get_by_role("dialog", name="Settings")
    expect(dialog).to_be_visible()
    ide.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(button).to_be_focused()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_many_files_fit_any_width(
    open_ide: Open, codr: Stack, width: int, screenshots: Path
) -> None:
    ide = open_ide(codr, (width, 720), touch=width < 1000)
    two_files(ide)
    for number in range(6):
        drop(ide.page, (f"a-rather-long-name-{number}.txt", b"x"))
        expect(tabs(ide)).to_have_count(3 + number)
    expect(tab(ide, "a-rather-long-name-5.txt")).to_be_in_viewport(ratio=0.6)
    for name in ("New file", "Program menu"):
        expect(ide.page.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
    assert ide.page.evaluate("document.documentElement.scrollWidth") <= width
    ide.picture(screenshots / f"many-files-{width}.png")
    ide.page.get_by_role("button", name="Program menu").click()
    expect(ide.page.get_by_role("menuitem", name="Settings")).to_be_visible()
    ide.picture(screenshots / f"menu-{width}.png")
    ide.page.get_by_role("menuitem", name="Settings").click()
    dialog = ide.page.get_by_role("dialog")
    expect(dialog).to_be_in_viewport(ratio=1)
    ide.picture(screenshots / f"settings-{width}.png")


def test_every_button_has_a_name(ide: Ide) -> None:
    two_files(ide)
    ide.page.get_by_role("button", name="Program menu").click()
    unnamed = ide.page.evaluate(
        """() => [...document.querySelectorAll("button, input, select")]
            .filter((at) => !at.hidden && at.getAttribute("aria-label") === null)
            .filter((at) => at.textContent.trim() === "" && at.labels?.length === 0)
            .map((at) => at.outerHTML)"""
    )
    assert unnamed == []
