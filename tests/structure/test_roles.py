"""An executor has nothing worth stealing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.stack import CHECKOUT, Stack

SHOW = """
import django
from django.conf import settings
django.setup()
print(bool(settings.DATABASES.get("default", {}).get("NAME")), settings.SECRET_KEY)
"""


def test_an_executor_has_no_database_and_no_secret(tmp_path: Path) -> None:
    environment = {
        **Stack(tmp_path).settings,
        "CODR_ROLE": "executor",
        "DATABASE_URL": "postgresql://user:secret@127.0.0.1:1/name",
        "DJANGO_SETTINGS_MODULE": "codr.settings",
    }
    said = subprocess.run(
        [sys.executable, "-c", SHOW],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "False an executor signs nothing\n"


def test_the_procfile_takes_both_from_the_executors_environment() -> None:
    lines = dict(
        line.split(": ", 1) for line in (CHECKOUT / "Procfile").read_text().splitlines() if line
    )
    assert set(lines) == {"web", "executor", "recorder"}
    assert "-u DATABASE_URL -u CODR_SECRET_KEY CODR_ROLE=executor" in lines["executor"]


def test_a_running_executor_has_neither_in_its_environment(codr: Stack) -> None:
    assert codr.process is not None
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            environment = (process / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if (
            f"CODR_STATE_DIR={codr.state}\0" in environment
            and "CODR_ROLE=executor\0" in environment
        ):
            found.append(environment)
    assert found
    for environment in found:
        assert "DATABASE_URL=" not in environment
        assert "CODR_SECRET_KEY=" not in environment
