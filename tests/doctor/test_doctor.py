"""`manage.py doctor` as an operator runs it."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from executor_app.doctor import inside
from tests.stack import Stack

pytestmark = pytest.mark.slow

INSIDE = Path(inside.__file__)


@pytest.mark.parametrize("sandbox", ["firejail", "bubblewrap"])
def test_all_is_well_where_all_is_well(codr: Stack, sandbox: str) -> None:
    here = dataclasses.replace(codr, environment={"CODR_SANDBOX": sandbox})
    said = here.manage("doctor")
    assert said.returncode == 0, said.stdout + said.stderr
    lines = said.stdout.splitlines()
    assert [line for line in lines if line.startswith("WRONG")] == []
    for part in ("Redis", "relay", "database", "executor ", "cgroups", "memory limit"):
        assert any(part in line for line in lines), part
    for protection in inside.CHECKS:
        assert f"ok       jail ({sandbox}): {protection}" in lines
    for language in ("python", "javascript", "c", "cpp", "rust"):
        assert any(line.startswith(f"ok       language {language}: ") for line in lines)


def test_a_redis_that_does_not_answer_is_named_with_what_to_do(codr: Stack) -> None:
    nowhere = dataclasses.replace(codr, environment={"REDIS_URL": "redis://127.0.0.1:1/0"})
    said = nowhere.manage("doctor", "--services")
    assert said.returncode == 1
    redis = next(line for line in said.stdout.splitlines() if "Redis" in line)
    assert redis.startswith("WRONG")
    assert "REDIS_URL" in redis


def test_a_database_without_tables_is_named_with_what_to_do(codr: Stack, tmp_path: Path) -> None:
    redis = codr.redis_url
    empty = dataclasses.replace(
        codr,
        environment={"DATABASE_URL": f"sqlite:///{tmp_path}/empty.sqlite3", "REDIS_URL": redis},
    )
    said = empty.manage("doctor", "--services")
    assert said.returncode == 1
    assert "python manage.py migrate" in said.stdout


def test_the_attempts_notice_that_there_is_no_jail() -> None:
    """Run on the bare host, as if every protection had been taken away."""
    said = subprocess.run(
        [sys.executable, str(INSIDE), "/"], capture_output=True, text=True, check=True
    )
    problems = {name for name, problem in map(json.loads, said.stdout.splitlines()) if problem}
    # Those that hold, or may hold, for any process: sockets of a test machine, its own name.
    expected = {
        "nothing of the host in its folders",
        "a clean environment",
        "a system-call filter",
        "no network sockets",
        "no other processes",
    }
    assert expected <= problems, expected - problems
