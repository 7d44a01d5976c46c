"""`make audit`: what is known against the packages pinned here, Python's and the front end's.

Asks the services behind pip-audit and npm, so it needs the internet and is no part of CI. Ends with
0 when nothing is known, 1 with findings, and 2 when one of the services could not be asked.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ("requirements.txt", "requirements-dev.txt")
PATIENCE_S = 300


class NotAskedError(Exception):
    """The service did not answer; the message is the one line that a person gets."""


@dataclass(frozen=True)
class Audit:
    what: str
    packages: int
    findings: Sequence[str]


def main() -> int:
    code = 0
    audits = [*((_python, name) for name in REQUIREMENTS), (_npm, "frontend")]
    for audit, name in audits:
        try:
            done = audit(name)
        except NotAskedError as error:
            print(f"{name}: not audited: {error}", file=sys.stderr)
            code = 2
            continue
        for finding in done.findings:
            print(f"{done.what}: {finding}")
        known = f"{len(done.findings)} findings" if done.findings else "nothing known against them"
        print(f"{done.what}: {done.packages} packages, {known}.")
        code = code or (1 if done.findings else 0)
    return code


def _python(name: str) -> Audit:
    """Without pip: every line is pinned and hashed, so there is nothing to resolve."""
    said = _run(
        [
            *(sys.executable, "-m", "pip_audit", "--requirement", name, "--require-hashes"),
            *("--disable-pip", "--format", "json", "--progress-spinner", "off"),
        ],
        CHECKOUT,
    )
    packages = said["dependencies"]
    # A service that is not what it should be knows nobody, and nothing against anybody.
    skipped = [package["skip_reason"] for package in packages if "skip_reason" in package]
    if skipped:
        reason = f"{len(skipped)} of {len(packages)} packages could not be asked for"
        raise NotAskedError(f"{reason}, such as: {skipped[0]}")
    findings = [
        f"{package['name']} {package['version']}: {vulnerability['id']}"
        f"{_mended(vulnerability['fix_versions'])}"
        for package in packages
        for vulnerability in package.get("vulns", [])
    ]
    return Audit(name, len(packages), findings)


def _mended(versions: Sequence[str]) -> str:
    return f", mended in {' or '.join(versions)}" if versions else ", not mended yet"


def _npm(name: str) -> Audit:
    said = _run(["npm", "audit", "--package-lock-only", "--json"], CHECKOUT / name)
    findings = [
        f"{package} {found['range']}: {found['severity']}, {_titles(found)}"
        for package, found in said["vulnerabilities"].items()
    ]
    return Audit(name, said["metadata"]["dependencies"]["total"], findings)


def _titles(found: dict[str, Any]) -> str:
    """What is wrong with it, or the packages that make it wrong."""
    causes = (each if isinstance(each, str) else each["title"] for each in found["via"])
    return "; ".join(causes)


def _run(command: Sequence[str], folder: Path) -> dict[str, Any]:
    """What it said, as JSON. An exit code of 1 means findings or a failure, so it is no help."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S
        )
    except subprocess.TimeoutExpired:
        raise NotAskedError(f"no answer within {PATIENCE_S} s") from None
    except OSError as error:
        raise NotAskedError(f"{command[0]}: {error.strerror}") from None
    try:
        said: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise NotAskedError(_last_line(done.stderr or done.stdout)) from None
    if "dependencies" not in said and "vulnerabilities" not in said:
        raise NotAskedError(_last_line(str(said.get("message") or said.get("error") or said)))
    return said


def _last_line(text: str) -> str:
    """Where a stack trace has its words, without the address that it was about."""
    lines = [line.strip() for line in re.sub(r"https?://\S+", "…", text).splitlines()]
    return next((line[:200] for line in reversed(lines) if line), "it said nothing")


if __name__ == "__main__":
    sys.exit(main())
