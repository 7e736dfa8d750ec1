"""The indexes of the search, in each database's own way."""

from __future__ import annotations

from django.db import DatabaseError, migrations, transaction
from django.utils import timezone

TABLES = ("search_title", "search_description", "search_story")
OPTIONS = "tokenize='trigram', detail=none, columnsize=0"


def make(apps, editor):
    if editor.connection.vendor == "postgresql":
        _make_gin(editor)
    else:
        for table in TABLES:
            editor.execute(f"CREATE VIRTUAL TABLE {table} USING fts5(scope, text, {OPTIONS})")
        from system.search.indexing import rebuild

        rebuild(now=timezone.now())


def _make_gin(editor):
    from system.search.postgres import INDEXES, document

    try:
        # Since PostgreSQL 13 the database's owner may have it without being superuser.
        with transaction.atomic(using=editor.connection.alias):
            editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        trigrams = True
    except DatabaseError:
        trigrams = False
    for name, (table, columns, only) in INDEXES.items():
        if trigrams:
            listed = ", ".join(f"{column} gin_trgm_ops" for column in columns)
            editor.execute(f"CREATE INDEX search_trigrams_{name} ON {table} USING gin ({listed}){only}")
        else:
            editor.execute(f"CREATE INDEX search_words_{name} ON {table} USING gin ({document(columns)}){only}")


def drop(apps, editor):
    if editor.connection.vendor == "postgresql":
        for kind in ("trigrams", "words"):
            for name in ("title", "description", "story"):
                editor.execute(f"DROP INDEX IF EXISTS search_{kind}_{name}")
    else:
        for table in TABLES:
            editor.execute(f"DROP TABLE IF EXISTS {table}")


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("activity", "0002_audit_and_tenants"),
        ("tasks", "0001_initial"),
    ]

    operations = [migrations.RunPython(make, drop)]
