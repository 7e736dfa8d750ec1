"""What migrations of a running installation need besides Django's own operations."""

from __future__ import annotations

from typing import Any

from django.db import NotSupportedError, migrations

INVALID = "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(%s) AND NOT indisvalid"


class AddIndexWhileInUse(migrations.AddIndex):
    """An index that is made while others write; in a migration with `atomic = False`, and nothing else in it."""

    atomic = False

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        database = schema_editor.connection
        if database.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        if database.in_atomic_block:
            raise NotSupportedError(f"{self.index.name} is made outside of transactions: set `atomic = False`.")
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(database.alias, model):
            self._remove_half_made(schema_editor)
            schema_editor.add_index(model, self.index, concurrently=True)

    def _remove_half_made(self, schema_editor: Any) -> None:
        """What an attempt left behind that was broken off."""
        name = schema_editor.quote_name(self.index.name)
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(INVALID, [name])
            if cursor.fetchone():
                cursor.execute(f"DROP INDEX CONCURRENTLY {name}")

    def describe(self) -> str:
        return f"{super().describe()}, while it is in use"
