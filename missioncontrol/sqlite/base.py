"""Django's SQLite backend, with one writer at a time inside a process.

Without the lock the threads of a process meet in SQLite's busy handler, which waits by sleeping; with it they queue,
and only processes ever wait for each other there.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.db.backends.sqlite3 import base, operations

_writing = threading.RLock()


class DatabaseOperations(operations.DatabaseOperations):
    def adapt_datetimefield_value(self, value: Any) -> Any:
        # Nearly every moment is in UTC already, as the database keeps it; looking up time zones would take longer.
        if type(value) is datetime and value.tzinfo is UTC:
            return value.isoformat(" ")[:-6]
        return super().adapt_datetimefield_value(value)


class Cursor(base.SQLiteCursorWrapper):
    def convert_query(self, query: str, *, param_names: list[str] | None = None) -> str:
        if param_names is None and len(query) < REMEMBERED:
            return _with_question_marks(query)
        return str(super().convert_query(query, param_names=param_names))


# Longer statements hold lists of ids, and are hardly ever asked twice.
REMEMBERED = 4000


@lru_cache(maxsize=512)
def _with_question_marks(query: str) -> str:
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")


def _folded(text: Any) -> Any:
    return text.lower() if isinstance(text, str) else text


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations
    _holds_lock = False

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        # SQLite itself folds the case of ASCII alone.
        connection.create_function("folded", 1, _folded, deterministic=True)
        return connection

    def create_cursor(self, name: str | None = None) -> Any:
        return self.connection.cursor(factory=Cursor)

    def _start_transaction_under_autocommit(self) -> None:
        _writing.acquire()
        self._holds_lock = True
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._let_go()
            raise

    def _commit(self) -> Any:
        try:
            return super()._commit()  # type: ignore[misc]
        finally:
            self._let_go()

    def _rollback(self) -> Any:
        try:
            return super()._rollback()  # type: ignore[misc]
        finally:
            self._let_go()

    def _close(self) -> Any:
        try:
            return super()._close()  # type: ignore[misc]
        finally:
            self._let_go()

    def _let_go(self) -> None:
        if self._holds_lock:
            self._holds_lock = False
            _writing.release()
