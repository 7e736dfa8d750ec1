"""The texts that have an index, and how to ask for rows that contain something."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from . import postgres, sqlite

# Longer than any text worth finding; SQLite takes patterns up to 50,000 bytes.
LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Corpus:
    """Rows of `table` that contain something in one of `columns`; `only` says which rows count."""

    name: str
    table: str
    columns: tuple[str, ...]
    only: str
    # SQL for the ids of rows whose entries may be out of date: the log tells of them after an event.
    news: str


OF_TASK = "SELECT task_id FROM activity_event WHERE id > %s AND workspace_id = %s AND task_id IS NOT NULL"
OF_STORY = "SELECT id FROM activity_event WHERE id > %s AND workspace_id = %s AND kind = 'activity.created'"
TITLE = Corpus("title", "tasks_task", ("title",), "1=1", OF_TASK)
DESCRIPTION = Corpus("description", "tasks_task", ("description",), "1=1", OF_TASK)
STORY = Corpus("story", "activity_event", ("description", "actor"), "t.kind = 'activity.created'", OF_STORY)
CORPORA = (TITLE, DESCRIPTION, STORY)


def ids(corpus: Corpus, *, text: str, workspace_id: int, limit: int) -> list[int]:
    """The newest rows that contain the text, newest first."""
    if not limit or len(text) > LONGEST:
        return []
    find = postgres.ids if connection.vendor == "postgresql" else sqlite.ids
    return find(corpus, text=text, workspace_id=workspace_id, limit=limit)
