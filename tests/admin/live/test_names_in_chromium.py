"""Names, user agents, keys, compilers' words and failed sign-ins, where staff read them."""

from __future__ import annotations

import json
import uuid

import pytest
from playwright.sync_api import Browser
from websockets.sync.client import connect as open_socket

from tests.admin.corpus import ATTACKS, SEQUENCES
from tests.admin.live.conftest import LIST, PATIENCE_S, Desk
from tests.browser.ide import Watch
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# Those that fit a name and a header.
NAMES = [attack for attack in ATTACKS if len(attack) < 90 and attack.isascii()]
PASSWORD = uuid.uuid4().hex
MAKE = """
import json, sys
from django.contrib.auth.models import User
from executor_app import api_keys
names, password = json.loads({told!r})
for name in names:
    user, _ = User.objects.get_or_create(username=name, defaults=dict(
        first_name=name[:100], last_name=name[:100], email=name + "@localhost"))
    user.set_password(password)
    user.save()
    print(json.dumps([name, api_keys.make(user, name[:60])[1]]))
"""
COMPILED = "#line 1 {file}\n#error {attack}\nint x = y;\n"
# What no text of anybody may have become.
STRANGE = """() => [...document.querySelectorAll('body *')].flatMap(e => [
    ...[...e.attributes].filter(a => /^on|^srcdoc$/.test(a.name)).map(a => a.name),
    ...(/^(iframe|object|embed|base|math)$/.test(e.localName) ? [e.localName] : []),
    ...(e.localName === 'script' && !e.src && e.type !== 'application/json' ? ['script'] : []),
    ...(/^\\s*javascript:/i.test(e.getAttribute('href') || '') ? ['href'] : []),
])"""


@pytest.fixture(scope="module")
def keys(codr: Stack) -> dict[str, str]:
    """An account for each attack, named so, with a key named so."""
    made = codr.manage(
        "shell", "--verbosity", "0", "-c", MAKE.format(told=json.dumps([NAMES[:8], PASSWORD]))
    )
    assert made.returncode == 0, made.stderr
    return dict(json.loads(line) for line in made.stdout.splitlines())


def run_as(codr: Stack, key: str, agent: str, **fields: object) -> str:
    """Runs a job to its end; its id."""
    headers = {"Authorization": f"Bearer {key}"}
    with open_socket(
        codr.socket_url, additional_headers=headers, user_agent_header=agent, proxy=None
    ) as socket:
        socket.send(json.dumps({"type": "execute", **fields}))
        job_id = ""
        while True:
            frame = json.loads(socket.recv(PATIENCE_S))
            assert frame["type"] != "error" or frame["code"] == "rejected", frame
            job_id = str(frame.get("job_id", job_id))
            if frame["type"] == "complete":
                return job_id


def nothing_ran(desk: Desk) -> None:
    assert desk.page.evaluate("typeof window.__pwned") == "undefined"
    assert desk.page.evaluate(STRANGE) == []
    assert desk.dialogs == []


def test_names_of_accounts_keys_and_browsers_are_text(
    desk: Desk, codr: Stack, keys: dict[str, str]
) -> None:
    for name, key in keys.items():
        files = [
            {"name": "main.c", "content": COMPILED.format(file=json.dumps(name), attack=name)},
        ]
        job = run_as(codr, key, name, language="c", files=files, args=[name], request_id=name)
        desk.open_job(job)
        content = desk.page.locator("#content").inner_text()
        assert content.count(name.strip()) >= 3, content  # the owner, the agent, an argument
        nothing_ran(desk)
    for address in (LIST, "/admin/auth/user/", "/admin/executor_app/apikey/"):
        desk.open(address)
        assert next(iter(keys)) in desk.page.locator("#content").inner_text()
        nothing_ran(desk)
        first = desk.page.locator("#result_list tbody th a, #result_list tbody td a").first
        first.click()
        nothing_ran(desk)
    for address in ("/admin/", "/admin/executor_app/auditevent/", "/admin/executor_app/allowance/"):
        desk.open(address)
        nothing_ran(desk)


def test_what_limits_and_policies_say_is_text(
    desk: Desk, codr: Stack, keys: dict[str, str]
) -> None:
    """A message with the program's own words in it, and output that was cut in the middle."""
    name, key = next(iter(keys.items()))
    attack = ATTACKS[6]
    refused = f"require({json.dumps(attack)}); require('child_process')"
    flood = f"while True: print({(attack + SEQUENCES[0])!a})"
    for fields in (
        {"language": "javascript", "code": refused},
        {"language": "python", "code": flood, "limits": {"output": 3333}},
        {"language": "python", "code": f"raise SystemExit({attack!a})"},
    ):
        desk.open_job(run_as(codr, key, name, **fields))
        assert attack in desk.page.locator("#content").inner_text()
        nothing_ran(desk)


def test_who_fails_to_sign_in_leaves_text_in_the_trail(
    desk: Desk, codr: Stack, chromium: Browser
) -> None:
    for attack in NAMES[:4]:
        context = chromium.new_context(user_agent=attack)
        page = context.new_page()
        page.goto(codr.url + "/admin/login/")
        page.get_by_label("Username").fill(attack)
        page.get_by_label("Password").fill("x")
        page.get_by_role("button", name="Log in").click()
        page.locator(".errornote").wait_for()
        assert page.evaluate("typeof window.__pwned") == "undefined"
        context.close()
    desk.open("/admin/executor_app/auditevent/")
    nothing_ran(desk)
    for link in desk.page.locator("#result_list a").all()[:3]:
        link.dispatch_event("mouseover")
    nothing_ran(desk)


def test_an_account_sees_its_own_name_as_text(
    chromium: Browser, codr: Stack, keys: dict[str, str]
) -> None:
    for name in list(keys)[:3]:
        context = chromium.new_context()
        page = context.new_page()
        watch = Watch(page, codr.url)
        page.goto(codr.url + "/accounts/login/")
        page.locator("input[name=username]").fill(name)
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("form button, form input[type=submit]").last.click()
        page.wait_for_url("**/")
        page.goto(codr.url + "/account/")
        assert name.strip() in page.locator("body").inner_text()
        assert page.evaluate("typeof window.__pwned") == "undefined"
        assert page.evaluate(STRANGE) == []
        assert watch.strangers == []
        assert watch.complaints == []
        context.close()
