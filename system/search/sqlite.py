"""Trigrams in SQLite: one FTS5 table for each corpus, whose `rowid` is the row's id.

`scope` holds the workspace as three characters, which is one trigram, so that a small workspace beside a large one
finds its rows at once. Positions are not kept (`detail=none`): trigrams only choose candidates, and LIKE on the row
itself decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from activity.models import Reader
from core.rows import ask

from .patterns import pattern

if TYPE_CHECKING:
    from .corpora import Corpus

READER = "system.search.indexing.read"
TABLES = {"title": "search_title", "description": "search_description", "story": "search_story"}
# What one index cannot narrow down (two letters, or a worker that has been away) is looked for among this many rows.
NEWEST = 20_000
ENOUGH_TRIGRAMS = 7
# The start of a plane of characters that no text uses.
PLANE, BITS = 0xF0000, 15
MASK = 2**BITS - 1


def scope(workspace_id: int) -> str:
    return "".join(chr(PLANE + (workspace_id >> BITS * place & MASK)) for place in (2, 1, 0))


SCOPE_SQL = "char(" + ", ".join(f"{PLANE} + (workspace_id >> {BITS * place} & {MASK})" for place in (2, 1, 0)) + ")"
SOURCES = {
    "title": f"SELECT id, {SCOPE_SQL}, title FROM tasks_task WHERE 1=1",
    "description": f"SELECT id, {SCOPE_SQL}, description FROM tasks_task WHERE description <> ''",
    "story": f"SELECT id, {SCOPE_SQL}, description || char(10) || actor FROM activity_event"
    " WHERE kind = 'activity.created'",
}


def ids(corpus: Corpus, *, text: str, workspace_id: int, limit: int) -> list[int]:
    contains = " OR ".join(f"t.{column} LIKE %s ESCAPE '\\'" for column in corpus.columns)
    patterns = [pattern(text)] * len(corpus.columns)
    rest = f"t.workspace_id = %s AND {corpus.only} AND ({contains})"
    if len(text) < 3:
        return _among_the_newest(corpus, rest, [workspace_id, *patterns, limit])
    # Before the index: what it takes in meanwhile is then read twice, not overlooked.
    position = Reader.objects.filter(name=READER).values_list("position", flat=True).first() or 0
    table = TABLES[corpus.name]
    indexed = ask(
        f"SELECT t.id FROM {table} f CROSS JOIN {corpus.table} t ON t.id = f.rowid"
        f" WHERE f.{table} MATCH %s AND {rest} ORDER BY f.rowid DESC LIMIT %s",
        [query(text, workspace_id), workspace_id, *patterns, limit],
    )
    news = ask(
        f"SELECT t.id FROM {corpus.table} t WHERE t.id IN ({corpus.news} ORDER BY id DESC LIMIT {NEWEST})"
        f" AND {rest} ORDER BY t.id DESC LIMIT %s",
        [position, workspace_id, workspace_id, *patterns, limit],
    )
    return sorted({id for (id,) in (*indexed, *news)}, reverse=True)[:limit]


def _among_the_newest(corpus: Corpus, rest: str, parameters: list[object]) -> list[int]:
    columns = ", ".join({"id", "workspace_id", *corpus.columns, *(["kind"] if "kind" in corpus.only else [])})
    newest = (
        f"SELECT {columns} FROM {corpus.table} t WHERE t.workspace_id = %s AND {corpus.only}"
        f" ORDER BY t.id DESC LIMIT {NEWEST}"
    )
    rows = ask(f"SELECT t.id FROM ({newest}) t WHERE {rest} LIMIT %s", [parameters[0], *parameters])
    return [id for (id,) in rows]


def query(text: str, workspace_id: int) -> str:
    """Trigrams that together cover the text, and that of the workspace. Each one more costs time: all of them are
    counted through side by side."""
    last = len(text) - 3
    some = dict.fromkeys(text[min(n, last) :][:3] for n in range(0, len(text), 3))
    quoted = ('"' + trigram.replace('"', '""') + '"' for trigram in [scope(workspace_id), *some][:ENOUGH_TRIGRAMS])
    return " AND ".join(quoted)
