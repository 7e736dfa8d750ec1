"""Short jobs in turn on one thread, for an event loop that must not wait for them."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

# Seconds that a result waits for the next ones while there are jobs in line.
HANDFUL = 0.005
# Seconds that one job may take before those behind it go elsewhere.
PATIENCE = 0.03

R = TypeVar("R")
Job = Callable[[], R]


class Line(Generic[R]):
    """Runs jobs one after the other: side by side they would only take the interpreter from each other, at a third of
    the rate. While more are waiting, results come back by the handful, because waking the loop's thread for each one
    costs as much as a third of a short request. Whoever stands behind a slow job goes to the pool."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self._waiting: SimpleQueue[tuple[Job[R], asyncio.Future[R]]] = SimpleQueue()
        self._finished: deque[Callable[[], None]] = deque()
        self._began = 0.0
        self._unfinished = 0
        self._looks = False
        self._thread: Thread | None = None

    async def run(self, job: Job[R]) -> R:
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[R] = loop.create_future()
        if self._thread is None:
            self._thread = Thread(target=self._work, name="line", daemon=True)
            self._thread.start()
        self._unfinished += 1
        if not self._looks:
            self._looks = True
            loop.call_later(HANDFUL, self._look, loop)
        self._waiting.put((job, outcome))
        return await outcome

    def _work(self) -> None:
        while True:
            job, outcome = self._waiting.get()
            self._began = time.monotonic()
            self._finished.append(_result(job, outcome))
            if self._waiting.empty():
                outcome.get_loop().call_soon_threadsafe(self._hand_over)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Every few milliseconds while there is work."""
        self._hand_over()
        self._looks = self._unfinished > 0
        if not self._looks:
            return
        loop.call_later(HANDFUL, self._look, loop)
        if time.monotonic() - self._began > PATIENCE:
            self._send_elsewhere()

    def _hand_over(self) -> None:
        while self._finished:
            self._finished.popleft()()
            self._unfinished -= 1

    def _send_elsewhere(self) -> None:
        while True:
            try:
                job, outcome = self._waiting.get_nowait()
            except Empty:
                return
            self._pool.submit(self._run_elsewhere, job, outcome)

    def _run_elsewhere(self, job: Job[R], outcome: asyncio.Future[R]) -> None:
        self._finished.append(_result(job, outcome))
        outcome.get_loop().call_soon_threadsafe(self._hand_over)


def _result(job: Job[R], outcome: asyncio.Future[R]) -> Callable[[], None]:
    """Run the job; what settles its outcome, for the loop's thread to call."""
    try:
        result = job()
    except Exception as error:
        failure = error
        return lambda: None if outcome.done() else outcome.set_exception(failure)
    return lambda: None if outcome.done() else outcome.set_result(result)
