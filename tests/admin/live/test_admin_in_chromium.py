"""The admin as an administrator uses it: a real browser before a real Codr with real jobs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import expect

from tests.admin.corpus import ATTACKS, SEQUENCES
from tests.admin.live.conftest import LIST, Desk, Start
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LISTED = ",\n".join(ascii(attack) for attack in [*ATTACKS, *SEQUENCES])
COMMENTS = "\n".join(f"# {attack}" for attack in ATTACKS)
SAYS = f"""
import sys
ATTACKS = [
{LISTED}
]
{COMMENTS}
for attack in ATTACKS:
    print(attack)
    print(attack, file=sys.stderr)
for attack in ATTACKS[:4]:
    print(input(attack))
"""
RUNNING = {
    "computing": "print('up', flush=True)\nwhile True: pass\n",
    "sleeping": "import time\nprint('up', flush=True)\nwhile True: time.sleep(0.1)\n",
    "waiting": "print('up', flush=True)\ninput('name? ')\n",
}
REASON = "An administrator cancelled the job."


def shows_the_end(desk: Desk) -> None:
    """The row follows the socket's last frame; the page is looked at again until it has it."""
    expect(desk.page.get_by_role("heading", name="Transcript", exact=False)).to_be_visible()
    again = desk.page.get_by_role("link", name="Look again")
    for _ in range(200):
        if not again.count():
            return
        desk.page.reload()
    raise AssertionError("the job is not over")


def test_no_script_of_a_program_runs_in_the_admin(desk: Desk, start: Start) -> None:
    files = {
        "main.py": SAYS,
        "<img src=x onerror=window.__pwned=40>.py": f"# {ATTACKS[2]}\n",
        f"{ATTACKS[0]}.txt": "\n".join(ATTACKS),
    }
    job = start(
        files=[{"name": name, "content": text} for name, text in files.items()],
        args=list(ATTACKS),
        request_id=ATTACKS[5],
    )
    for attack in ATTACKS[:4]:
        job.until("input_request")
        job.answer(attack)
    assert job.until("complete")["status"] == "completed"
    for address in (f"{LIST}?q={job.id}", f"{LIST}{job.id}/change/"):
        answer = desk.open(address)
        assert "script-src 'self';" in answer.headers["content-security-policy"]
        assert desk.page.evaluate("typeof window.__pwned") == "undefined"
    shows_the_end(desk)
    shown = desk.page.locator(".t-screen").inner_text().replace("\n", "")
    for attack in ATTACKS:
        assert attack in shown
    source = desk.page.locator(".job-code")
    expect(source.first.locator(".code")).to_contain_text(f"# {ATTACKS[0]}")
    expect(source.last).to_contain_text(ATTACKS[0])
    for name in files:
        expect(desk.page.locator(".job-files")).to_contain_text(name)
    # Whatever might wait for a mouse or a key gets them.
    for element in ("a", "summary", ".t-screen span", ".job-arguments code"):
        for found in desk.page.locator(f"#content-main {element}").all()[:20]:
            found.dispatch_event("mouseover")
            found.dispatch_event("focus")
    desk.page.keyboard.press("Tab")
    assert desk.page.evaluate("typeof window.__pwned") == "undefined"
    strange = desk.page.evaluate(
        """() => [...document.querySelectorAll('#content-main *')].flatMap(e =>
            [...e.attributes].map(a => a.name).concat(e.localName)).filter(name =>
            /^on|^srcdoc$|^(script|iframe|img|svg|math|base|meta|object|embed)$/.test(name))"""
    )
    assert strange == []
    with desk.page.expect_download() as download:
        desk.page.get_by_role("link", name="stdout").click()
    assert ATTACKS[0] in Path(download.value.path()).read_text(errors="replace")


@pytest.mark.parametrize("what", RUNNING)
def test_a_running_job_is_cancelled(desk: Desk, start: Start, what: str) -> None:
    job = start(code=RUNNING[what])
    job.until("output")
    desk.until_running(job.id)
    desk.open_job(job.id)
    expect(desk.page.locator(".job-verdict")).to_contain_text("running")
    expect(desk.page.locator(".t-screen")).to_contain_text("up")
    desk.page.get_by_role("button", name="Cancel this job").click()
    complete = job.until("complete")
    assert (complete["status"], complete["message"]) == ("cancelled", REASON)
    expect(desk.page.locator(".messagelist")).to_contain_text("1 job is being cancelled.")
    shows_the_end(desk)
    expect(desk.page.locator(".job-verdict")).to_contain_text(f"cancelled {REASON}")
    expect(desk.page.locator(".t-screen")).to_contain_text("up")
    expect(desk.page.get_by_role("button", name="Cancel this job")).to_have_count(0)
    # Who it was stands in the job's history.
    desk.open(f"{LIST}{job.id}/history/")
    expect(desk.page.locator("#change-history")).to_contain_text("Cancelled.")
    expect(desk.page.locator("#change-history")).to_contain_text("root")
    # And in the audit trail, with whose job it was.
    desk.open(f"/admin/executor_app/auditevent/?q={job.id}")
    row = desk.page.locator("#result_list tbody tr")
    expect(row).to_have_count(1)
    for said in ("job cancelled by staff", "root", "127.0.0.1", job.id[:8], "address:127.0.0.1"):
        expect(row).to_contain_text(said)


