"""What is typed reaches the program, and shows, as on any terminal."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from .ide import Ide

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RAW = """\
import os, sys, termios, tty
before = termios.tcgetattr(0)
tty.setcbreak(0)
print("Press keys, q ends", flush=True)
while (key := os.read(0, 8)) != b"q":
    print("key", key, flush=True)
termios.tcsetattr(0, termios.TCSADRAIN, before)
print("you said", input("And now a line: "))
"""
CURSES = """\
import curses

def main(screen):
    curses.curs_set(0)
    screen.addstr(2, 4, "Which way?")
    key = screen.getkey()
    screen.addstr(3, 4, f"You pressed {key}")
    screen.getkey()

curses.wrapper(main)
print("back on the plain screen")
"""
WATCH_THE_LINE = """() => {
    window.seen = new Set();
    const look = () => {
        const phase = document.querySelector("[data-testid=status]").dataset.phase;
        if (document.querySelector("[data-testid=input-line]")) window.seen.add(phase);
    };
    new MutationObserver(look).observe(
        document.body, {subtree: true, childList: true, attributes: true});
}"""
TWO_QUESTIONS = """\
input("First? ")
print("thinking", flush=True)
try:
    while True:
        pass
except KeyboardInterrupt:
    input("Second? ")
"""
GIVES_UP = """\
import signal
def ring(*_):
    raise TimeoutError
signal.signal(signal.SIGALRM, ring)
signal.alarm(2)
try:
    input("Quick! ")
except TimeoutError:
    print("too late", flush=True)
while True:
    pass
"""
COLUMNS = """\
import os, termios, tty
before = termios.tcgetattr(0)
tty.setcbreak(0)
found = []
for text in ("ab", "猫", "🐢", "한", "e\u0301"):
    os.write(1, f"\\r{text}\\x1b[6n".encode())
    answer = b""
    while not answer.endswith(b"R"):
        answer += os.read(0, 1)
    found.append(int(answer[:-1].split(b";")[1]) - 1)
termios.tcsetattr(0, termios.TCSADRAIN, before)
print("\\rcolumns", found)
"""
COLOURS = """\
print("\\x1b[31mred\\x1b[0m \\x1b[42mon green\\x1b[0m \\x1b[1mheavy\\x1b[0m plain")
"""
SIZES = """\
import os, signal
def tell(*_):
    print("now", os.get_terminal_size().columns, "columns", flush=True)
