"""A running Codr, jobs in it, and a member of staff in front of Chromium."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Page, Response
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as open_socket

from tests.browser.chromium import started
from tests.browser.conftest import DESKTOP
from tests.browser.ide import Watch
from tests.stack import Stack

PATIENCE_S = 45.0
NAME, PASSWORD = "root", uuid.uuid4().hex
LIST = "/admin/executor_app/job/"


class Running:
    """A job, and the socket that follows it. Blocking: Playwright's loop is not to be shared."""

    def __init__(self, socket: ClientConnection, fields: dict[str, Any]) -> None:
        self._socket = socket
        self.frames: list[dict[str, Any]] = []
        self._send(type="execute", language="python", **fields)
        self.id: str = self.until("accepted")["job_id"]

    def _send(self, **message: Any) -> None:
        self._socket.send(json.dumps(message))

    def answer(self, line: str) -> None:
        self._send(type="input_response", data=line)

    def until(self, kind: str) -> dict[str, Any]:
        while True:
            frame = json.loads(self._socket.recv(PATIENCE_S))
            self.frames.append(frame)
            if frame["type"] == kind:
                return dict(frame)
            assert frame["type"] not in ("complete", "error"), frame


Start = Callable[..., Running]


@pytest.fixture
def start(codr: Stack) -> Iterator[Start]:
    with ExitStack() as sockets:

        def start_job(**fields: Any) -> Running:
            socket = sockets.enter_context(open_socket(codr.socket_url, proxy=None))
            return Running(socket, fields)

        yield start_job


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with started() as browser:
        yield browser


@pytest.fixture(scope="package")
def account(codr: Stack) -> None:
    """Made as docs/admin.md says."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
        made = codr.manage(
            "createsuperuser", "--noinput", "--username", NAME, "--email", "root@localhost"
        )
    assert made.returncode == 0, made.stderr


class Desk:
    """A signed-in administrator's browser, watched for what must not happen."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.watch = Watch(page, url)
        self.dialogs: list[str] = []
        page.on("dialog", self._on_dialog)

    def _on_dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def open(self, path: str) -> Response:
        answer = self.page.goto(self.url + path)
        assert answer is not None
        return answer

    def until_running(self, job_id: str) -> None:
        """The table knows it a moment later than who follows the job."""
        verdict = self.page.locator(".job-verdict", has_text="running")
        for _ in range(200):
            self.open_job(job_id)
            if verdict.count():
                return
        raise AssertionError("the job does not run")

    def open_job(self, job_id: str) -> Response:
        return self.open(f"{LIST}{job_id}/change/")


@pytest.fixture
def desk(chromium: Browser, codr: Stack, account: None) -> Iterator[Desk]:
    context = chromium.new_context(viewport={"width": DESKTOP[0], "height": DESKTOP[1]})
    context.set_default_timeout(20_000)
    desk = Desk(context.new_page(), codr.url)
    desk.open("/admin/")
    desk.page.get_by_label("Username").fill(NAME)
    desk.page.get_by_label("Password").fill(PASSWORD)
    desk.page.get_by_role("button", name="Log in").click()
    desk.page.get_by_role("link", name="Jobs").first.wait_for()
    yield desk
    context.close()
    assert desk.dialogs == []
    assert desk.watch.complaints == []
    assert desk.watch.strangers == []


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures go: the folder that CODR_SCREENSHOTS names, else a temporary one."""
    named = os.environ.get("CODR_SCREENSHOTS")
    return Path(named) if named else tmp_path_factory.mktemp("pictures")