def test_several_jobs_are_cancelled_at_once(desk: Desk, start: Start) -> None:
    jobs = [start(code=code) for code in RUNNING.values()]
    for job in jobs:
        job.until("output")
        desk.until_running(job.id)
    desk.open(f"{LIST}?status__exact=running")
    for job in jobs:
        desk.page.locator(f'input[name="_selected_action"][value="{job.id}"]').check()
    desk.page.get_by_label("Action:").select_option("cancel_chosen")
    desk.page.get_by_role("button", name=re.compile("^(Go|Run)$")).click()
    expect(desk.page.locator(".messagelist")).to_contain_text("3 jobs are being cancelled.")
    for job in jobs:
        complete = job.until("complete")
        assert (complete["status"], complete["message"]) == ("cancelled", REASON)
    for job in jobs:
        desk.open_job(job.id)
        shows_the_end(desk)
        expect(desk.page.locator(".job-verdict")).to_contain_text("cancelled")


def test_a_key_is_made_in_the_admin_and_works(desk: Desk, codr: Stack) -> None:
    desk.open("/admin/executor_app/apikey/add/")
    desk.page.get_by_label("User:").fill("1")
    desk.page.get_by_label("Name:").fill(ATTACKS[0])
    desk.page.get_by_role("button", name="Save", exact=True).click()
    secret = desk.page.locator(".key-secret").inner_text()
    request = Request(codr.url + "/api/me", headers={"Authorization": f"Bearer {secret}"})
    with urlopen(request, timeout=10) as answer:
        assert json.loads(answer.read())["signed_in"] is True
    desk.open("/admin/executor_app/apikey/")
    expect(desk.page.locator("#result_list")).to_contain_text(ATTACKS[0])
    assert secret not in desk.page.content()
    assert desk.page.evaluate("typeof window.__pwned") == "undefined"


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_fit_any_screen(
    desk: Desk, start: Start, pictures: Path, width: int, theme: str
) -> None:
    job = start(
        code="import sys\n"
        "def greet(name):\n    return f'Hello, {name}! ' + 'long ' * 40\n\n"
        "print('\\x1b[1;32mok\\x1b[0m \\x1b[31mred\\x1b[0m \\x1b[44mblue\\x1b[0m 世界')\n"
        "print('oops', file=sys.stderr)\n"
        "print(greet(input('What is your name? ')))\n" + "# a comment\n" * 30,
        args=["--fast", "two words " * 20],
    )
    job.until("input_request")
    job.answer("Ada")
    job.until("complete")
    desk.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    desk.page.set_viewport_size({"width": width, "height": 900})
    pages = {
        "list": LIST,
        "detail": f"{LIST}{job.id}/change/",
        "audit": "/admin/executor_app/auditevent/",
        "keys": "/admin/executor_app/apikey/",
    }
    for name, address in pages.items():
        desk.open(address)
        if name == "detail":
            shows_the_end(desk)
        desk.page.screenshot(path=pictures / f"admin-{name}-{width}-{theme}.png", full_page=True)
        # A wide table scrolls by itself, and on a laptop's screen it need not.
        for part in ["html", ".results"] if (name, width) == ("list", 1280) else ["html"]:
            too_wide = desk.page.locator(part).evaluate("e => e.scrollWidth - e.clientWidth")
            assert too_wide <= 0, (name, part)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_of_what_is_at_work_fit_any_screen(
    desk: Desk, start: Start, pictures: Path, width: int, theme: str
) -> None:
    job = start(code=RUNNING["waiting"])
    job.until("input_request")
    desk.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    desk.page.set_viewport_size({"width": width, "height": 900})
    desk.open("/admin/")
    desk.page.get_by_role("link", name="Executors").click()
    expect(desk.page.locator("#content-main")).to_contain_text("takes jobs")
    expect(desk.page.locator("#content-main")).to_contain_text("Python 3")
    # The heartbeat with this job comes within two seconds.
    for _ in range(100):
        if not desk.page.locator(".job-verdict").inner_text().startswith("1 executor, 0 of"):
            break
        desk.page.get_by_role("link", name="Look again").click()
    expect(desk.page.locator(".job-verdict")).to_contain_text(re.compile("[1-9][0-9]* of [0-9]+"))
    desk.page.screenshot(path=pictures / f"admin-executors-{width}-{theme}.png", full_page=True)
    fits(desk, "executors")
    desk.page.get_by_role("link", name="Queue").click()
    expect(desk.page.locator("#content-main")).to_contain_text("No lease has run out.")
    held = desk.page.locator("dt", has_text="Jobs held by executors").locator("+ dd")
    expect(held).to_have_text(re.compile("[1-9]"))
    desk.page.screenshot(path=pictures / f"admin-queue-{width}-{theme}.png", full_page=True)
    fits(desk, "queue")
    job.answer("Ada")
    assert job.until("complete")["status"] == "completed"


def fits(desk: Desk, name: str) -> None:
    too_wide = desk.page.locator("html").evaluate("e => e.scrollWidth - e.clientWidth")
    assert too_wide <= 0, name
