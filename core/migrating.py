"""What migrations of a running installation need besides Django's own operations."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.core.management import call_command
from django.db import DatabaseError, NotSupportedError, OperationalError, connection, migrations

# Seconds for which a migration stands in the queue before a table, and in which it must have got through.
IN_QUEUE, PATIENCE = 2, 600
LOCK_NOT_AVAILABLE = "55P03"
INVALID = "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(%s) AND NOT indisvalid"


def bring_up_to_date(
    *, clock: Callable[[], float] = time.monotonic, rest: Callable[[float], None] = time.sleep
) -> None:
    """Run the migrations that are missing.

    Who waits for a table on PostgreSQL keeps everybody waiting who comes after: so a migration that cannot have its
    table at once, because of a backup or a long report, steps back and tries again.
    """
    end = clock() + PATIENCE
    while True:
        try:
            _set_lock_timeout(f"{IN_QUEUE}s")
            call_command("migrate", interactive=False, verbosity=0)
            return
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") != LOCK_NOT_AVAILABLE or clock() > end:
                raise
            rest(1)
        finally:
            with suppress(DatabaseError):
                _set_lock_timeout("DEFAULT")


def _set_lock_timeout(length: str) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {length if length == 'DEFAULT' else repr(length)}")


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
