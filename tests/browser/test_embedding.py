"""`/embed` within a page of another site, where no cookie goes along."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from tests.access.live.conftest import make_accounts
from tests.stack import Stack

from .conftest import DESKTOP, Open
from .ide import Ide, Watch

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHONE = (390, 844)
CODE = "print('sum', 1 + 1, 'of', input('Name? '))  # 100% & more"
# A page that shows another one in a frame, whose address is in its own.
PARENT = b"""<!doctype html><meta charset="utf-8"><title>A lesson</title>
<style>body { margin: 0; } iframe { width: 100%; height: 420px; border: 0; }</style>
<link rel="icon" href="data:,"><p>Try it:</p><script>
const frame = document.createElement("iframe");
frame.title = "A program";
frame.src = decodeURIComponent(location.search.slice(1));
document.body.append(frame);
</script>"""


class Parent(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PARENT)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """Another site than Codr's: a browser compares hosts, and takes no notice of ports."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Parent)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def members_only(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A Codr in which nobody runs anything without an account."""
    stack = Stack(tmp_path_factory.mktemp("members"), {"CODR_ALLOW_ANONYMOUS": "off"})
    stack.start()
    yield stack
    stack.stop()


Embed = Callable[..., tuple[Page, FrameLocator]]


@pytest.fixture
def embed(chromium: Browser, codr: Stack, elsewhere: str) -> Iterator[Embed]:
    opened: list[Page] = []
    watches: list[Watch] = []

    def embed(
        address: str,
        size: tuple[int, int] = DESKTOP,
        *,
        has_been_here: bool = False,
        stack: Stack = codr,
        expecting: str = "",
    ) -> tuple[Page, FrameLocator]:
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]}, has_touch=size == PHONE
        )
        context.set_default_timeout(20_000)
        page = context.new_page()
        opened.append(page)
        watch = Watch(page, stack.url)
        watch.allowed = (elsewhere, "data:,")
        if expecting:
            watch.expect_complaint(expecting)
        watches.append(watch)
        if has_been_here:
            page.goto(stack.url)
            expect(page.get_by_test_id("run")).to_be_enabled()
        page.goto(f"{elsewhere}?{quote(stack.url + address, safe='')}")
        return page, page.frame_locator("iframe")

    yield embed
    for page in opened:
        page.context.close()
    for watch in watches:
        assert (watch.complaints, watch.strangers) == ([], [])


def converse(frame: FrameLocator) -> None:
    frame.get_by_test_id("run").click()
    expect(frame.get_by_test_id("input-prompt")).to_have_text("Name?")
    frame.get_by_test_id("input-line").fill("Ada")
    frame.get_by_test_id("input-line").press("Enter")
    expect(frame.get_by_test_id("terminal-log")).to_contain_text("sum 2 of Ada")
    expect(frame.get_by_test_id("result")).to_have_attribute("data-status", "completed")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_page_of_another_site_holds_a_program_that_runs(
    embed: Embed, codr: Stack, size: tuple[int, int], screenshots: Path
) -> None:
    page, frame = embed(f"/embed?language=py&theme=dark#code={quote(CODE)}", size)
    expect(frame.locator(".cm-content")).to_have_text(CODE)
    expect(frame.locator("html")).to_have_attribute("data-scheme", "dark")
    converse(frame)
    page.screenshot(path=screenshots / f"embed-{size[0]}.png")
    inside = next(each for each in page.frames if each.parent_frame is not None)
    assert inside.evaluate("document.body.scrollWidth - window.innerWidth") <= 0


def test_it_runs_for_nobody_though_one_has_a_session_in_codr(embed: Embed, codr: Stack) -> None:
    page, frame = embed(f"/embed?language=python#code={quote(CODE)}", has_been_here=True)
    converse(frame)
    listed = page.context.request.get(f"{codr.url}/api/jobs").json()
    assert listed["jobs"] == []


def test_it_is_opened_in_codr_with_what_was_written(embed: Embed, codr: Stack) -> None:
    page, frame = embed(f"/embed?language=python#code={quote(CODE)}")
    frame.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("print('mine + yours')")
    with page.context.expect_page() as opened:
        frame.get_by_test_id("open-in-codr").click()
    ide = Ide(opened.value, Watch(opened.value, codr.url))
    expect(ide.code).to_have_text("print('mine + yours')")
    expect(opened.value).to_have_url(f"{codr.url}/")


def test_a_shared_program_is_embedded_by_its_link(
    embed: Embed, open_ide: Open, codr: Stack
) -> None:
    owner = open_ide(codr)
    owner.choose("python")
    owner.write(CODE)
    owner.save_as("embedded")
    owner.open_mine("programs")
    owner.entry("programs").get_by_role("button", name="Share").click()
    shown = owner.part("program-embed").input_value()
    address = shown.split('"')[1].removeprefix(codr.url)
    _, frame = embed(f"{address}&readonly=1")
    expect(frame.locator(".cm-content")).to_have_attribute("aria-readonly", "true")
    converse(frame)


def test_what_cannot_be_shown_says_why(embed: Embed) -> None:
    _, frame = embed("/embed?language=cobol#code=x")
    expect(frame.get_by_test_id("nothing")).to_contain_text("no language called cobol")


@pytest.mark.parametrize("address", ["/embed?language=python", "/embed?program=somebodys"])
def test_where_it_needs_an_account_the_frame_says_so_and_leads_there(
    embed: Embed, members_only: Stack, screenshots: Path, address: str
) -> None:
    page, frame = embed(f"{address}#code=print(1)", stack=members_only, expecting="401")
    said = frame.get_by_test_id("nothing")
    expect(said).to_contain_text("Seeing this needs an account here.")
    expect(said).to_contain_text("Open it in Codr.")
    expect(frame.get_by_test_id("run")).to_have_count(0)
    page.screenshot(path=screenshots / "embed-members-only.png")
    with page.context.expect_page() as opened:
        frame.get_by_test_id("open-in-codr").click()
    expect(opened.value.get_by_label("Username")).to_be_visible()


def test_signing_in_on_the_way_out_of_a_frame_loses_no_program(
    embed: Embed, members_only: Stack
) -> None:
    ada = make_accounts(members_only, ada=False)["ada"]
    address = f"/embed?language=python#code={quote(CODE)}"
    page, frame = embed(address, stack=members_only, expecting="401")
    with page.context.expect_page() as opened:
        frame.get_by_test_id("open-in-codr").click()
    opened.value.get_by_label("Username").fill(ada.name)
    opened.value.get_by_label("Password").fill(ada.password)
    opened.value.get_by_role("button", name="Sign in").click()
    expect(Ide(opened.value, Watch(opened.value, members_only.url)).code).to_have_text(CODE)
