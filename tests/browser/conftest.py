"""Chromium in front of a whole Codr. Every page is watched: it may not complain, and not ask
anybody but its own server for anything."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.stack import Stack

from .chromium import started
from .ide import Ide, Watch

DESKTOP = (1280, 800)
# What a test waits for may take its time on a machine that others use; it is met at once when not.
expect.set_options(timeout=20_000)

# Opens a page of a Codr; `touch` makes it a phone.
Open = Callable[..., Ide]


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for this folder. No longer: its event loop would be in the way of other tests."""
    with started() as browser:
        yield browser


@pytest.fixture
def open_ide(chromium: Browser) -> Iterator[Open]:
    contexts: list[BrowserContext] = []
    watches: list[Watch] = []

    def open_page(
        stack: Stack,
        size: tuple[int, int] = DESKTOP,
        *,
        touch: bool = False,
        dark: bool = False,
        beside: Ide | None = None,
        before: Callable[[Page], None] | None = None,
        path: str = "",
        expecting: str = "",
    ) -> Ide:
        """`beside` opens a tab in that page's browser; `before` gets the page while it is empty;
        `expecting` is a part of what the browser will complain of."""
        if beside is None:
            context = chromium.new_context(
                viewport={"width": size[0], "height": size[1]},
                has_touch=touch,
                is_mobile=touch,
                color_scheme="dark" if dark else "light",
            )
            contexts.append(context)
            context.set_default_timeout(20_000)
        else:
            context = beside.page.context
        page = context.new_page()
        watches.append(Watch(page, stack.url))
        if expecting:
            watches[-1].expect_complaint(expecting)
        if before is not None:
            before(page)
        page.goto(stack.url + path)
        return Ide(page, watches[-1])

    yield open_page
    for context in contexts:
        context.close()
    for watch in watches:
        assert watch.complaints == []
        assert watch.strangers == []


@pytest.fixture
def ide(open_ide: Open, codr: Stack) -> Ide:
    """The page of a desktop."""
    return open_ide(codr)


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures go: the folder that CODR_SCREENSHOTS names, else a temporary one."""
    named = os.environ.get("CODR_SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
