"""The line at the bottom: how a run stands, at each moment and truly."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.ide import Ide
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ASKS = "input('Name? ')"


@pytest.fixture(scope="module")
def one_at_a_time(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A Codr that runs a single program at once."""
    stack = Stack(tmp_path_factory.mktemp("one"), {"CODR_EXECUTOR_SLOTS": "1"})
    stack.start()
    yield stack
    stack.stop()


def wait_at_most(ide: Ide, seconds: int) -> None:
    ide.part("options").click()
    ide.part("limit-input_timeout").fill(str(seconds))
    ide.part("options").click()


def seconds_left(ide: Ide) -> int:
    text = ide.part("time-left").inner_text()
    clock = re.fullmatch(r"(\d+):(\d\d) left to answer", text)
    assert clock is not None, text
    return 60 * int(clock[1]) + int(clock[2])


def test_who_is_asked_sees_the_time_left_and_a_reload_gives_no_more(ide: Ide) -> None:
    ide.choose("python")
    wait_at_most(ide, 100)
    ide.write(ASKS)
    ide.run()
    ide.is_asked("Name?")
    first = seconds_left(ide)
    assert first <= 100
    expect(ide.part("time-left")).not_to_contain_text(f"{first // 60}:{first % 60:02}")
    later = seconds_left(ide)
    assert later < first
    ide.page.reload()
    ide.is_asked("Name?")
    assert seconds_left(ide) <= later
    ide.answer("Ada")
    ide.has_ended()
    expect(ide.part("time-left")).to_have_count(0)


def test_a_question_that_nobody_answers_ends_the_run_and_says_why(ide: Ide) -> None:
    ide.choose("python")
    wait_at_most(ide, 1)
    ide.write(ASKS)
    ide.run()
    ide.has_ended("input_timeout")
    expect(ide.status).to_have_text("Waited too long for input")
    expect(ide.problem).to_contain_text("Nobody answered the program within")
    expect(ide.part("time-left")).to_have_count(0)


def test_a_run_passes_through_every_state_and_says_each(
    open_ide: Open, one_at_a_time: Stack
) -> None:
    before = open_ide(one_at_a_time)
    before.start(ASKS)
    before.is_asked("Name?")
    queued = [open_ide(one_at_a_time, beside=before) for _ in range(2)]
    for ide in queued:
        ide.start("print(input('Next? '))")
        expect(ide.status).to_have_attribute("data-phase", "queued")
        expect(ide.part("stop")).to_be_visible()
    expect(queued[0].status).to_have_text("Queued")
    expect(queued[1].status).to_have_text("Queued, 1 ahead")
    before.answer("Ada")
    before.has_ended()
    expect(before.status).to_have_text("Finished")
    expect(before.result).to_contain_text("Exit code 0")
    expect(before.result).to_contain_text("CPU")
    queued[0].is_asked("Next?")
    expect(queued[1].status).to_have_text("Queued")
    for ide in queued:
        ide.is_asked("Next?")
        expect(ide.status).to_have_text("Waiting for you")
        ide.answer("on")
        ide.has_ended()
