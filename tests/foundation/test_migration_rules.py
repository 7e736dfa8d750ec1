"""What a migration may do while the version before is still running."""

from __future__ import annotations

import pytest
from django.db import migrations, models
from django.db.migrations.state import ModelState, ProjectState

from core.migrating import AddIndexWhileInUse
from tools.migrationguard import findings
from tools.migrationrules import Rules

FIELDS = [
    ("id", models.BigAutoField(primary_key=True)),
    ("name", models.CharField(max_length=20)),
    ("kept", models.IntegerField(db_default=1)),
    ("note", models.TextField(null=True)),
]
INDEX = models.Index(fields=["name"], name="index")
UNIQUE = models.UniqueConstraint(fields=["name"], name="unique")


def judged(*operations, atomic=True, safe_because="", model="big"):
    state = ProjectState()
    for name in ("big", "user"):
        state.add_model(ModelState("accounts", name, list(FIELDS)))
    body = {"operations": operations, "atomic": atomic, "safe_because": safe_because}
    migration = type("Migration", (migrations.Migration,), body)("0001_test", "accounts")
    return " ".join(Rules().check(migration, state))


def apart(database, state):
    return migrations.SeparateDatabaseAndState(database_operations=database, state_operations=state)


LEFT_OUT = "the version before leaves it out"
AT_ONCE = "AddIndexWhileInUse"
READS = "the version before still reads it"


@pytest.mark.parametrize(
    ("words", "operation"),
    [
        (LEFT_OUT, migrations.AddField("big", "new", models.IntegerField(default=0))),
        (AT_ONCE, migrations.AddField("big", "new", models.IntegerField(null=True, db_index=True))),
        (AT_ONCE, migrations.AddField("big", "new", models.ForeignKey("big", models.CASCADE, null=True))),
        (READS, migrations.RemoveField("big", "note")),
        (READS, migrations.DeleteModel("big")),
        ("does not know of it", migrations.RenameField("big", "name", "title")),
        ("does not know of it", migrations.RenameModel("big", "huge")),
        ("does not know of it", migrations.AddConstraint("big", UNIQUE)),
        ("does not know of it", migrations.RunSQL("SELECT 1")),
        ("write null", migrations.AlterField("big", "note", models.TextField(default=""))),
        ("longer texts", migrations.AlterField("big", "name", models.CharField(max_length=10))),
        ("written anew", migrations.AlterField("big", "note", models.CharField(max_length=10, null=True))),
        ("written anew", migrations.AlterField("big", "kept", models.BigIntegerField(db_default=1))),
        ("database's default", migrations.AlterField("big", "kept", models.IntegerField())),
        (AT_ONCE, migrations.AlterField("big", "name", models.CharField(max_length=20, unique=True))),
        (AT_ONCE, migrations.AddIndex("big", INDEX)),
        ("atomic = False", AddIndexWhileInUse("big", INDEX)),
        ("must take null", apart([], [migrations.RemoveField("big", "name")])),
    ],
)
def test_what_would_break_or_hold_up_the_version_before_is_told(words, operation):
    assert words in judged(operation)


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("big", "new", models.IntegerField(null=True)),
        migrations.AddField("big", "new", models.IntegerField(db_default=0)),
        migrations.AddField("user", "new", models.IntegerField(null=True, db_index=True)),
        migrations.AlterField("big", "name", models.CharField(max_length=200)),
        migrations.AlterField("big", "name", models.TextField()),
        migrations.AlterField("big", "name", models.CharField(max_length=20, null=True)),
        migrations.AddIndex("user", INDEX),
        migrations.CreateModel("new", list(FIELDS)),
        migrations.RunPython(migrations.RunPython.noop),
        apart([], [migrations.RemoveField("big", "kept")]),
        apart(
            [migrations.AlterField("big", "name", models.CharField(max_length=20, null=True))],
            [migrations.RemoveField("big", "name")],
        ),
    ],
)
def test_what_the_version_before_does_not_mind_may_be_done(operation):
    assert judged(operation) == ""


def test_an_index_may_be_made_while_others_write():
    assert judged(AddIndexWhileInUse("big", INDEX), atomic=False) == ""


def test_a_table_that_is_new_may_be_changed_as_one_likes():
    new = migrations.CreateModel("new", list(FIELDS))
    assert judged(new, migrations.AddIndex("new", INDEX), migrations.AddConstraint("new", UNIQUE)) == ""


def test_data_moves_apart():
    field = migrations.AddField("big", "new", models.IntegerField(null=True))
    assert "of its own" in judged(field, migrations.RunPython(migrations.RunPython.noop))


def test_who_knows_better_says_why():
    assert judged(migrations.AddConstraint("big", UNIQUE), safe_because="names have been unique since 0.1.0") == ""


def test_our_migrations_keep_to_it():
    assert list(findings()) == []
