"""An index for a table that is in use: PostgreSQL makes it without keeping anybody from writing."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db.migrations import AddIndex


class AddIndexUnlocked(AddIndexConcurrently):
    """In a migration with `atomic = False`. On SQLite, which has one writer anyway, a plain one."""

    def database_forwards(self, app_label: str, schema_editor: Any, *states: Any) -> None:
        _kind(schema_editor).database_forwards(self, app_label, schema_editor, *states)

    def database_backwards(self, app_label: str, schema_editor: Any, *states: Any) -> None:
        _kind(schema_editor).database_backwards(self, app_label, schema_editor, *states)


def _kind(schema_editor: Any) -> type[AddIndex]:
    is_postgres = schema_editor.connection.vendor == "postgresql"
    return AddIndexConcurrently if is_postgres else AddIndex
