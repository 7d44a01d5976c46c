"""From the page to one's account and back: signing in, a key, one's jobs, on any screen."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.access.live.conftest import Account, make_accounts
from tests.stack import Stack

from .conftest import Open

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def ada(codr: Stack) -> Account:
    return make_accounts(codr, ada=False)["ada"]


def sign_in(page: Page, account: Account) -> None:
    page.get_by_label("Username").fill(account.name)
    page.get_by_label("Password").fill(account.password)
    page.get_by_role("button", name="Sign in").click()


def too_wide(page: Page) -> int:
    return int(page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth"))


def test_what_was_run_before_signing_in_is_ones_own_after_it(
    open_ide: Open, codr: Stack, ada: Account
) -> None:
    ide = open_ide(codr)
    ide.choose("python")
    ide.write("print('before')")
    ide.page.get_by_test_id("run").click()
    expect(ide.page.get_by_text("Finished").first).to_be_visible()
    ide.page.get_by_role("link", name="Sign in").click()
    sign_in(ide.page, ada)
    link = ide.page.get_by_role("link", name=f"Your account: {ada.name}")
    link.click()
    expect(ide.page.get_by_role("heading", name=ada.name)).to_be_visible()
    jobs = ide.page.get_by_role("region", name="Your latest jobs")
    expect(jobs.get_by_role("listitem")).to_contain_text(["Completed python"])


# Of what stands in the bar, what is not in the window.
CUT_OFF = """() => [...document.querySelectorAll(".toolbar > *")]
    .filter((each) => {
        const {left, right, width} = each.getBoundingClientRect();
        return width > 1 && (left < 0 || right > innerWidth);
    })
    .map((each) => each.className)"""
WIDTHS = (*range(320, 900, 10), 1024, 1280)


def test_the_bar_fits_every_width_with_the_longest_name_and_before_the_languages_are_known(
    open_ide: Open, codr: Stack
) -> None:
    longest = make_accounts(codr, **{"m" * 141: False}).popitem()[1]
    held: list[Route] = []
    page = open_ide(codr, path="/accounts/login/?next=/").page
    page.route("**/api/languages", lambda route: held.append(route))
    sign_in(page, longest)
    expect(page.get_by_test_id("account")).to_be_visible()
    assert not_fitting(page) == {}
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(page.get_by_test_id("language")).to_contain_text("Loading languages")
    for route in held:
        route.continue_()
    expect(page.get_by_test_id("run")).to_be_enabled()
    assert not_fitting(page) == {}


def not_fitting(page: Page) -> dict[int, tuple[int, list[str]]]:
    """By the window's width: how much too wide the page is, and what is cut off."""
    found = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        found[width] = (too_wide(page), page.evaluate(CUT_OFF))
    return {width: facts for width, facts in found.items() if facts != (0, [])}


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, False), (320, True)])
def test_the_pages_fit_any_screen_and_ask_nobody_else(
    open_ide: Open, codr: Stack, ada: Account, screenshots: Path, width: int, dark: bool
) -> None:
    """`open_ide` watches for complaints, such as of the content security policy."""
    page = open_ide(codr, (width, 800), dark=dark).page
    link = page.get_by_test_id("account")
    expect(link).to_be_visible()
    assert too_wide(page) <= 0
    link.click()
    page.get_by_label("Username").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Please enter a correct")
    pictures = [("sign-in", too_wide(page))]
    page.screenshot(path=screenshots / f"sign-in-{width}.png", full_page=True)
    sign_in(page, ada)
    page.get_by_test_id("account").click()
    page.get_by_role("textbox", name="Name").fill("a key with a name " + "that is long" * 6)
    page.get_by_role("button", name="Make key").click()
    expect(page.get_by_text("Copy it now")).to_be_visible()
    pictures.append(("account", too_wide(page)))
    page.screenshot(path=screenshots / f"account-{width}.png", full_page=True)
    page.get_by_role("link", name="Change your password").click()
    pictures.append(("password", too_wide(page)))
    assert all(pixels <= 0 for _, pixels in pictures), pictures
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
