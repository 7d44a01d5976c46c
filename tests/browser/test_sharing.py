"""A run shared with an account by its name: from the terminal's bar or from My work, seen by that
account at an address of its own, and taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.access.live.conftest import Account, make_accounts
from tests.stack import Stack

from .conftest import DESKTOP, Open
from .ide import Ide
from .test_account import sign_in
from .test_mine import JUTTING_OUT
from .test_watching import SUMS

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHONE = (390, 844)
SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


@pytest.fixture(scope="module")
def people(codr: Stack) -> dict[str, Account]:
    return make_accounts(codr, ada=False, bob=False)


def signed_in(open_ide: Open, codr: Stack, account: Account, **how: object) -> Ide:
    ide = open_ide(codr, path="/accounts/login/?next=/", **how)
    sign_in(ide.page, account)
    expect(ide.part("account")).to_have_accessible_name(f"Your account: {account.name}")
    return ide


def share_with(place: Locator, name: str) -> None:
    place.get_by_test_id("account-name").fill(name)
    place.get_by_test_id("account-name").press("Enter")
    expect(place.get_by_test_id("sharers")).to_contain_text(name)


def address_in(place: Locator, codr: Stack) -> str:
    return place.get_by_test_id("run-address").input_value().removeprefix(codr.url)


@SIZES
def test_an_account_that_is_named_watches_types_when_it_may_and_is_taken_out(
    open_ide: Open, codr: Stack, people: dict[str, Account], size: tuple[int, int]
) -> None:
    bob = people["bob"]
    owner = signed_in(open_ide, codr, people["ada"])
    owner.start(SUMS)
    owner.is_asked("Number?")
    owner.part("watch").click()
    share_with(owner.dialog, bob.name)
    expect(owner.dialog.get_by_role("status").filter(has_text=bob.name)).to_contain_text("Shared")
    path = address_in(owner.dialog, codr)

    # Who is not signed in is not told that there is anything, and led to where it is shown.
    other = open_ide(codr, size, touch=size == PHONE, path=path, expecting="404")
    expect(other.part("nothing")).to_contain_text("This link leads to no run.")
    other.part("nothing").get_by_role("link", name="Sign in").click()
    sign_in(other.page, bob)
    other.sees("Number?")
    expect(other.code).to_contain_text("total += int(line)")
    expect(other.part("typing")).to_have_text("You are watching.")
    expect(other.input_line).to_have_count(0)

    types = owner.dialog.get_by_role("checkbox", name=f"May type: {bob.name}")
    types.check()
    expect(other.part("typing")).to_have_text("You may type.")
    other.answer("20")
    for ide in (owner, other):
        ide.sees("Number? 20\nsum 20")
    types.uncheck()
    expect(other.part("typing")).to_have_text("You are watching.")

    owner.press(f"Take back: {bob.name}")
    expect(owner.part("sharers")).to_have_count(0)
    expect(owner.part("account-name")).to_be_focused()
    other.page.reload()
    expect(other.part("nothing")).to_contain_text("This link leads to no run.")
    expect(other.part("nothing").get_by_role("link", name="Sign in")).to_have_count(0)
    owner.page.keyboard.press("Escape")
    owner.stop()
    owner.has_ended("cancelled")


def test_a_run_of_before_is_shared_from_my_work_which_says_with_whom(
    open_ide: Open, codr: Stack, people: dict[str, Account]
) -> None:
    bob = people["bob"]
    owner = signed_in(open_ide, codr, people["ada"])
    owner.start("print('long', 'over')")
    owner.has_ended()
    owner.open_mine()
    run = owner.entry("runs")
    run.get_by_role("button", name="Share").click()
    share_with(run, bob.name)
    path = address_in(run, codr)
    other = signed_in(open_ide, codr, bob)
    other.page.goto(codr.url + path)
    other.sees("long over")
    # Opened again it is still known.
    owner.page.reload()
    owner.open_mine()
    run.get_by_role("button", name="Share").click()
    expect(run.get_by_test_id("sharers").get_by_role("listitem")).to_contain_text([bob.name])
    run.get_by_role("button", name="Take back").click()
    expect(run.get_by_test_id("sharers")).to_have_count(0)
    other.watch.expect_complaint("404")
    other.page.reload()
    expect(other.part("nothing")).to_contain_text("This link leads to no run.")


def test_what_is_no_name_is_said_and_named_again_one_keeps_what_one_may(ide: Ide) -> None:
    ide.start("print('shared')")
    ide.has_ended()
    ide.part("watch").click()
    name = ide.part("account-name")
    alert = ide.dialog.locator(".sharing").last.get_by_role("alert")
    name.press("Enter")
    expect(alert).to_have_text("Write the name of an account.")
    name.fill("ada lovelace")
    name.press("Enter")
    expect(alert).to_contain_text("letters, digits")
    share_with(ide.dialog, "zoë")
    types = ide.dialog.get_by_role("checkbox", name="May type: zoë")
    types.check()
    expect(types).to_be_enabled()
    name.fill("zoë")
    name.press("Enter")
    expect(name).to_have_value("")
    expect(types).to_be_checked()
    expect(ide.part("sharers").get_by_role("listitem")).to_have_count(1)


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True), (320, False)])
def test_sharing_fits_any_screen(
    open_ide: Open, codr: Stack, screenshots: Path, width: int, dark: bool
) -> None:
    ide = open_ide(codr, (width, 800), touch=width < 500, dark=dark)
    ide.start("print('shared')")
    ide.has_ended()
    ide.part("watch").click()
    ide.press("Make a link")
    expect(ide.part("watch-link")).to_be_visible()
    share_with(ide.dialog, "ada")
    share_with(ide.dialog, "x" * 150)
    name = f"{width}-{'dark' if dark else 'light'}"
    ide.picture(screenshots / f"share-dialog-{name}.png")
    assert ide.dialog.evaluate("box => box.scrollWidth - box.clientWidth") == 0
    ide.page.keyboard.press("Escape")
    ide.open_mine()
    ide.entry("runs").get_by_role("button", name="Share").click()
    expect(ide.part("sharers")).to_be_visible()
    ide.picture(screenshots / f"runs-shared-{name}.png")
    assert ide.is_too_wide() == 0
    assert ide.dialog.evaluate("box => box.scrollWidth - box.clientWidth") == 0
    assert ide.dialog.evaluate(JUTTING_OUT) == []
