"""The editor: what it offers while one types, how it is set up, and where it shows errors."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Response, expect

from tests.stack import Stack

from .conftest import Open
from .ide import Ide
from .test_files import add, choose, tab

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# Less than the 350 KiB that people were promised, so that what is added is thought about.
MOST_FIRST_LOAD = 320 * 1024
PACK = re.compile(r"/(python|javascript|cFamily|rust)-[\w-]+\.js$")


def set_up(ide: Ide, **choices: str) -> None:
    choose(ide, "Settings")
    for name, value in choices.items():
        ide.page.get_by_label(name.replace("_", " "), exact=True).select_option(label=value)
    ide.page.keyboard.press("Escape")


def is_helped(ide: Ide) -> None:
    """Words, brackets that close and the search have come, a moment after the page."""
    expect(ide.code).to_have_attribute("aria-autocomplete", "list")


def type_anew(ide: Ide, text: str) -> None:
    is_helped(ide)
    ide.write("")
    ide.page.keyboard.type(text)


# --- completion --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "typed", "offered", "result"),
    [
        ("python", "whi", "while", "while condition:\n    pass"),
        ("javascript", "fori", "fori", "for (let i = 0; i < count; i += 1) {\n    \n}"),
        ("c", "mai", "main", "int main(void) {\n    \n    return 0;\n}"),
        ("cpp", "forr", "forr", "for (const auto& item : items) {\n    \n}"),
        ("rust", "mai", "main", "fn main() {\n    \n}"),
    ],
)
def test_each_language_offers_its_snippets(
    ide: Ide, language: str, typed: str, offered: str, result: str
) -> None:
    ide.choose(language)
    # The words come with the grammar.
    ide.write("while" if language == "python" else "return")
    expect(ide.code.locator("span", has_text=re.compile("while|return"))).to_be_visible()
    type_anew(ide, typed)
    first = offers(ide).first
    expect(first).to_contain_text(offered)
    expect(first).to_have_attribute("aria-selected", "true")
    first.click()
    assert text_of(ide) == result


def offers(ide: Ide) -> Locator:
    return ide.page.locator(".cm-tooltip-autocomplete").get_by_role("option")


def text_of(ide: Ide) -> str:
    lines: list[str] = ide.page.evaluate(
        "[...document.querySelectorAll('.cm-line')].map((line) => line.textContent)"
    )
    return "\n".join(lines)


def test_words_of_all_files_are_offered_once(ide: Ide) -> None:
    ide.choose("python")
    ide.write("quokkas = 3\nquokkas += 1\n")
    add(ide, "util.py", "quolls = 4\n")
    is_helped(ide)
    ide.page.keyboard.press("Control+End")
    ide.page.keyboard.type("quo")
    expect(offers(ide)).to_have_text(["quokkas", "quolls"])
    offers(ide).first.click()
    assert text_of(ide) == "quolls = 4\nquokkas"


# --- editing -----------------------------------------------------------------------------------


def test_search_and_replace(ide: Ide, screenshots: Path) -> None:
    ide.choose("python")
    ide.write("one = 1\nprint(one, one)\n")
    choose(ide, "Find and replace")
    expect(ide.page.get_by_role("textbox", name="Find")).to_be_focused()
    ide.page.keyboard.type("one")
    ide.page.get_by_role("textbox", name="Replace with").fill("two")
    ide.picture(screenshots / "search.png")
    ide.page.get_by_role("button", name="Replace all").click()
    ide.page.keyboard.press("Escape")
    assert text_of(ide) == "two = 1\nprint(two, two)\n"


@pytest.mark.parametrize(
    ("language", "mark"),
    [("python", "#"), ("javascript", "//"), ("c", "//"), ("cpp", "//"), ("rust", "//")],
)
def test_comments_are_toggled(ide: Ide, language: str, mark: str) -> None:
    ide.choose(language)
    ide.write("return")
    expect(ide.code.locator("span", has_text="return")).to_be_visible()
    ide.page.keyboard.press("Control+/")
    assert text_of(ide) == f"{mark} return"
    choose(ide, "Toggle comment")
    assert text_of(ide) == "return"


def test_several_cursors_write_at_once(ide: Ide) -> None:
    ide.choose("python")
    is_helped(ide)
    ide.write("ant\nbee\nant")
    ide.page.keyboard.press("Control+Home")
    ide.page.keyboard.press("Control+d")
    ide.page.keyboard.press("Control+d")
    ide.page.keyboard.type("cow")
    assert text_of(ide) == "cow\nbee\ncow"
    ide.page.keyboard.press("Escape")
    ide.page.keyboard.press("Control+Home")
    ide.page.keyboard.press("Control+Alt+ArrowDown")
    ide.page.keyboard.press("Control+Alt+ArrowDown")
    ide.page.keyboard.type("- ")
    assert text_of(ide) == "- cow\n- bee\n- cow"
    # The first may end a search for words to offer.
    ide.page.keyboard.press("Escape")
    ide.page.keyboard.press("Escape")
    ide.code.locator(".cm-line").nth(1).click(modifiers=["Control"], position={"x": 7, "y": 8})
    expect(ide.page.locator(".cm-cursorLayer .cm-cursor")).to_have_count(2)


def test_brackets_close_and_lines_indent(ide: Ide) -> None:
    ide.choose("python")
    ide.write("return")
    expect(ide.code.locator("span", has_text="return")).to_be_visible()
    type_anew(ide, "if max(1, 2):\nprint(3)")
    # The cursor stands behind the last one.
    expect(ide.page.locator(".cm-matchingBracket")).to_have_text(["(", ")"])
    assert text_of(ide) == "if max(1, 2):\n    print(3)"


# --- settings ----------------------------------------------------------------------------------


def test_settings_hold_at_once_and_after_a_reload(ide: Ide) -> None:
    ide.choose("python")
    set_up(ide, Font_size="20 px", Indent_with="Tabs", Width="8 columns")
    expect(ide.page.locator(".cm-editor")).to_have_css("font-size", "20px")
    ide.page.reload()
    expect(ide.page.locator(".cm-editor")).to_have_css("font-size", "20px")
    type_anew(ide, "if 1:\n2")
    assert text_of(ide) == "if 1:\n\t2"
    expect(ide.page.locator(".cm-content")).to_have_css("tab-size", "8")


def test_the_theme_can_be_other_than_the_systems(
    open_ide: Open, codr: Stack, screenshots: Path
) -> None:
    ide = open_ide(codr)
    body = ide.page.locator("body")
    light, dark = "rgb(242, 244, 243)", "rgb(15, 18, 20)"
    ide.choose("python")
    expect(body).to_have_css("background-color", light)
    set_up(ide, Theme="Dark")
    expect(body).to_have_css("background-color", dark)
    expect(ide.page.locator(".xterm-viewport, .xterm-scrollable-element").first).to_be_attached()
    ide.run()
    ide.is_asked("What is your name?")
    ide.picture(screenshots / "theme-dark.png")
    ide.page.reload()
    expect(body).to_have_css("background-color", dark)
    ide.page.emulate_media(color_scheme="dark")
    set_up(ide, Theme="Light")
    expect(body).to_have_css("background-color", light)
    ide.picture(screenshots / "theme-light.png")
    set_up(ide, Theme="As the system")
    expect(body).to_have_css("background-color", dark)
    ide.page.emulate_media(color_scheme="light")
    expect(body).to_have_css("background-color", light)


def test_vim_keys(ide: Ide, screenshots: Path) -> None:
    ide.choose("python")
    ide.write("one\ntwo\nthree")
    set_up(ide, Keys="Vim")
    expect(ide.page.locator(".cm-vim-panel")).to_be_visible()
    ide.code.click()
    ide.page.keyboard.type("ggdwia!")
    ide.page.keyboard.press("Escape")
    ide.page.keyboard.type("jdd")
    assert text_of(ide) == "a!\nthree"
    ide.picture(screenshots / "vim.png")
    ide.page.reload()
    expect(ide.page.locator(".cm-vim-panel")).to_be_visible()
    # Out of the editor, as its name says.
    ide.code.focus()
    ide.page.keyboard.press("Escape")
    ide.page.keyboard.press("Tab")
    expect(ide.code).not_to_be_focused()
    ide.page.keyboard.press("Control+Enter")
    ide.has_ended()
    set_up(ide, Keys="Default")
    expect(ide.page.locator(".cm-vim-panel")).to_have_count(0)
    type_anew(ide, "dd")
    assert text_of(ide) == "dd"


def test_emacs_keys(ide: Ide) -> None:
    ide.choose("python")
    ide.write("one two")
    set_up(ide, Keys="Emacs")
    ide.code.click()
    # Until the bindings are there Ctrl+A selects everything.
    expect(ide.page.locator(".cm-emacsMode")).to_be_visible()
    ide.page.keyboard.press("Control+a")
    ide.page.keyboard.press("Control+k")
    ide.page.keyboard.type("three ")
    ide.page.keyboard.press("Control+y")
    assert text_of(ide) == "three one two"


# --- errors at their place ---------------------------------------------------------------------


def is_marked(ide: Ide, text: str) -> None:
    expect(ide.part("editor").locator(".cm-lintRange-error")).to_have_text(text)


def cursor_line(ide: Ide) -> str:
    return ide.part("editor").locator(".cm-activeLine").inner_text()


def test_an_error_of_the_compiler_leads_to_its_file(ide: Ide, screenshots: Path) -> None:
    ide.choose("c")
    ide.write('#include "half.h"\n\nint main(void) {\n    return half(8);\n}\n')
    add(ide, "half.h", "int half(int number);\n")
    add(ide, "half.c", '#include "half.h"\n\nint half(int number) {\n    return numbr / 2;\n}\n')
    tab(ide, "main.c").click()
    ide.run()
    ide.has_ended("compile_error")
    expect(ide.part("editor").locator(".cm-lintRange-error")).to_have_count(0)
    expect(tab(ide, "half.c")).to_contain_text("1 error")
    ide.problem.get_by_role("button", name="half.c, line 4, column 12").click()
    expect(tab(ide, "half.c")).to_have_attribute("aria-selected", "true")
    expect(ide.code).to_be_focused()
    is_marked(ide, "numbr")
    tinted = ide.part("editor").locator(".cm-error-line")
    expect(tinted).to_have_text("    return numbr / 2;")
    assert "numbr" in cursor_line(ide)
    ide.picture(screenshots / "compile-error-in-file.png")
    # The mark moves with its line, also while another file is shown.
    ide.page.keyboard.press("Control+Home")
    ide.page.keyboard.type("/* above */\n")
    tab(ide, "main.c").click()
    tab(ide, "half.c").click()
    is_marked(ide, "numbr")
    expect(tinted).to_have_text("    return numbr / 2;")


@pytest.mark.parametrize(
    ("language", "main", "name", "util", "place", "marked", "said"),
    [
        (
            "python",
            "import util\n\nutil.half('x')\n",
            "util.py",
            "def half(number):\n    return number / 2\n",
            "util.py, line 2",
            "return number / 2",
            "TypeError: unsupported operand",
        ),
        (
            "javascript",
            'const { size } = require("./lib/util.js");\nconsole.log(size(null));\n',
            "lib/util.js",
            "exports.size = (thing) => {\n  return thing.size;\n};\n",
            "lib/util.js, line 2, column 16",
            "size",
            "TypeError: Cannot read properties of null",
        ),
        (
            "rust",
            'mod util;\n\nfn main() {\n    println!("{}", util::pick(&[1], 7));\n}\n',
            "util.rs",
            "pub fn pick(all: &[i32], at: usize) -> i32 {\n    all[at]\n}\n",
            "util.rs, line 2, column 5",
            "all",
            "index out of bounds",
        ),
        (
            "c",
            '#include "util.h"\n\nint main(void) {\n    return half(3);\n}\n',
            "util.h",
            "#include <assert.h>\n\nstatic int half(int n) {\n    assert(n % 2 == 0);\n"
            "    return n / 2;\n}\n",
            "util.h, line 4",
            "assert(n % 2 == 0);",
            "Assertion",
        ),
    ],
    ids=["python", "javascript", "rust", "c"],
)
def test_an_error_at_run_time_leads_to_its_file(
    ide: Ide,
    language: str,
    main: str,
    name: str,
    util: str,
    place: str,
    marked: str,
    said: str,
    screenshots: Path,
) -> None:
    ide.choose(language)
    ide.write(main)
    add(ide, name, util)
    first = ide.page.get_by_role("tab").first
    first.click()
    ide.run()
    expect(ide.problem).to_contain_text(said)
    ide.problem.get_by_role("button", name=place, exact=True).first.click()
    expect(tab(ide, name)).to_have_attribute("aria-selected", "true")
    is_marked(ide, marked)
    assert marked in cursor_line(ide)
    ide.picture(screenshots / f"trace-{language}.png")


def test_who_called_the_failing_line_is_listed_and_not_marked(ide: Ide) -> None:
    ide.start("def fail():\n    raise KeyError('x')\n\n\nfail()\n")
    expect(ide.problem).to_contain_text("The program ended with an error.")
    expect(ide.problem).to_contain_text("main.py, line 2 KeyError: 'x'")
    expect(ide.problem).to_contain_text("main.py, line 5 called from here")
    is_marked(ide, "raise KeyError('x')")
    ide.problem.get_by_role("button", name="line 5").click()
    assert cursor_line(ide) == "fail()"


# --- weight ------------------------------------------------------------------------------------


def test_the_first_load_is_light_and_languages_and_keys_come_when_they_are_wanted(
    open_ide: Open, codr: Stack
) -> None:
    asked: list[str] = []
    loaded: dict[str, Response] = {}
    first: list[str] = []

    def hear(response: Response) -> None:
        loaded[response.url] = response
        # From here on the page knows what can be run, and asks for the grammar of that.
        if response.url.endswith("/api/languages"):
            first.extend(asked)

    def listen(page: Page) -> None:
        page.on("request", lambda request: asked.append(request.url))
        page.on("response", hear)

    ide = open_ide(codr, before=listen)
    ide.choose("python")
    ide.write("return")
    expect(ide.code.locator("span", has_text="return")).to_be_visible()
    # What helps while one writes comes with the grammar.
    is_helped(ide)
    ide.page.keyboard.press("Control+f")
    expect(ide.page.get_by_role("textbox", name="Find")).to_be_focused()
    ide.page.keyboard.press("Escape")
    packs = [match[1] for url in asked if (match := PACK.search(url))]
    assert packs == ["python"]
    assert not any(PACK.search(url) or "/assistance-" in url for url in first)
    sizes = {url: len(gzip.compress(loaded[url].body(), 6)) for url in first if "/api/" not in url}
    assert any("/xterm-" in url for url in sizes)
    assert sum(sizes.values()) < MOST_FIRST_LOAD, sizes
    before = len(loaded)
    set_up(ide, Keys="Vim")
    expect(ide.page.locator(".cm-vim-panel")).to_be_visible()
    assert len(loaded) > before
