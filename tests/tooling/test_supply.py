"""What is installed is what was tested; `make audit` says what it found or that it could not."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stack import CHECKOUT

LOCK = CHECKOUT / "frontend" / "package-lock.json"
REQUIREMENTS = ("requirements.txt", "requirements-dev.txt")
PINNED = re.compile(r"[a-z0-9._-]+(\[[a-z,]+\])?==\S+( ;.*?)?( --hash=sha256:[0-9a-f]{64})+")


def logical_lines(text: str) -> list[str]:
    """Without comments, and with what a backslash continues."""
    joined = re.sub(r"\\\n\s*", "", text)
    return [
        line.strip() for line in joined.splitlines() if line and not line.lstrip().startswith("#")
    ]


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_every_python_package_is_pinned_and_hashed(name: str) -> None:
    lines = logical_lines((CHECKOUT / name).read_text())
    assert len(lines) > 50
    assert [line for line in lines if not PINNED.fullmatch(line)] == []


def test_every_package_of_the_front_end_has_its_integrity() -> None:
    packages = json.loads(LOCK.read_text())["packages"]
    without = [
        name
        for name, package in packages.items()
        if name and not package.get("integrity", "").startswith("sha512-")
    ]
    assert len(packages) > 50
    assert without == []


@pytest.mark.parametrize("path", [*REQUIREMENTS, "frontend/package-lock.json", "frontend/.npmrc"])
def test_no_registry_is_named(path: str) -> None:
    """So that one can install from a mirror of one's own."""
    text = "\n".join(logical_lines((CHECKOUT / path).read_text()))
    assert "--index-url" not in text
    assert '"resolved"' not in text
    named = re.findall(r"https?://[^/\s\"]*(?:registry|pypi|npmjs)[^/\s\"]*", text)
    assert named == []


PIP_CLEAN = {"dependencies": [{"name": "a", "version": "1", "vulns": []}]}
PIP_FOUND = {
    "dependencies": [
        {"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}
    ]
}
PIP_SKIPPED = {"dependencies": [{"name": "a", "skip_reason": "not found: a (1)"}]}
NPM_CLEAN = {"vulnerabilities": {}, "metadata": {"dependencies": {"total": 7}}}
NPM_FOUND = {
    "vulnerabilities": {"b": {"range": "<3", "severity": "high", "via": [{"title": "Bad"}]}},
    "metadata": {"dependencies": {"total": 7}},
}
NPM_AWAY = {"message": "405 Method Not Allowed - POST https://127.0.0.1/advisories", "error": {}}


@pytest.mark.parametrize(
    ("pip", "npm", "code", "words"),
    [
        (PIP_CLEAN, NPM_CLEAN, 0, "frontend: 7 packages, nothing known against them."),
        (PIP_FOUND, NPM_CLEAN, 1, "requirements.txt: a 1: PYSEC-1, mended in 2"),
        (PIP_CLEAN, NPM_FOUND, 1, "frontend: b <3: high, Bad"),
        (PIP_SKIPPED, NPM_CLEAN, 2, "requirements.txt: not audited: 1 of 1 packages could not be"),
        (PIP_CLEAN, NPM_AWAY, 2, "frontend: not audited: 405 Method Not Allowed - POST …"),
        (None, NPM_FOUND, 2, "requirements.txt: not audited: OSError: no way there"),
    ],
    ids=["clean", "found", "found in front", "knows nobody", "refuses", "away"],
)
def test_an_audit_says_what_it_found_or_that_it_could_not_ask(
    tmp_path: Path, pip: object, npm: object, code: int, words: str
) -> None:
    """The services' answers are stood in for; the programs that ask them are not ours."""
    (tmp_path / "pip_audit").mkdir()
    said = f"print({json.dumps(pip)!r})" if pip else "raise OSError('no way there')"
    (tmp_path / "pip_audit" / "__main__.py").write_text(said)
    (tmp_path / "pip_audit" / "__init__.py").write_text("")
    (tmp_path / "npm").write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(npm)}\nEND\nexit 1\n")
    (tmp_path / "npm").chmod(0o755)
    environment = {
        **os.environ,
        "PYTHONPATH": str(tmp_path),
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
    }
    done = subprocess.run(
        [sys.executable, "-m", "scripts.audit"],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
