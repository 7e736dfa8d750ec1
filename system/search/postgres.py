"""PostgreSQL's own indexes: trigrams where the extension may be had, else words; both with GIN.

Words find what begins with them. What only trigrams would find is then looked for among the newest rows.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from core.rows import ask

from .patterns import pattern

if TYPE_CHECKING:
    from .corpora import Corpus

NEWEST = 20_000
WORD = re.compile(r"\w+")
INDEXES = {
    "title": ("tasks_task", ("title",), ""),
    "description": ("tasks_task", ("description",), ""),
    "story": ("activity_event", ("description", "actor"), " WHERE kind = 'activity.created'"),
}


def ids(corpus: Corpus, *, text: str, workspace_id: int, limit: int) -> list[int]:
    contains = " OR ".join(f"t.{column} ILIKE %s" for column in corpus.columns)
    patterns = [pattern(text)] * len(corpus.columns)
    rest = f"t.workspace_id = %s AND {corpus.only} AND ({contains})"
    head = f"SELECT t.id FROM {corpus.table} t WHERE {rest}"
    tail = "ORDER BY t.id DESC LIMIT %s"
    if has_trigrams() and len(text) >= 3:
        return [id for (id,) in ask(f"{head} {tail}", [workspace_id, *patterns, limit])]
    newest = f"SELECT * FROM {corpus.table} t WHERE t.workspace_id = %s AND {corpus.only} ORDER BY t.id DESC"
    found = ask(
        f"SELECT t.id FROM ({newest} LIMIT {NEWEST}) t WHERE {rest} {tail}",
        [workspace_id, workspace_id, *patterns, limit],
    )
    words = " & ".join(f"{word}:*" for word in WORD.findall(text))
    if words and not has_trigrams():
        matches = f"{document(corpus.columns, 't.')} @@ to_tsquery('simple', %s)"
        found += ask(f"{head} AND {matches} {tail}", [workspace_id, *patterns, words, limit])
    return sorted({id for (id,) in found}, reverse=True)[:limit]


def document(columns: tuple[str, ...], prefix: str = "") -> str:
    """As it stands in the index, letter by letter: else the index would not be used."""
    text = " || ' ' || ".join(f"coalesce({prefix}{column}, '')" for column in columns)
    return f"to_tsvector('simple', {text})"


@lru_cache(maxsize=1)
def has_trigrams() -> bool:
    return bool(ask("SELECT 1 FROM pg_indexes WHERE indexname = 'search_trigrams_story'", []))
