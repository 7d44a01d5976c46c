"""The web process goes away, the network too, and the page is reloaded: the person just goes on."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.server.parts import Parts
from tests.stack import Stack, free_port

from .conftest import DESKTOP, Open
from .ide import Ide

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHONE = (390, 844)
THREE = "for n in 'one', 'two', 'three':\n    print(n, 'is', input(f'{n}? '))\n"
ALL = "one? 1\none is 1\ntwo? 2\ntwo is 2\nthree? 3\nthree is 3\n── Finished"


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    parts = Parts(
        tmp_path_factory.mktemp("codr-reconnecting"),
        {"CODR_EXECUTOR_NAME": f"reconnecting-{free_port()}"},
    )
    try:
        parts.start("redis")
        for name in ("executor", "recorder", "web"):
            parts.start(name)
        parts.until_ready()
        yield parts
    finally:
        parts.stop_all()


@pytest.fixture
def site(parts: Parts) -> Stack:
    """Where the page is, whatever an earlier test took away."""
    if "web" not in parts.processes:
        parts.start("web")
    return Stack(parts.state, port=parts.ports["web"])


def opened(open_ide: Open, site: Stack, size: tuple[int, int] = DESKTOP) -> Ide:
    ide = open_ide(site, size, touch=size == PHONE)
    for part in ("/ws/execute", "Failed to load resource"):
        ide.watch.expect_complaint(part)
    return ide


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda each: each.name)
def test_a_web_process_that_goes_and_comes_between_two_answers_is_not_noticed(
    open_ide: Open, site: Stack, parts: Parts, number: signal.Signals
) -> None:
    ide = opened(open_ide, site)
    ide.start(THREE)
    ide.is_asked("one?")
    ide.answer("1")
    ide.is_asked("two?")
    parts.stop("web", number)
    parts.start("web")
    ide.is_asked("two?")
    ide.answer("2")
    ide.is_asked("three?")
    ide.answer("3")
    ide.has_ended()
    ide.sees(ALL)
    expect(ide.problem).to_have_count(0)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_what_is_typed_while_the_server_is_away_arrives_once_it_is_back(
    open_ide: Open, site: Stack, parts: Parts, size: tuple[int, int], screenshots: Path
) -> None:
    ide = opened(open_ide, site, size)
    ide.start(THREE)
    ide.is_asked("one?")
    parts.stop("web", signal.SIGKILL)
    expect(ide.status).to_have_text("Reconnecting…")
    expect(ide.result).to_contain_text("What you type is kept")
    expect(ide.part("announcement")).to_contain_text("Connection lost. Reconnecting.")
    ide.input_line.fill("1")
    ide.picture(screenshots / f"reconnecting-asked-{size[0]}.png")
    ide.input_line.press("Enter")
    expect(ide.page.locator(".hint")).to_contain_text("kept and sent when it is back")
    ide.type_in_terminal("2\n")
    ide.sees("one? 1\n2")
    ide.picture(screenshots / f"reconnecting-{size[0]}.png")
    parts.start("web")
    # Answered ahead, a question is not asked by itself: `two?` may stand before it on its line.
    expect(ide.part("input-prompt")).to_contain_text("three?")
    expect(ide.part("announcement")).to_contain_text("three?")
    expect(ide.status).to_have_text("Waiting for you")
    ide.answer("3")
    ide.has_ended()
    ide.sees("one is 1\n")
    ide.sees("two is 2\n")
    ide.sees("three is 3\n── Finished")


def test_a_reload_in_the_middle_finds_the_conversation_again(
    open_ide: Open, site: Stack, screenshots: Path
) -> None:
    ide = opened(open_ide, site)
    ide.start(THREE)
    for asked, answer in [("one?", "1"), ("two?", "2")]:
        ide.is_asked(asked)
        ide.answer(answer)
    ide.is_asked("three?")
    ide.page.reload()
    ide.is_asked("three?")
    ide.sees("one? 1\none is 1\ntwo? 2\ntwo is 2\nthree?")
    ide.picture(screenshots / "reloaded.png")
    ide.answer("3")
    ide.has_ended()
    ide.sees(ALL)

    ide.page.reload()
    ide.has_ended()
    ide.sees(ALL)
    expect(ide.status).to_have_text("Finished")


def test_a_copy_of_a_tab_that_had_something_to_send_does_not_send_it_twice(
    open_ide: Open, site: Stack, parts: Parts
) -> None:
    ide = opened(open_ide, site)
    ide.start(THREE)
    ide.is_asked("one?")
    parts.stop("web", signal.SIGKILL)
    expect(ide.status).to_have_text("Reconnecting…")
    ide.answer("1")
    copied = ide.page.evaluate("JSON.stringify(sessionStorage)")
    assert "input_id" in copied
    parts.start("web")
    ide.is_asked("two?")
    fill = f"Object.assign(sessionStorage, {copied})"
    other = open_ide(site, beside=ide, before=lambda page: page.add_init_script(fill))
    other.sees("one? 1\none is 1\n")
    other.is_asked("two?")
    other.answer("2")
    ide.is_asked("three?")
    ide.answer("3")
    other.has_ended()
    other.sees("one is 1\n")
    other.sees("two is 2\n")
    other.sees("three is 3\n── Finished")


def test_a_run_that_ends_while_the_page_is_away_is_found_with_its_end(
    open_ide: Open, site: Stack
) -> None:
    ide = opened(open_ide, site)
    ide.start("import time\nprint('begun', flush=True)\ntime.sleep(1)\nprint('done')\n")
    ide.sees("begun")
    ide.page.goto("about:blank")
    other = open_ide(site, beside=ide)  # another tab knows nothing of it
    other.start("import time\ntime.sleep(1.5)\nprint('another')\n")
    other.has_ended()
    assert "begun" not in other.shown()
    ide.page.goto(site.url)
    ide.has_ended()
    ide.sees("begun\ndone\n── Finished")


def test_a_network_that_goes_and_comes_costs_nothing(open_ide: Open, site: Stack) -> None:
    ide = opened(open_ide, site)
    ide.watch.expect_complaint("ERR_INTERNET_DISCONNECTED")
    ide.start(THREE)
    ide.is_asked("one?")
    ide.answer("1")
    ide.is_asked("two?")
    sockets = len(ide.watch.sockets)
    ide.page.context.set_offline(True)
    ide.answer("2")
    ide.page.context.set_offline(False)
    ide.is_asked("three?")
    assert len(ide.watch.sockets) > sockets
    ide.answer("3")
    ide.has_ended()
    ide.sees(ALL)


def test_a_server_that_stays_away_is_given_up_and_can_be_tried_again(
    open_ide: Open, site: Stack, parts: Parts, screenshots: Path
) -> None:
    ide = open_ide(site, PHONE, before=lambda page: page.clock.install())
    for part in ("/ws/execute", "Failed to load resource"):
        ide.watch.expect_complaint(part)
    ide.start(THREE)
    ide.is_asked("one?")
    parts.stop("web", signal.SIGKILL)
    expect(ide.status).to_have_text("Reconnecting…")
    until_given_up = 60
    while ide.problem.count() == 0 and until_given_up:
        ide.page.clock.run_for(8000)
        until_given_up -= 1
    expect(ide.status).to_have_text("Connection lost")
    expect(ide.problem).to_contain_text("three minutes")
    ide.input_line.fill("1")
    ide.picture(screenshots / "given-up.png")
    parts.start("web")
    ide.page.get_by_role("button", name="Try again").click()
    expect(ide.problem).to_have_count(0)
    ide.page.clock.resume()
    expect(ide.input_line).to_have_value("1")
    ide.input_line.press("Enter")
    ide.is_asked("two?")
    ide.sees("one? 1\none is 1\n")


def test_a_run_that_the_server_no_longer_has_is_said_to_be_gone(
    open_ide: Open, site: Stack, parts: Parts
) -> None:
    ide = opened(open_ide, site)
    ide.start(THREE)
    ide.is_asked("one?")
    parts.stop("web")
    ide.page.evaluate(
        """() => {
            const run = JSON.parse(sessionStorage.getItem("codr:run"));
            run.jobId = "00000000-0000-4000-8000-000000000000";
            sessionStorage.setItem("codr:run", JSON.stringify(run));
        }"""
    )
    parts.start("web")
    ide.page.reload()
    expect(ide.status).to_have_text("No longer there")
    expect(ide.problem).to_contain_text("This run is gone")
    expect(ide.part("run")).to_be_enabled()
    ide.page.reload()
    expect(ide.status).to_have_text("Ready")


def test_a_program_that_never_reached_the_server_did_not_run(
    open_ide: Open, site: Stack, parts: Parts
) -> None:
    ide = opened(open_ide, site)
    ide.write("print('at last')")
    parts.stop("web")
    ide.run()
    expect(ide.status).to_have_text("Did not run")
    expect(ide.problem).to_contain_text("The server cannot be reached")
    expect(ide.code).to_contain_text("at last")
    parts.start("web")
    ide.run()
    ide.has_ended()
    ide.sees("at last")
    expect(ide.problem).to_have_count(0)
