"""The examples of docs/accounts.md, run as they stand there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest

from tests.access.live.conftest import Account, make_accounts
from tests.server.client import connect
from tests.stack import CHECKOUT, Stack

pytestmark = pytest.mark.slow

PAGE = (CHECKOUT / "docs" / "accounts.md").read_text(encoding="utf-8")
WRITTEN = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def ada(codr: Stack) -> Account:
    return make_accounts(codr, ada=False)["ada"]


def blocks(kind: str) -> list[str]:
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return [text for written, text in fenced if written == kind]


def commands(*words: str) -> list[str]:
    """The curl commands of the page that have these words."""
    lines = "".join(blocks("")).replace("\\\n", " ").splitlines()
    found = [line for line in lines if line.startswith("curl") and all(w in line for w in words)]
    assert found, words
    return found


def run(
    command: list[str] | str, codr: Stack, account: Account, job: str = "", program: str = ""
) -> str:
    named = {"CODR_KEY": account.secret, "JOB": job, "PROGRAM": program, "no_proxy": "*"}
    settings = {**os.environ, **named}
    done = subprocess.run(
        command,
        shell=isinstance(command, str),
        env=settings,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_python_example_runs_a_program(codr: Stack, ada: Account) -> None:
    (example,) = blocks("python")
    example = example.replace("127.0.0.1:8000", f"127.0.0.1:{codr.port}")
    said = run([sys.executable, "-c", example], codr, ada)
    assert '"data":"hello\\n"' in said.replace(" ", "")
    assert '"status":"completed"' in said.replace(" ", "")


async def test_each_command_answers_as_the_page_says(codr: Stack, ada: Account) -> None:
    async with connect(codr.socket_url, headers=ada.headers) as client:
        job = (await client.execute("python", "input('name? ')"))["job_id"]
        await client.until("input_request")

        def answer(*words: str) -> dict[str, object]:
            (command,) = commands(*words)
            said = run(command.replace(WRITTEN, codr.url), codr, ada, job)
            facts: dict[str, object] = json.loads(said)
            return facts

        assert answer("/api/me")["name"] == ada.name
        assert answer('{"user": "bob"}') == {"shared_with": ["bob"], "typists": []}
        assert answer("may_type", "/shares") == {"shared_with": ["bob"], "typists": ["bob"]}
        assert answer("DELETE", "/shares") == {"shared_with": [], "typists": []}
        assert answer("may_type", "/link")["may_type"] is True
        assert answer("DELETE", "$JOB/link") == {"link": None, "may_type": False}
        assert answer("/transcript")["kept"] is False
        assert answer("/cancel")["cancelling"] is True
        assert (await client.until("complete"))["status"] == "cancelled"

    def keep(*words: str, program: str = "") -> dict[str, Any]:
        (command,) = commands(*words)
        kept: dict[str, Any] = json.loads(
            run(command.replace(WRITTEN, codr.url), codr, ada, program=program)
        )
        return kept

    saved = keep("greeter")
    (listed,) = [line for line in commands("/api/programs") if line.endswith("/api/programs")][1:]
    assert saved["id"] in run(listed.replace(WRITTEN, codr.url), codr, ada)
    assert len(keep("$PROGRAM/link", program=saved["id"])["link"]) == 22
    # The list, and one of it: their commands end with the address.
    for address in ("/api/jobs", "/api/jobs/$JOB"):
        (command,) = [line for line in commands(address) if line.endswith(address)]
        assert job in run(command.replace(WRITTEN, codr.url), codr, ada, job)