signal.signal(signal.SIGWINCH, tell)
print("first", os.get_terminal_size().columns, "columns", flush=True)
input("Resize, then press Enter. ")
"""


def test_ctrl_enter_runs_from_the_editor(ide: Ide) -> None:
    ide.choose("python")
    ide.write("print('by the keyboard')")
    ide.page.keyboard.press("Control+Enter")
    ide.has_ended()
    ide.sees("by the keyboard")
    expect(ide.code).to_have_text("print('by the keyboard')")


def test_the_input_line_is_there_exactly_while_the_program_waits(ide: Ide) -> None:
    ide.page.evaluate(WATCH_THE_LINE)
    ide.start(TWO_QUESTIONS)
    ide.is_asked("First?")
    expect(ide.input_line).to_be_focused()
    ide.answer("1")
    ide.sees("thinking")
    ide.is_running()
    expect(ide.input_line).to_have_count(0)
    ide.press_in_terminal("Control+c")
    ide.is_asked("Second?")
    ide.answer("2")
    ide.has_ended()
    expect(ide.input_line).to_have_count(0)
    assert ide.page.evaluate("[...window.seen]") == ["waiting"]


def test_the_input_line_goes_when_the_program_no_longer_waits(ide: Ide) -> None:
    ide.start(GIVES_UP)
    ide.is_asked("Quick!")
    ide.sees("too late")
    expect(ide.input_line).to_have_count(0)
    ide.is_running()
    ide.stop()
    ide.has_ended("cancelled")


def test_an_empty_line_is_an_answer(ide: Ide) -> None:
    ide.start("print([input('A? '), input('B? '), input('C? ')])")
    ide.is_asked("A?")
    ide.input_line.press("Enter")
    ide.is_asked("B?")
    ide.page.get_by_role("button", name="Send").click()
    ide.is_asked("C?")
    ide.press_in_terminal("Enter")
    ide.has_ended()
    ide.sees("A? \nB? \nC? \n['', '', '']")


def test_output_is_seen_while_the_program_goes_on(ide: Ide) -> None:
    ide.start("import time\nprint('one')\ntime.sleep(60)\nprint('two')")
    ide.sees("one")
    ide.is_running()
    ide.stop()
    ide.has_ended("cancelled")
    assert "two" not in ide.shown()


def test_what_is_typed_ahead_is_not_lost(ide: Ide) -> None:
    ide.start("import time\ntime.sleep(1.5)\nprint('got', input('First? '), input('Second? '))")
    ide.is_running()
    ide.type_in_terminal("one\ntwo\n")
    ide.has_ended()
    ide.sees("got one two")


def test_a_line_typed_in_the_terminal_can_be_corrected(ide: Ide) -> None:
    ide.start("print(repr(input('Word? ')))")
    ide.is_asked("Word?")
    ide.type_in_terminal("tree")
    for _ in range(3):
        ide.page.keyboard.press("Backspace")
    ide.page.keyboard.type("ea time")
    for _ in range(4):
        ide.page.keyboard.press("ArrowLeft")
    ide.page.keyboard.type("leaf ")
    expect(ide.input_line).to_have_value("tea leaf time")
    ide.sees("Word? tea leaf time")
    ide.page.keyboard.press("Enter")
    ide.has_ended()
    ide.sees("'tea leaf time'")


def test_the_terminals_cursor_follows_the_input_lines(ide: Ide) -> None:
    ide.start("print(repr(input('Word? ')))")
    ide.is_asked("Word?")
    ide.input_line.press_sequentially("tea time")
    for _ in range(4):
        ide.input_line.press("ArrowLeft")
    expect(ide.cursor).to_have_text("t")
    ide.input_line.press_sequentially("leaf ")
    ide.sees("Word? tea leaf time")
    ide.input_line.press("Enter")
    ide.has_ended()
    ide.sees("'tea leaf time'")


def test_letters_of_every_script_arrive(ide: Ide) -> None:
    ide.start("for c in input('Say: '): print(c, hex(ord(c)))")
    ide.is_asked("Say:")
    ide.answer("żółw 猫 🐢")
    ide.has_ended()
    ide.sees("ó 0xf3")
    ide.sees("猫 0x732b")
    ide.sees("🐢 0x1f422")


def test_wide_characters_take_two_columns(ide: Ide) -> None:
    ide.start(COLUMNS)
    ide.has_ended()
    ide.sees("columns [2, 2, 2, 2, 1]")


def test_a_programs_colours_are_drawn(ide: Ide) -> None:
    ide.start(COLOURS)
    ide.has_ended()
    ide.sees("red on green heavy plain")
    plain = looks(ide, "plain")
    assert looks(ide, "red")["color"] != plain["color"]
    assert looks(ide, "on green")["backgroundColor"] != plain["backgroundColor"]
    assert looks(ide, "heavy")["fontWeight"] != plain["fontWeight"]


def looks(ide: Ide, text: str) -> dict[str, str]:
    style: dict[str, str] = ide.span(text).evaluate(
        """node => {
            const {color, backgroundColor, fontWeight} = getComputedStyle(node);
            return {color, backgroundColor, fontWeight};
        }"""
    )
    return style


def test_a_password_is_not_shown(ide: Ide) -> None:
    ide.start(
        "from getpass import getpass\nword = getpass()\nprint('it has', len(word), 'letters')\n"
        "print('and', input('your name? '))"
    )
    ide.is_asked("Password:")
    expect(ide.input_line).to_have_attribute("type", "password")
    ide.type_in_terminal("secr")
    ide.input_line.focus()
    ide.input_line.press("End")
    ide.page.keyboard.type("et")
    ide.page.keyboard.press("Enter")
    ide.sees("it has 6 letters")
    # Its echo is back.
    ide.is_asked("your name?")
    expect(ide.input_line).to_have_attribute("type", "text")
    ide.type_in_terminal("Ada\n")
    ide.has_ended()
    ide.sees("your name? Ada")
    assert "secr" not in ide.shown()
    assert "secr" not in ide.page.locator(".xterm-rows").inner_text()


def test_a_program_in_raw_mode_gets_each_key(ide: Ide) -> None:
    ide.start(RAW)
    ide.sees("Press keys, q ends")
    expect(ide.status).to_have_attribute("data-phase", "waiting")
    ide.type_in_terminal("a")
    ide.sees("key b'a'")
    ide.page.keyboard.press("ArrowUp")
    ide.sees("key b'\\x1b[A'")
    ide.page.keyboard.press("Tab")
    ide.sees("key b'\\t'")
    ide.page.keyboard.press("q")
    ide.is_asked("And now a line:")
    ide.type_in_terminal("lines again\n")
    ide.has_ended()
    ide.sees("And now a line: lines again\nyou said lines again")


def test_a_curses_program_draws_and_hears_keys(ide: Ide) -> None:
    ide.start(CURSES)
    ide.sees("Which way?")
    ide.press_in_terminal("ArrowLeft")
    ide.sees("You pressed KEY_LEFT")
    ide.page.keyboard.press("x")
    ide.has_ended()
    ide.sees("back on the plain screen")


def test_the_program_hears_of_a_new_window_size(ide: Ide) -> None:
    ide.start(SIZES)
    ide.is_asked("Resize, then press Enter.")
    first = columns(ide, "first")
    ide.page.set_viewport_size({"width": 1000, "height": 800})
    assert 20 < columns(ide, "now") < first
    ide.answer("")
    ide.has_ended()


def columns(ide: Ide, word: str) -> int:
    said = re.compile(rf"{word} (\d+) columns")
    expect(ide.screen).to_have_text(said)
    match = said.search(ide.shown())
    assert match is not None
    return int(match[1])
