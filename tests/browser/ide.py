"""The page as a person uses it, so that a test reads like what they do and see."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, WebSocket, expect

REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
    console.error("refused by the policy:", event.violatedDirective, event.blockedURI));
"""
LIVE = re.compile("queued|compiling|running|waiting")


class Watch:
    """What a page must not do: complain in its console, or speak to a stranger."""

    def __init__(self, page: Page, url: str) -> None:
        self.complaints: list[str] = []
        self.strangers: list[str] = []
        self.allowed: tuple[str, ...] = ()
        self.sockets: list[WebSocket] = []
        self._ours = (url + "/", url.replace("http", "ws", 1) + "/")
        self._expected: list[str] = []
        page.add_init_script(REPORT_VIOLATIONS)
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._on_request)
        page.on("websocket", self._on_socket)

    def expect_complaint(self, part: str) -> None:
        """A test that takes the server away makes the browser say so."""
        self._expected.append(part)

    def expect_late_messages(self) -> None:
        """Playwright's stand-in for a socket passes on what the real one has closed to."""
        self.expect_complaint("WebSocket is already in CLOSING or CLOSED state")

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        if not any(part in message.text for part in self._expected):
            self.complaints.append(message.text)

    def _on_request(self, request: Request) -> None:
        self._check(request.url)

    def _on_socket(self, socket: WebSocket) -> None:
        self.sockets.append(socket)
        self._check(socket.url)

    def _check(self, url: str) -> None:
        if not url.startswith((*self._ours, *self.allowed)):
            self.strangers.append(url)


class Ide:
    def __init__(self, page: Page, watch: Watch) -> None:
        self.page = page
        self.watch = watch

    # --- what a person finds -----------------------------------------------------------------

    def part(self, test_id: str) -> Locator:
        return self.page.get_by_test_id(test_id)

    @property
    def status(self) -> Locator:
        return self.part("status")

    @property
    def result(self) -> Locator:
        return self.part("result")

    @property
    def input_line(self) -> Locator:
        return self.part("input-line")

    @property
    def screen(self) -> Locator:
        """What the terminal shows, as text."""
        return self.part("terminal-log")

    @property
    def problem(self) -> Locator:
        return self.part("problem")

    @property
    def code(self) -> Locator:
        return self.part("editor").locator(".cm-content")

    @property
    def cursor(self) -> Locator:
        return self.page.locator(".xterm-rows .xterm-cursor")

    def shown(self) -> str:
        return self.screen.inner_text()

    def span(self, text: str) -> Locator:
        """Where the terminal draws `text`."""
        return self.page.locator(".xterm-rows span", has_text=text)

    # --- what a person does ------------------------------------------------------------------

    def choose(self, language: str) -> None:
        self.part("language").select_option(language)

    def write(self, code: str) -> None:
        """Puts a program in place of the one in the editor, as pasting does."""
        self.code.click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(code)

    def run(self) -> None:
        self.part("run").click()

    def stop(self) -> None:
        self.part("stop").click()

    def start(self, code: str, language: str = "python") -> None:
        self.choose(language)
        self.write(code)
        self.run()

    def answer(self, text: str) -> None:
        """By the input line below the terminal."""
        self.input_line.fill(text)
        self.input_line.press("Enter")

    def type_in_terminal(self, text: str) -> None:
        self.part("terminal").click()
        self.page.keyboard.type(text)

    def press_in_terminal(self, key: str) -> None:
        self.part("terminal").click()
        self.page.keyboard.press(key)

    # --- what they wait for ------------------------------------------------------------------

    def is_asked(self, prompt: str) -> None:
        expect(self.part("input-prompt")).to_have_text(prompt)
        expect(self.status).to_have_attribute("data-phase", "waiting")

    def sees(self, text: str) -> None:
        expect(self.screen).to_contain_text(text)

    def is_live(self) -> None:
        expect(self.status).to_have_attribute("data-phase", LIVE)

    def is_running(self) -> None:
        expect(self.status).to_have_attribute("data-phase", "running")

    def has_ended(self, status: str = "completed") -> None:
        expect(self.result).to_have_attribute("data-status", status)
        expect(self.part("run")).to_be_visible()

    # --- one's runs and saved programs ----------------------------------------------------------

    def open_mine(self, tab: str = "runs") -> None:
        self.part("mine").click()
        self.part(f"tab-{tab}").click()

    def entry(self, which: str, number: int = 0) -> Locator:
        """Of the list of `runs` or `programs`, the latest first."""
        return self.part(which).get_by_role("listitem").nth(number)

    def save_as(self, name: str) -> None:
        self.code.click()
        self.page.keyboard.press("Control+s")
        self.part("program-name").fill(name)
        self.page.keyboard.press("Enter")
        expect(self.part("file-note")).to_contain_text(f"Saved as {name}.")

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()

    def is_too_wide(self) -> int:
        """Pixels that one would have to scroll sideways. A phone's window grows with what is too
        wide, so that it says nothing."""
        assert self.page.viewport_size is not None
        wide: int = self.page.evaluate("() => document.documentElement.scrollWidth")
        return max(0, wide - self.page.viewport_size["width"])

    def picture(self, path: Path) -> None:
        self.page.screenshot(path=path, caret="initial")
