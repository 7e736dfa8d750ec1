"""Group commit: reports from concurrent requests are written in one transaction.

Each request is answered after the commit that holds its report, so an acknowledged report is never lost. While one
batch is being written, the next one gathers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Generic, TypeVar

from django.db import close_old_connections

from activity import bell
from core import cause, tracing
from core.metrics import COMMITS
from core.outages import is_undone

In = TypeVar("In")
Out = TypeVar("Out")
LARGEST = 500
QUIET_TURNS = 16


class Batcher(Generic[In, Out]):
    """`write` takes a list of items, in a thread, and returns one outcome for each. `kind` names them in figures."""

    def __init__(self, kind: str, write: Callable[[Sequence[In]], Sequence[Out]], writer: ThreadPoolExecutor) -> None:
        self._sizes = COMMITS.labels(kind)
        self._write = write
        self._writer = writer
        self._waiting: list[tuple[In, asyncio.Future[Out]]] = []
        self._kind = kind
        # The requests that wait, where they are traced.
        self._links: list[str | None] = []
        self._writing = False
        self._expected = 0

    async def submit(self, item: In) -> Out:
        """Hand in one item; returns its outcome once it is durable."""
        outcome: asyncio.Future[Out] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, outcome))
        if tracing.on:
            why = cause.current()
            self._links.append(why.traceparent if why else None)
        if not self._writing:
            self._writing = True
            asyncio.get_running_loop().call_soon(self._gather, QUIET_TURNS)
        return await outcome

    def _gather(self, turns: int) -> None:
        """Those who were answered together are about to report together again: wait for them for a few turns of the
        loop. One large batch costs less than two small ones, and while one is written, reading the other's requests
        would only take the interpreter from the writer."""
        if len(self._waiting) < self._expected and turns:
            asyncio.get_running_loop().call_soon(self._gather, turns - 1)
        else:
            self._begin()

    def _begin(self) -> None:
        batch, self._waiting = self._waiting[:LARGEST], self._waiting[LARGEST:]
        self._sizes.observe(len(batch))
        loop = asyncio.get_running_loop()
        run = partial(self._run_traced, self._taken(len(batch))) if tracing.on else self._run
        work = loop.run_in_executor(self._writer, run, [item for item, _ in batch])
        work.add_done_callback(lambda done: self._finish(batch, done))

    def _finish(self, batch: list[tuple[In, asyncio.Future[Out]]], done: asyncio.Future[list[Out | Exception]]) -> None:
        for (_, outcome), result in zip(batch, done.result(), strict=True):
            if outcome.done():
                continue
            if isinstance(result, Exception):
                outcome.set_exception(result)
            else:
                outcome.set_result(result)
        self._expected = min(len(batch) + len(self._waiting), LARGEST)
        if self._waiting:
            self._gather(QUIET_TURNS)
        else:
            self._writing = False

    def _taken(self, n: int) -> list[str | None]:
        links, self._links = self._links[:n], self._links[n:]
        return links

    def _run_traced(self, links: Sequence[str | None], items: Sequence[In]) -> list[Out | Exception]:
        with tracing.span(f"commit {self._kind}", {"mc.batch.size": len(items)}, links=links):
            return self._run(items)

    def _run(self, items: Sequence[In]) -> list[Out | Exception]:
        """One transaction for all; should it fail, one for each, so that a bad item harms only itself. Where nobody
        knows whether it failed, all are told so: to write again might be to write twice."""
        close_old_connections()
        try:
            outcomes: list[Out | Exception] = list(self._write(items))
        except Exception as error:
            close_old_connections()
            if len(items) == 1 or not is_undone(error):
                return [error] * len(items)
            outcomes = [self._run([item])[0] for item in items]
        bell.ring()  # figures moved, even when no event was written
        return outcomes
