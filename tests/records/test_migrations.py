"""`manage.py` on an empty database of each kind: there, and back again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stack import Stack


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_tables_can_be_made_from_nothing_and_taken_back(
    kind: str, fresh_database: Callable[[str], str], state: Path
) -> None:
    site = Stack(state, {"DATABASE_URL": fresh_database(kind)})

    def manage(*arguments: str) -> str:
        done = site.manage(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "Applying executor_app.0001_initial... OK" in manage("migrate", "--no-input")
    assert manage("makemigrations", "--check", "--dry-run") == "No changes detected\n"
    assert "Unapplying executor_app.0001_initial... OK" in manage("migrate", "executor_app", "zero")
