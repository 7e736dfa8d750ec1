"""What a migration may do while the version before is still running, and those who write must not wait for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import migrations
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from core.migrating import AddIndexWhileInUse

# Tables of a few rows, where making an index or a constraint takes no time.
SMALL = {
    ("accounts", "accessrequest"), ("accounts", "apikey"), ("accounts", "tenant"), ("accounts", "user"),
    ("accounts", "workspace"), ("activity", "lease"), ("activity", "reader"), ("alerts", "alertrule"),
    ("connections", "connection"), ("governance", "policy"), ("projects", "membership"), ("projects", "project"),
    ("system", "jobrecord"), ("system", "setting"), ("tokens", "budget"), ("tokens", "priceoverride"),
    ("webhooks", "webhook"), ("workflows", "pipeline"), ("workflows", "workflowtemplate"),
}  # fmt: skip
HARMLESS = (
    migrations.CreateModel, migrations.RemoveIndex, migrations.RenameIndex, migrations.RemoveConstraint,
    migrations.AlterModelOptions, migrations.AlterModelManagers, migrations.AlterModelTableComment,
)  # fmt: skip
# Kinds of columns that take everything the others took, without a table that is written anew.
WIDER = {("CharField", "TextField"), ("SlugField", "TextField"), ("SlugField", "CharField")}
GONE = "the version before still reads it. Take it out of the model first, and out of the database a release later"


class Rules:
    """One sitting over the migrations that are new, in their order."""

    def __init__(self) -> None:
        # Tables that the version before knows nothing of: whatever is done to them.
        self._new: set[tuple[str, str]] = set()

    def check(self, migration: migrations.Migration, state: ProjectState) -> Iterator[str]:
        """`state` is what the tables are before."""
        kinds = {type(operation) for operation in migration.operations}
        if migrations.RunPython in kinds and len(kinds) > 1:
            yield f"{migration}: data moves in a migration of its own"
        if getattr(migration, "safe_because", ""):
            return
        for operation in migration.operations:
            for words in self._judge(operation, state, migration):
                yield f"{migration}: {operation.describe()}: {words}"
            if isinstance(operation, migrations.CreateModel):
                self._new.add((migration.app_label, operation.name_lower))
            state = state.clone()
            operation.state_forwards(migration.app_label, state)

    def _judge(self, operation: Operation, state: ProjectState, migration: migrations.Migration) -> Iterator[str]:
        app = migration.app_label
        table = (app, str(getattr(operation, "model_name", getattr(operation, "name", ""))).lower())
        if isinstance(operation, (*HARMLESS, migrations.RunPython)) or table in self._new:
            return
        if isinstance(operation, migrations.SeparateDatabaseAndState):
            yield from self._separate(operation, state, migration)
        elif isinstance(operation, migrations.AddField):
            yield from _added(operation.field, table)
        elif isinstance(operation, migrations.AlterField):
            yield from _altered(state.models[table].fields[operation.name], operation.field, table)
        elif isinstance(operation, migrations.AddIndex):
            if isinstance(operation, AddIndexWhileInUse):
                if migration.atomic:
                    yield "set `atomic = False` in its migration"
            elif table not in SMALL:
                yield "nobody can write while it is made. Use core.migrating.AddIndexWhileInUse"
        elif isinstance(operation, migrations.RemoveField | migrations.DeleteModel):
            yield GONE
        else:
            yield "the version before does not know of it. Say in `safe_because` of the migration why it may go on"

    def _separate(
        self, operation: migrations.SeparateDatabaseAndState, state: ProjectState, migration: migrations.Migration
    ) -> Iterator[str]:
        after = state.clone()
        for part in operation.database_operations:
            yield from self._judge(part, after, migration)
            part.state_forwards(migration.app_label, after)
        for part in operation.state_operations:
            if isinstance(part, migrations.RemoveField):
                field = after.models[migration.app_label, part.model_name_lower].fields[part.name]
                if not _may_be_left_out(field):
                    yield f"{part.name} stays in the database: it must take null, or have a database default"


def _may_be_left_out(field: Any) -> bool:
    """Whether a row can be inserted by who does not know the column."""
    return bool(field.many_to_many or field.null or field.has_db_default() or field.primary_key)


def _added(field: Any, table: tuple[str, str]) -> Iterator[str]:
    if not _may_be_left_out(field):
        yield "the version before leaves it out of its rows. Let it take null, or give it a `db_default`"
    if not field.many_to_many and table not in SMALL and (field.unique or field.db_index):
        yield "its index is made while nobody can write. Set db_index=False, and use AddIndexWhileInUse"


def _altered(was: Any, now: Any, table: tuple[str, str]) -> Iterator[str]:
    if was.null and not now.null:
        yield "the version before may still write null"
    if was.has_db_default() and not _may_be_left_out(now):
        yield "the version before leaves it to the database's default"
    kinds = was.get_internal_type(), now.get_internal_type()
    if kinds[0] != kinds[1] and kinds not in WIDER:
        yield "the whole table is written anew. Add another column"
    elif now.max_length is not None and now.max_length < (was.max_length or float("inf")):
        yield "the version before may still write longer texts"
    if was.db_column != now.db_column:
        yield GONE
    if table not in SMALL and (now.unique, now.db_index) > (was.unique, was.db_index):
        yield "its index is made while nobody can write. Use AddIndexWhileInUse"
