"""Production settings, and what keeps the development mode at home."""

from __future__ import annotations

import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.run import read_procfile
from tests.stack import CHECKOUT, Stack, free_port

PRODUCTION = {
    "CODR_MODE": "production",
    "CODR_SECRET_KEY": secrets.token_urlsafe(50),
    "CODR_ALLOWED_HOSTS": "codr.example",
    "HOST": "0.0.0.0",
}


def run(state: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    settings = {**Stack(state).settings, "PORT": str(free_port()), **environment}
    settings["PATH"] = f"{Path(sys.executable).parent}:{settings['PATH']}"
    return subprocess.run(
        command, cwd=CHECKOUT, env=settings, capture_output=True, text=True, timeout=60
    )


def check(state: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    return run(state, *command, **environment)


def test_djangos_own_check_has_nothing_to_say_of_production(tmp_path: Path) -> None:
    said = check(tmp_path, **PRODUCTION)
    assert (said.returncode, said.stdout) == (
        0,
        "System check identified no issues (0 silenced).\n",
    ), said.stderr


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"CODR_TLS": "off"}, "security.W016"),
        ({"CODR_SECRET_KEY": "short"}, "security.W009"),
        ({"CODR_MODE": "development", "HOST": "127.0.0.1"}, "codr.W001"),
    ],
)
def test_it_does_of_what_is_weaker(tmp_path: Path, change: dict[str, str], words: str) -> None:
    said = check(tmp_path, **PRODUCTION | change)
    assert said.returncode != 0
    assert words in said.stderr


@pytest.mark.parametrize("name", ["web", "recorder"])
def test_production_without_a_secret_does_not_start(tmp_path: Path, name: str) -> None:
    """Not even where a development run has left one."""
    (tmp_path / "secret-key").write_text("left by somebody")
    line = read_procfile(CHECKOUT / "Procfile")[name]
    said = run(tmp_path, "/bin/sh", "-c", line, **PRODUCTION | {"CODR_SECRET_KEY": ""})
    assert said.returncode != 0
    assert "CODR_SECRET_KEY has to be set" in said.stderr + said.stdout


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "codr.example", "127.0.0.10"])
def test_development_does_not_start_where_others_can_reach_it(tmp_path: Path, host: str) -> None:
    line = read_procfile(CHECKOUT / "Procfile")["web"]
    said = run(tmp_path, "/bin/sh", "-c", line, HOST=host)
    assert said.returncode != 0
    assert "CODR_MODE is not production" in said.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("-b", "0.0.0.0", "-p", "{port}"),
        ("-b", "::", "-p", "{port}"),
        ("-b", "127.0.0.10", "-p", "{port}"),
        ("-e", "tcp:{port}"),
        ("-e", "tcp:{port}:interface=0.0.0.0"),
        ("-b", "127.0.0.1", "-p", "{port}", "-e", "tcp:0"),
        ("--fd", "0"),
    ],
)
def test_nor_by_an_argument(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    port = str(free_port())
    given = [argument.format(port=port) for argument in arguments]
    said = run(tmp_path, sys.executable, "-m", "codr.web", *given, "codr.asgi:application")
    assert said.returncode != 0
    assert "Only CODR_MODE=production may listen" in said.stderr
