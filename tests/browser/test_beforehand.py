"""What is given before a run (input, arguments, limits), and the output as its exact bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, expect

from tests.stack import Stack

from .conftest import Open
from .ide import Ide

pytestmark = [pytest.mark.browser, pytest.mark.slow]

READS_ALL = "import sys\nprint('got', repr(sys.stdin.read()), sys.stdin.isatty())\n"
REPEATS = "import sys\nsys.stdout.buffer.write(sys.stdin.buffer.read())\n"
TELLS_ARGUMENTS = "import sys\nprint(sys.argv[1:])\n"
# Every byte there is, and what a terminal, a line or a text would change.
BYTES = bytes(range(256)) + b"\r\n\r\x00\xff\xfe\xc3 \xe2\x82 end without a newline"
PHONE = (390, 844)
SMALL_PHONE = (320, 640)


def open_options(ide: Ide) -> None:
    ide.part("options").click()
    expect(ide.part("run-options")).to_be_visible()


def give_text(ide: Ide, text: str) -> None:
    open_options(ide)
    ide.part("input-from-text").check()
    ide.part("stdin").fill(text)


def saved(ide: Ide) -> tuple[str, bytes]:
    with ide.page.expect_download() as download:
        ide.page.get_by_role("button", name="Save").click()
    return download.value.suggested_filename, download.value.path().read_bytes()


def test_text_given_beforehand_is_all_the_input(ide: Ide) -> None:
    ide.choose("python")
    ide.write(READS_ALL)
    give_text(ide, "1 2\nthree")
    ide.run()
    ide.has_ended()
    expect(ide.part("run-options")).to_have_count(0)
    ide.sees("got '1 2\\nthree' False")


def test_a_program_whose_input_was_given_asks_for_none(ide: Ide) -> None:
    ide.choose("python")
    ide.write("print('hello', input('Name? '))\nprint('and', input('Name? '))")
    give_text(ide, "Ada\n")
    ide.run()
    ide.has_ended()
    ide.sees("hello Ada")
    ide.sees("EOFError")


def test_empty_text_is_the_end_of_input_at_once(ide: Ide) -> None:
    ide.choose("python")
    ide.write(READS_ALL)
    give_text(ide, "")
    ide.page.keyboard.press("Control+Enter")
    ide.has_ended()
    ide.sees("got '' False")


def test_a_run_without_a_terminal_can_be_interrupted(ide: Ide) -> None:
    ide.choose("python")
    ide.write(
        "print('computing', flush=True)\ntry:\n    while True:\n        pass\n"
        "except KeyboardInterrupt:\n    print('interrupted')\n"
    )
    give_text(ide, "")
    ide.run()
    ide.sees("computing")
    expect(ide.page.get_by_role("button", name="End of input")).to_have_count(0)
    ide.page.get_by_role("button", name="Interrupt the program").click()
    ide.has_ended()
    ide.sees("^C\ninterrupted")


def test_a_reload_finds_a_run_without_a_terminal_again(ide: Ide) -> None:
    ide.choose("python")
    ide.write("print('computing', flush=True)\nwhile True:\n    pass\n")
    give_text(ide, "")
    ide.run()
    ide.sees("computing")
    ide.page.reload()
    ide.sees("computing")
    expect(ide.page.get_by_role("button", name="End of input")).to_have_count(0)
    ide.press_in_terminal("Control+c")
    ide.has_ended("signaled")


def test_a_file_is_read_byte_by_byte_and_the_output_saved_so(ide: Ide) -> None:
    ide.choose("python")
    ide.write(REPEATS)
    open_options(ide)
    ide.part("input-from-file").check()
    chosen = FilePayload(name="every.bin", mimeType="application/octet-stream", buffer=BYTES)
    ide.part("stdin-file").set_input_files(chosen)
    expect(ide.part("run-options")).to_contain_text(f"every.bin, {len(BYTES)} bytes")
    ide.run()
    ide.has_ended()
    assert saved(ide) == ("output.bin", BYTES)


def test_a_file_that_is_too_large_is_refused_in_words(ide: Ide) -> None:
    ide.choose("python")
    open_options(ide)
    ide.part("input-from-file").check()
    large = FilePayload(name="x", mimeType="text/plain", buffer=b"x" * (1024 * 1024 + 1))
    ide.part("stdin-file").set_input_files(large)
    expect(ide.part("run-options")).to_contain_text("1 MB at most")
    ide.run()
    expect(ide.part("stdin-file")).to_be_focused()
    expect(ide.part("run-options")).to_contain_text("Choose a file")


def test_the_largest_input_arrives(ide: Ide) -> None:
    ide.choose("python")
    ide.write("import sys\nprint(len(sys.stdin.buffer.read()), 'bytes')")
    open_options(ide)
    ide.part("input-from-file").check()
    large = FilePayload(name="x", mimeType="text/plain", buffer=b"\xff" * (1024 * 1024))
    ide.part("stdin-file").set_input_files(large)
    expect(ide.part("run-options")).to_contain_text("too large to be kept")
    ide.run()
    ide.has_ended()
    ide.sees("1048576 bytes")


def test_the_output_of_a_terminal_is_saved_as_it_was_written(ide: Ide) -> None:
    ide.start(
        "import os, sys\nos.write(1, b'a\\tb\\r\\n\\x1b[31mred\\x1b[0m \\xff\\x00')\n"
        "print('no part of it', file=sys.stderr)\nos.write(1, 'ż\\n'.encode())\ninput('Well? ')"
    )
    ide.is_asked("Well?")
    ide.answer("typed")
    ide.has_ended()
    name, found = saved(ide)
    assert name == "output.bin"
    assert found.removesuffix(b"Well? ") == b"a\tb\r\n\x1b[31mred\x1b[0m \xff\x00\xc5\xbc\n"


def test_output_past_what_a_terminal_keeps_is_saved_whole(ide: Ide) -> None:
    ide.start("for n in range(300_000): print('line', n)")
    ide.has_ended()
    name, found = saved(ide)
    assert name == "output.txt"
    assert found == "".join(f"line {n}\n" for n in range(300_000)).encode()


def test_arguments_are_taken_apart_as_a_shell_does(ide: Ide) -> None:
    ide.choose("python")
    ide.write(TELLS_ARGUMENTS)
    open_options(ide)
    ide.part("args").fill("one 'two words' \"\" $HOME żółw")
    expect(ide.part("args-read")).to_have_text("5 arguments: onetwo words$HOMEżółw")
    ide.run()
    ide.has_ended()
    ide.sees("['one', 'two words', '', '$HOME', 'żółw']")


def test_a_quote_without_an_end_is_shown_and_nothing_runs(ide: Ide) -> None:
    ide.choose("python")
    open_options(ide)
    ide.part("args").fill("one 'two")
    ide.part("options").click()
    expect(ide.part("run-options")).to_have_count(0)
    ide.run()
    expect(ide.part("args")).to_be_focused()
    expect(ide.part("args")).to_have_attribute("aria-invalid", "true")
    expect(ide.part("run-options")).to_contain_text("A quote has no end")
    expect(ide.status).to_have_attribute("data-phase", "idle")


def test_a_run_can_be_held_to_less_than_the_server_allows(ide: Ide) -> None:
    ide.choose("python")
    ide.write("print('going', flush=True)\nwhile True:\n    pass\n")
    open_options(ide)
    ide.part("limit-cpu_time").fill("0.5")
    ide.run()
    ide.has_ended("time_limit")
    expect(ide.problem).to_contain_text("0.5")


def test_a_limit_above_the_servers_is_shown_and_nothing_runs(ide: Ide) -> None:
    ide.choose("python")
    open_options(ide)
    ide.part("limit-memory").fill("99999")
    expect(ide.part("run-options")).to_contain_text("This server allows 256 at most.")
    ide.run()
    expect(ide.part("limit-memory")).to_be_focused()
    expect(ide.status).to_have_attribute("data-phase", "idle")
    ide.part("limit-memory").fill("much")
    expect(ide.part("run-options")).to_contain_text("Write a number above 0")
    ide.page.get_by_role("button", name="Reset").click()
    ide.run()
    ide.is_asked("What is your name?")
    ide.stop()
    ide.has_ended("cancelled")


def test_output_that_was_cut_off_says_so(ide: Ide) -> None:
    ide.choose("python")
    ide.write("while True: print('on and on')")
    open_options(ide)
    ide.part("limit-output").fill("0.1")
    ide.run()
    ide.has_ended("output_limit")
    ide.sees("── The output was cut off here")
    expect(ide.result).to_contain_text("output was cut off")


def test_options_are_kept_for_each_language(ide: Ide) -> None:
    ide.choose("python")
    ide.write(READS_ALL + "print(sys.argv[1:])\n")
    give_text(ide, "kept\n")
    ide.part("args").fill("--too")
    ide.part("limit-cpu_time").fill("2")
    ide.page.reload()
    expect(ide.page.locator(".hint")).to_have_text(
        "Runs with 5 bytes of input given beforehand, 1 argument, 1 limit of your own."
    )
    open_options(ide)
    expect(ide.part("stdin")).to_have_value("kept\n")
    expect(ide.part("limit-cpu_time")).to_have_value("2")
    ide.choose("c")
    expect(ide.part("input-from-terminal")).to_be_checked()
    expect(ide.part("args")).to_have_value("")
    ide.choose("python")
    ide.run()
    ide.has_ended()
    ide.sees("got 'kept\\n' False\n['--too']")


def test_the_panel_needs_no_mouse(ide: Ide) -> None:
    ide.choose("python")
    ide.write(READS_ALL)
    ide.part("options").focus()
    ide.page.keyboard.press("Enter")
    expect(ide.part("input-from-terminal")).to_be_focused()
    ide.page.keyboard.press("ArrowDown")
    expect(ide.part("input-from-text")).to_be_checked()
    ide.page.keyboard.press("Tab")
    ide.page.keyboard.type("by keys")
    ide.page.keyboard.press("Escape")
    expect(ide.part("run-options")).to_have_count(0)
    expect(ide.part("options")).to_be_focused()
    ide.page.keyboard.press("Control+Enter")
    ide.has_ended()
    ide.sees("got 'by keys' False")


def test_a_question_is_answered_beside_the_open_panel(ide: Ide) -> None:
    ide.start("import time\ntime.sleep(1)\nprint('hello', input('Name? '))")
    open_options(ide)
    ide.part("args").fill("for the next run")
    ide.is_asked("Name?")
    # Who writes there is not called away.
    expect(ide.part("args")).to_be_focused()
    expect(ide.input_line).to_be_in_viewport(ratio=1)
    ide.input_line.click()
    ide.answer("Ada")
    ide.has_ended()


@pytest.mark.parametrize("size", [PHONE, SMALL_PHONE], ids=["phone", "small"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_all_of_it_fits_a_phone(
    open_ide: Open, codr: Stack, size: tuple[int, int], dark: bool, screenshots: Path
) -> None:
    ide = open_ide(codr, size, touch=True, dark=dark)
    name = f"options-{size[0]}-{'dark' if dark else 'light'}"
    ide.choose("python")
    ide.write("for n in range(3): print('http://one.example', input('Which? '))")
    open_options(ide)
    ide.part("args").fill("--name 'Ada L.'")
    ide.part("limit-cpu_time").fill("99")
    ide.part("input-from-text").check()
    ide.part("stdin").fill("1\n2\n")
    ide.picture(screenshots / f"{name}.png")
    nothing_is_cut(ide, size[0])
    ide.page.set_viewport_size({"width": size[0], "height": 400})
    ide.part("stdin").focus()
    expect(ide.part("stdin")).to_be_in_viewport()
    ide.picture(screenshots / f"{name}-keyboard.png")
    ide.page.set_viewport_size({"width": size[0], "height": size[1]})
    ide.part("limit-cpu_time").fill("")
    ide.part("input-from-terminal").check()
    ide.run()
    ide.is_asked("Which?")
    ide.answer("first")
    ide.sees("first")
    ide.is_asked("Which?")
    ide.page.get_by_role("button", name="Earlier input").tap()
    expect(ide.input_line).to_have_value("first")
    ide.picture(screenshots / f"asked-{name}.png")
    nothing_is_cut(ide, size[0])
    ide.page.get_by_role("button", name="Find").tap()
    ide.part("find").fill("one")
    expect(ide.part("found")).to_have_text("1 of 1")
    ide.picture(screenshots / f"find-{name}.png")
    nothing_is_cut(ide, size[0])
    ide.page.get_by_role("button", name="Close the search").tap()
    ide.page.get_by_role("button", name="Links").tap()
    expect(ide.part("links")).to_contain_text("http://one.example/")
    ide.picture(screenshots / f"links-{name}.png")
    ide.page.get_by_role("button", name="Interrupt the program").tap()
    ide.has_ended("signaled")


def nothing_is_cut(ide: Ide, width: int) -> None:
    assert ide.page.evaluate("document.documentElement.scrollWidth") == width
    small: list[str] = ide.page.evaluate(
        """width => [...document.querySelectorAll(
            '.terminal-panel button, .run-options input, .run-options textarea')]
            .filter(each => !each.disabled && !each.matches('.visually-hidden'))
            .map(each => [each.getBoundingClientRect(), each.ariaLabel ?? each.textContent])
            .filter(([box]) => box.width > 0 && (box.left < 0 || box.right > width
                || (box.height < 24 && box.height !== 17)))
            .map(([box, name]) => `${name} ${box.left} ${box.right} ${box.height}`)""",
        width,
    )
    assert small == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_panel_on_a_desktop(open_ide: Open, codr: Stack, dark: bool, screenshots: Path) -> None:
    ide = open_ide(codr, dark=dark)
    scheme = "dark" if dark else "light"
    ide.picture(screenshots / f"empty-{scheme}.png")
    ide.choose("python")
    give_text(ide, "3\n10 20 30\n")
    ide.part("args").fill("--sum 'two words'")
    ide.part("limit-memory").fill("64")
    ide.picture(screenshots / f"options-desktop-{scheme}.png")
    ide.part("input-from-file").check()
    ide.part("limit-memory").fill("9999")
    ide.picture(screenshots / f"options-wrong-{scheme}.png")
    ide.part("input-from-terminal").check()
    ide.part("limit-memory").fill("64")
    ide.part("options").click()
    ide.write(
        "import sys\nprint('see https://docs.example/a')\n"
        "print('a warning', file=sys.stderr)\nfor n in range(2): print('got', input('Which? '))"
    )
    ide.run()
    ide.is_asked("Which?")
    ide.answer("first")
    ide.sees("got first")
    ide.is_asked("Which?")
    ide.picture(screenshots / f"asked-desktop-{scheme}.png")
    ide.page.get_by_role("button", name="Find").click()
    ide.part("find").fill("wh")
    expect(ide.part("found")).to_have_text("2 of 2")
    ide.picture(screenshots / f"find-desktop-{scheme}.png")
    ide.part("find").press("Escape")
    ide.page.get_by_role("button", name="Links").click()
    ide.picture(screenshots / f"links-desktop-{scheme}.png")
    ide.answer("second")
    ide.has_ended()
    ide.picture(screenshots / f"ended-desktop-{scheme}.png")
