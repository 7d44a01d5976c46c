"""How a run is ended: Stop, Ctrl-C and Ctrl-D."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.stack import Stack

from .conftest import Open
from .ide import Ide

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ENDLESS = "print('round and round', flush=True)\nwhile True:\n    pass\n"


def test_stop_ends_an_endless_loop(ide: Ide) -> None:
    ide.start(ENDLESS)
    ide.sees("round and round")
    ide.stop()
    ide.has_ended("cancelled")
    # Whoever pressed it is not told what they did as if it were a mistake.
    expect(ide.problem).to_have_count(0)
    expect(ide.status).to_have_text("Stopped")


def test_stop_ends_a_program_that_waits(ide: Ide) -> None:
    ide.start("input('Stay? ')")
    ide.is_asked("Stay?")
    ide.stop()
    ide.has_ended("cancelled")
    expect(ide.input_line).to_have_count(0)


def test_a_stopped_program_can_be_run_again(ide: Ide) -> None:
    ide.start(ENDLESS)
    ide.sees("round and round")
    ide.stop()
    ide.has_ended("cancelled")
    ide.write("print('a new beginning')")
    ide.run()
    ide.has_ended()
    ide.sees("a new beginning\n── Finished")
    assert "round" not in ide.shown()


def test_ctrl_c_in_the_terminal_reaches_a_computing_program(ide: Ide) -> None:
    ide.start(
        "print('computing', flush=True)\n"
        "try:\n    while True:\n        pass\n"
        "except KeyboardInterrupt:\n    print('interrupted')\n"
    )
    ide.sees("computing")
    ide.press_in_terminal("Control+c")
    ide.has_ended()
    ide.sees("^C\ninterrupted")


def test_ctrl_c_in_the_input_line_interrupts_the_question(ide: Ide) -> None:
    ide.start("input('Name? ')")
    ide.is_asked("Name?")
    ide.input_line.fill("half an ans")
    ide.input_line.press("Control+c")
    ide.has_ended("signaled")
    ide.sees("KeyboardInterrupt")
    expect(ide.result).to_contain_text("Exit code 130")


def test_ctrl_d_ends_the_input(ide: Ide) -> None:
    ide.start("import sys\nprint(len(sys.stdin.read().split()), 'words')\n")
    ide.is_asked("The program waits for your input")
    ide.answer("one two three")
    ide.type_in_terminal("four five\n")
    ide.press_in_terminal("Control+d")
    ide.has_ended()
    ide.sees("5 words")


def test_ctrl_d_in_the_input_line_ends_the_input(ide: Ide) -> None:
    ide.start("import sys\nprint(len(sys.stdin.read().split()), 'words')\n")
    ide.is_asked("The program waits for your input")
    ide.answer("one two three")
    ide.sees("one two three")
    ide.input_line.press("Control+d")
    ide.has_ended()
    ide.sees("3 words")


def test_the_buttons_beside_the_question_do_what_the_keys_do(open_ide: Open, codr: Stack) -> None:
    ide = open_ide(codr, (390, 844), touch=True)
    ide.start("try:\n    input('A? ')\nexcept EOFError:\n    print('no more')\ninput('B? ')\n")
    ide.is_asked("A?")
    ide.page.get_by_role("button", name="End of input").tap()
    ide.sees("no more")
    ide.is_asked("B?")
    ide.page.get_by_role("button", name="Interrupt the program").tap()
    ide.has_ended("signaled")
    ide.sees("KeyboardInterrupt")
