"""The pool of the worker: Celery's threads, which it would like to kill when it has to end at once."""

from __future__ import annotations

from typing import Any

from celery.concurrency.thread import TaskPool


class Threads(TaskPool):
    def terminate_job(self, pid: int, signal: Any = None) -> None:
        """Nobody kills a thread: it ends with its process, and what it was at is taken over by another."""
