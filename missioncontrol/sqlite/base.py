"""Django's SQLite backend, with one writer at a time inside a process.

Without the lock the threads of a process meet in SQLite's busy handler, which waits by sleeping; with it they queue,
and only processes ever wait for each other there.
"""

from __future__ import annotations

import threading
from typing import Any

from django.db.backends.sqlite3 import base

_writing = threading.RLock()


class DatabaseWrapper(base.DatabaseWrapper):
    _holds_lock = False

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
