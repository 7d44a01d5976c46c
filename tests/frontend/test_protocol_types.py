"""The page's types are the server's models."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import call_command

from executor_app import protocol
from executor_app.management.commands import protocol_types


def test_the_checked_in_types_are_those_of_the_models() -> None:
    assert protocol_types.TARGET.read_text(encoding="utf-8") == protocol_types.generate(), (
        "frontend/src/protocol.ts is stale: run `python manage.py protocol_types`"
    )


def test_every_way_a_job_can_end_is_a_type_of_the_page() -> None:
    text = protocol_types.generate()
    for status in protocol.FinalStatus:
        assert f'"{status.value}"' in text


def test_every_close_code_reaches_the_page() -> None:
    text = protocol_types.generate()
    for code in protocol.CloseCode:
        assert f"{code.name}: {code.value}," in text


def test_check_says_so_and_writes_nothing_when_the_file_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = tmp_path / "protocol.ts"
    stale.write_text("export {};\n")
    monkeypatch.setattr(protocol_types, "TARGET", stale)
    said = io.StringIO()

    with pytest.raises(SystemExit) as stopped:
        call_command("protocol_types", "--check", stderr=said)

    assert stopped.value.code == 1
    assert "stale" in said.getvalue()
    assert stale.read_text() == "export {};\n"


def test_writing_makes_a_stale_file_fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "protocol.ts"
    monkeypatch.setattr(protocol_types, "TARGET", target)

    call_command("protocol_types", stdout=io.StringIO())
    call_command("protocol_types", "--check")

    assert target.read_text(encoding="utf-8") == protocol_types.generate()
