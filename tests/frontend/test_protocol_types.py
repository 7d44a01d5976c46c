"""The page's types are the server's models."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import call_command

from executor_app import protocol
from executor_app.management.commands import protocol_types


def test_the_checked_in_types_are_those_of_the_models() -> None:
    for name, text in protocol_types.generate().items():
        assert (protocol_types.FOLDER / name).read_text(encoding="utf-8") == text, (
            f"frontend/src/{name} is stale: run `python manage.py protocol_types`"
        )


def test_every_way_a_job_can_end_is_a_type_of_the_page() -> None:
    text = protocol_types.generate()["protocol.ts"]
    for status in protocol.FinalStatus:
        assert f'"{status.value}"' in text


def test_every_close_code_reaches_the_page() -> None:
    text = protocol_types.generate()["protocol.ts"]
    for code in protocol.CloseCode:
        assert f"{code.name}: {code.value}," in text


def test_every_answer_of_http_is_a_type_of_the_page() -> None:
    text = protocol_types.generate()["answers.ts"]
    for name in ("JobPage", "ProgramDetail", "ProgramRequest", "JobWatched"):
        assert f"export interface {name} {{" in text


def test_check_says_so_and_writes_nothing_when_a_file_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol_types, "FOLDER", tmp_path)
    call_command("protocol_types", stdout=io.StringIO())
    stale = tmp_path / "answers.ts"
    stale.write_text("export {};\n")
    said = io.StringIO()

    with pytest.raises(SystemExit) as stopped:
        call_command("protocol_types", "--check", stderr=said)

    assert stopped.value.code == 1
    assert "answers.ts is stale" in said.getvalue()
    assert "protocol.ts" not in said.getvalue()
    assert stale.read_text() == "export {};\n"


def test_writing_makes_stale_files_fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol_types, "FOLDER", tmp_path)

    call_command("protocol_types", stdout=io.StringIO())
    call_command("protocol_types", "--check")

    texts = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert texts == protocol_types.generate()
