"""What goes wrong is said where it went wrong, in words and not by colour alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, WebSocketRoute, expect

from tests.stack import Stack

from .conftest import Open
from .ide import Ide

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize(
    ("language", "code", "place", "marked"),
    [
        ("c", "#include <stdio.h>\n\nint main(void) {\n    puts(mesage);\n}\n", 4, "mesage"),
        ("cpp", "#include <string>\n\nint main() {\n    return lenght;\n}\n", 4, "lenght"),
        ("rust", 'fn main() {\n    let count = 3;\n    println!("{}", cuont);\n}\n', 3, "cuont"),
    ],
    ids=["c", "cpp", "rust"],
)
def test_a_program_that_does_not_compile_names_its_line(
    ide: Ide, language: str, code: str, place: int, marked: str, screenshots: Path
) -> None:
    ide.start(code, language)
    ide.has_ended("compile_error")
    expect(ide.status).to_have_text("Did not compile")
    ide.sees(f":{place}:")
    ide.sees("error")
    expect(ide.problem).to_contain_text(f"line {place}, column")
    expect(ide.problem).to_contain_text(marked)
    expect(ide.part("editor").locator(".cm-lintRange-error")).to_have_text(marked)
    ide.picture(screenshots / f"compile-error-{language}.png")


def test_what_the_policy_refuses_is_named_with_its_place(ide: Ide, screenshots: Path) -> None:
    ide.start("print('hello')\nimport os\n\nos.system('reboot')\n")
    ide.has_ended("rejected")
    expect(ide.status).to_have_text("Not allowed to run")
    expect(ide.problem).to_contain_text("line 4, column 1")
    expect(ide.problem).to_contain_text("os.system")
    expect(ide.problem).to_contain_text("standard")
    assert "hello" not in ide.shown()
    expect(ide.part("editor").locator(".cm-lintRange-error")).to_have_text("os")
    ide.picture(screenshots / "rejected.png")

    ide.problem.get_by_role("button", name="line 4, column 1").click()
    expect(ide.code).to_be_focused()
    ide.page.keyboard.insert_text("# ")
    ide.page.keyboard.press("Control+Enter")
    ide.has_ended()
    expect(ide.problem).to_have_count(0)
    expect(ide.part("editor").locator(".cm-lintRange-error")).to_have_count(0)


def test_standard_error_looks_different_and_a_question_does_not(
    ide: Ide, screenshots: Path
) -> None:
    ide.start("print('plain')\nx = input('Number? ')\nint(x)\n")
    ide.is_asked("Number?")
    ide.answer("seven")
    ide.has_ended()
    ide.sees("ValueError: invalid literal for int() with base 10: 'seven'")
    expect(ide.result).to_contain_text("Exit code 1")
    # CPython writes both its prompt and its traceback to standard error.
    for text, is_error in [("plain", False), ("Number?", False), ("ValueError", True)]:
        slant = ide.span(text).evaluate("node => getComputedStyle(node).fontStyle")
        assert (slant == "italic") == is_error, text
    colours = [
        ide.span(text).evaluate("node => getComputedStyle(node).color")
        for text in ("plain", "ValueError")
    ]
    assert colours[0] != colours[1]
    ide.picture(screenshots / "runtime-error.png")


def test_a_limit_is_named_in_a_sentence(ide: Ide, screenshots: Path) -> None:
    ide.start("hoard = []\nwhile True:\n    hoard.append(bytearray(10_000_000))\n")
    ide.has_ended("memory_limit")
    expect(ide.status).to_have_text("Memory limit reached")
    expect(ide.problem).to_contain_text("256")
    ide.picture(screenshots / "memory-limit.png")


@pytest.mark.parametrize(
    ("limit", "code", "status", "words"),
    [
        ("wall_time", "import time\ntime.sleep(60)\n", "time_limit", "Time limit reached"),
        ("cpu_time", "while True:\n    pass\n", "time_limit", "Time limit reached"),
        ("input_timeout", "input('Well? ')\n", "input_timeout", "Waited too long for input"),
    ],
    ids=["wall_time", "cpu_time", "input_timeout"],
)
def test_a_program_that_takes_too_long_is_told_how_long(
    open_ide: Open, codr: Stack, limit: str, code: str, status: str, words: str, screenshots: Path
) -> None:
    """The server's own limits would take long to reach, so the page is made to ask for less."""

    def ask_for_less(route: WebSocketRoute) -> None:
        server = route.connect_to_server()

        def to_server(frame: str | bytes) -> None:
            message = json.loads(frame)
            if message["type"] == "execute":
                message["limits"] = {limit: 1}
            server.send(json.dumps(message))

        route.on_message(to_server)

    ide = open_ide(codr, before=lambda page: page.route_web_socket("**/ws/execute", ask_for_less))
    ide.watch.expect_late_messages()
    ide.start(code)
    ide.has_ended(status)
    expect(ide.status).to_have_text(words)
    expect(ide.problem).to_contain_text("1 s")
    expect(ide.input_line).to_have_count(0)
    ide.sees(f"── {words}")
    ide.picture(screenshots / f"limit-{limit}.png")


def test_a_language_that_cannot_run_says_why(
    open_ide: Open, codr: Stack, screenshots: Path
) -> None:
    reason = "rustc was not found. Install it on the machine that runs programs."

    def answer(route: Route) -> None:
        offered = json.loads(route.fetch().body())
        for language in offered["languages"]:
            if language["name"] == "rust":
                language.update(available=False, version="", reason=reason)
        route.fulfill(json=offered)

    def take_rust_away(page: Page) -> None:
        page.route("**/api/languages", answer)

    ide = open_ide(codr, before=take_rust_away)
    ide.choose("rust")
    expect(ide.page.get_by_text(reason)).to_be_visible()
    expect(ide.part("run")).to_be_disabled()
    ide.picture(screenshots / "unavailable.png")
    ide.choose("python")
    expect(ide.page.get_by_text(reason)).to_have_count(0)
    expect(ide.part("run")).to_be_enabled()
