"""Programs that write scripts where text is expected: nothing of it runs in the page, nobody but
our own server is asked for anything, and no dialog appears."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Dialog, Page, WebSocketRoute, expect

from tests.admin.corpus import ATTACKS, SEQUENCES
from tests.browser.conftest import Open
from tests.browser.ide import Ide
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ESC = "\x1b"
# As `innerHTML` would make them: none may be anywhere in the page. (Its one form is our own.)
STRANGE = """() => [...document.querySelectorAll('#root *')].flatMap(e =>
    [...e.attributes].map(a => a.name).concat(e.localName)).filter(name =>
    /^on|^srcdoc$|^(script|iframe|img|math|base|meta|object|embed)$/.test(name))"""
# What a page could do to the world without a script of its own.
SPY = """
window.__asked = [];
for (const [owner, name] of [[window, 'open'], [window, 'alert'], [window, 'confirm'],
        [window, 'prompt'], [window, 'print'], [navigator.clipboard, 'writeText'],
        [navigator.clipboard, 'readText']])
    owner[name] = () => { window.__asked.push(name); return Promise.resolve(''); };
"""
LISTED = "[" + ", ".join(ascii(attack) for attack in [*ATTACKS, *SEQUENCES]) + "]"
WRITES = f"""import sys
for attack in {LISTED}:
    print(attack)
    print(attack, file=sys.stderr)
print('all', 'written')
"""
REACHES_OUT = {
    "a title": f"{ESC}]0;pwned{ESC}\\{ESC}]2;pwned\x07",
    "the clipboard": f"{ESC}]52;c;cHduZWQ={ESC}\\{ESC}]52;c;?\x07",
    "a link": f"{ESC}]8;;http://evil.example/{ESC}\\click here{ESC}]8;;{ESC}\\",
    "a script's link": f"{ESC}]8;;javascript:alert(1){ESC}\\click here{ESC}]8;;{ESC}\\",
    "a plain address": "http://evil.example/click",
    "a folder": f"{ESC}]7;file://evil.example/{ESC}\\",
    "a picture": f"{ESC}]1337;File=inline=1:aGk={ESC}\\{ESC}Pq#0{ESC}\\",
    "an answer of the terminal": f"{ESC}[c{ESC}[6n{ESC}[>q{ESC}]10;?{ESC}\\{ESC}P+q544e{ESC}\\",
    "a print-out": f"{ESC}[5i{ESC}[4i",
}


@pytest.fixture
def dialogs() -> list[str]:
    return []


def note_dialogs(page: Page, dialogs: list[str]) -> None:
    def note(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", note)


@pytest.fixture
def page(open_ide: Open, codr: Stack, dialogs: list[str]) -> Ide:
    def prepare(page: Page) -> None:
        note_dialogs(page, dialogs)
        page.add_init_script(SPY)

    return open_ide(codr, before=prepare)


def nothing_happened(ide: Ide, dialogs: list[str]) -> None:
    assert ide.page.evaluate("window.__asked") == []
    assert ide.page.evaluate("typeof window.__pwned") == "undefined"
    assert ide.page.evaluate(STRANGE) == []
    assert dialogs == []
    assert len(ide.page.context.pages) == 1
    assert ide.page.title() == "Codr"
    assert ide.watch.strangers == []


def test_output_is_text(page: Ide, dialogs: list[str]) -> None:
    page.start(WRITES)
    page.has_ended()
    page.sees("all written")
    page.sees(ATTACKS[0])
    nothing_happened(page, dialogs)


def test_a_question_is_text(page: Ide, dialogs: list[str]) -> None:
    asked = [*ATTACKS[:8], SEQUENCES[0], SEQUENCES[3]]
    page.start("\n".join(f"print('got', input({attack!a}))" for attack in asked))
    for attack in asked:
        expect(page.status).to_have_attribute("data-phase", "waiting")
        if attack in ATTACKS:
            page.is_asked(attack)
        nothing_happened(page, dialogs)
        page.answer(attack)
    page.has_ended()
    nothing_happened(page, dialogs)


COMPILED = {
    "c": '#line 1 "<img/src/onerror=window.__pwned=50>"\n#error {attack}\nint x = y;\n',
    "cpp": '#line 7 "javascript:window.__pwned=51"\n#error {attack}\nint x = y;\n',
    "rust": 'compile_error!("{quoted}");\nfn main() {{}}\n',
}


@pytest.mark.parametrize("language", COMPILED)
def test_a_compilers_words_are_text(page: Ide, dialogs: list[str], language: str) -> None:
    attack = ATTACKS[6]
    quoted = attack.replace('"', '\\"')
    page.start(COMPILED[language].format(attack=attack, quoted=quoted), language)
    page.has_ended("compile_error")
    page.sees("<img src=x onerror=alert(6)>")
    for place in page.problem.get_by_role("button").all()[:5]:
        place.dispatch_event("mouseover")
    nothing_happened(page, dialogs)


@pytest.mark.parametrize("attack", [*ATTACKS[:8], ATTACKS[10]])
def test_every_text_of_every_frame_is_text(
    open_ide: Open, codr: Stack, dialogs: list[str], attack: str
) -> None:
    """Also those that no program can write: a server that was taken over could not do more."""

    def put_in(route: WebSocketRoute) -> None:
        server = route.connect_to_server()

        def to_page(raw: str | bytes) -> None:
            frame: dict[str, Any] = json.loads(raw)
            for name in ("message", "prompt", "version", "worker", "reason", "signal", "data"):
                if name in frame or name == "message":
                    frame[name] = attack
            if frame["type"] == "complete":
                frame["status"] = "failed"
                detail = {"line": 1, "column": 1, "message": attack, "file": attack}
                error = {"type": "error", "code": attack, "message": attack, "details": [detail]}
                route.send(json.dumps(error))
            route.send(json.dumps(frame))

        server.on_message(to_page)

    def prepare(page: Page) -> None:
        note_dialogs(page, dialogs)
        page.add_init_script(SPY)
        page.route_web_socket("**/ws/execute", put_in)

    ide = open_ide(codr, before=prepare)
    ide.watch.expect_late_messages()
    ide.start("print(input('? '))")
    ide.is_asked(attack)
    ide.answer("x")
    ide.has_ended("failed")
    expect(ide.problem).to_contain_text(attack)
    nothing_happened(ide, dialogs)


@pytest.mark.parametrize("what", REACHES_OUT)
def test_a_terminal_escape_reaches_nothing_outside_the_terminal(
    page: Ide, dialogs: list[str], what: str
) -> None:
    code = f"print({REACHES_OUT[what]!a}, end='|')\nprint(' end of it', repr(input('? ')))\n"
    page.start(code)
    page.is_asked("?")
    page.answer("plain")
    page.has_ended()
    page.sees("end of it")
    page.sees("plain'")  # after what a terminal answers by itself, to the program alone
    for link in page.span("click").all():
        link.click(force=True)
    page.part("terminal").click()
    nothing_happened(page, dialogs)
