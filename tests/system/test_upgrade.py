"""While a new version is brought in, the one before goes on: on the new tables, and with a log that tells news."""

from __future__ import annotations

from contextlib import suppress

import pytest
from django.db import DatabaseError, connection, models, transaction
from django.db.migrations.loader import MigrationLoader
from django.test import TestCase, TransactionTestCase

from core.migrating import AddIndexWhileInUse
from system.models import JobRun
from tests.anyrow import any_row
from tests.realtime.listening import listening
from tests.server import Server, unique
from tools.migrationguard import released


def before():
    """The models of the last release, as its code has them."""
    loader = MigrationLoader(None)
    nodes = [node for node in released() if node in loader.graph.nodes]
    assert len(nodes) == len(released()), "a released migration is gone"
    apps = loader.project_state(sorted(nodes)).apps
    return [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]


def live(model):
    """What its code does with a table: each statement names every column that it knows, and no other."""
    row = any_row(model)
    again = model._base_manager.get(pk=row.pk)
    again.save(force_update=len(model._meta.local_concrete_fields) > 1)
    assert model._base_manager.filter(pk=row.pk).delete()[0] >= 1


class StatementsOfTheVersionBeforeTests(TestCase):
    def test_they_work_on_the_tables_of_this_one(self):
        for model in before():
            with self.subTest(table=model._meta.db_table), transaction.atomic():
                live(model)

    def test_a_column_that_went_would_be_noticed(self):
        (model,) = (one for one in before() if one._meta.db_table == "system_setting")
        live(model)
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE system_setting RENAME COLUMN value TO was_value")
        with pytest.raises(DatabaseError), transaction.atomic():
            live(model)


class IndexWhileInUseTests(TransactionTestCase):
    def test_it_is_made_outside_of_transactions_also_after_an_attempt_that_broke_off(self):
        state = MigrationLoader(None).project_state()
        operation = AddIndexWhileInUse("jobrun", models.Index(fields=["message"], name="made_in_use"))
        after = state.clone()
        operation.state_forwards("system", after)
        try:
            for _ in range(2 if connection.vendor == "postgresql" else 1):
                with connection.schema_editor(atomic=False) as editor:
                    operation.database_forwards("system", editor, state, after)
                assert self.has_index()
                if connection.vendor == "postgresql":
                    with connection.cursor() as cursor:
                        cursor.execute(
                            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'made_in_use'::regclass"
                        )
        finally:
            with suppress(DatabaseError), connection.schema_editor(atomic=False) as editor:
                operation.database_backwards("system", editor, after, state)
        assert not self.has_index()

    def has_index(self):
        with connection.cursor() as cursor:
            return "made_in_use" in connection.introspection.get_constraints(cursor, JobRun._meta.db_table)


NEWS = """
from django.utils import timezone
from activity.models import Event
Event.objects.create(kind="task.teleported", at=timezone.now(), workspace_id=1, actor="system", subject="task:1",
                     task_id=1, data={"to": "mars"})
"""


IN_QUEUE = """
import psycopg
from django.db import connection
from core import migrating
tries = []
def migrate(*words, **options):
    tries.append(connection.in_atomic_block)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE system_setting ALTER COLUMN category SET DEFAULT 'x'")
migrating.call_command, migrating.IN_QUEUE = migrate, 1
reader = psycopg.connect(URL)
reader.execute("SELECT * FROM system_setting")
migrating.bring_up_to_date(rest=lambda seconds: reader.rollback())
with connection.cursor() as cursor:
    cursor.execute("SHOW lock_timeout")
    answer = [len(tries), cursor.fetchone()[0]]
"""


def test_a_migration_that_has_to_wait_steps_back_and_tries_again(postgres) -> None:
    url = postgres.create(unique("queue"))
    server = Server(DATABASE_URL=url)
    assert server.django(f"URL = {url!r}\n{IN_QUEUE}") == [2, "0"]
    server.__exit__(None, None, None)


def test_what_only_the_new_version_knows_how_to_tell_stops_nobody() -> None:
    with Server(worker=True) as server, listening(server) as stream:
        server.ask("POST", "/api/tasks", {"title": "before"})
        stream.wait_for_title("before")
        server.django(NEWS)
        server.ask("POST", "/api/tasks", {"title": "after"})
        stream.wait_for_title("after")
        with listening(server, last_event_id=str(stream.ids[0])) as again:
            assert again.wait_for_title("after").ids == stream.ids[1:]
        assert server.ask("GET", "/api/activities")[0] == 200
        assert server.ask("GET", "/api/v1/events/timeline")[0] == 200
        assert server.wait_until_ready() == {"database": "ok", "worker": "ok"}
