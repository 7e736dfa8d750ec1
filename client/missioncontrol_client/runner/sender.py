"""Sends what stands in a journal, in its order, for as long as it takes."""

from __future__ import annotations

import hashlib
import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Any

from missioncontrol_client.calls import runs, work
from missioncontrol_client.calls.base import Call
from missioncontrol_client.errors import ApiError, MissionControlError, NetworkError

from .journal import Journal, Row

log = logging.getLogger("missioncontrol_client")
Send = Callable[[Call[Any]], Any]

MOST, MOST_BYTES = 100, 512 * 1024
FIRST_WAIT, LONGEST_WAIT, LAST_TRY = 0.25, 10.0, 0.5
# What the server refuses whatever the batch holds, and may take later: a token is renewed, a quarantine ends.
STANDING = (401, 403, 404)
PASSING_CODES = ("IDEMPOTENCY_IN_PROGRESS",)


class Sender(threading.Thread):
    """`flush`: the longest that an item waits for others to go with."""

    def __init__(
        self,
        send: Send,
        journal: Journal,
        session_key: str,
        *,
        flush: float = 0.25,
        on_rejected: Callable[[Row, str], None] | None = None,
    ) -> None:
        super().__init__(name="missioncontrol-sender", daemon=True)
        self._send, self.journal, self.session_key = send, journal, session_key
        self._flush, self._on_rejected = flush, on_rejected
        self._closing = threading.Event()
        self._stopped = threading.Event()
        self._most = MOST
        self._failures = 0
        self.trouble: MissionControlError | None = None
        self.rejected = 0
        self.delivered = 0

    def run(self) -> None:
        while not self._stopped.is_set() and self._wait_for_rows():
            self.step()

    def finish(self, seconds: float) -> int:
        """Send what is left, for so long at most; returns how many rows were not sent."""
        self._closing.set()
        with self.journal.changed:
            self.journal.changed.notify_all()
        if self.is_alive():
            self.join(min(seconds, LAST_TRY) if self._is_refused() else seconds)
        self._stopped.set()
        return len(self.journal)

    def stop(self) -> None:
        """At once; what is left stays in the journal."""
        self._stopped.set()

    def step(self) -> None:
        """One request."""
        rows = self.journal.head(self._most, MOST_BYTES)
        if not rows or self._stopped.is_set():
            return
        try:
            (self._stream if rows[0].kind == "item" else self._report)(rows)
        except MissionControlError as error:
            self._after(error, rows)
        else:
            self.trouble, self._failures, self._most = None, 0, MOST
            self.delivered += len(rows)

    def _wait_for_rows(self) -> bool:
        """Until a batch is full or old enough; false when nothing will come any more."""
        with self.journal.changed:
            while not len(self.journal):
                if self._closing.is_set():
                    return False
                self.journal.changed.wait(1.0)
            until = time.monotonic() + self._flush
            while len(self.journal) < MOST and not self._closing.is_set():
                left = until - time.monotonic()
                if left <= 0:
                    break
                self.journal.changed.wait(left)
        return True

    def _stream(self, rows: list[Row]) -> None:
        answer = self._send(work.stream(self.session_key, [self._item(row) for row in rows]))
        self.journal.remove(rows[-1].seq)
        for refused in answer.get("rejected", []):
            index = refused.get("index", -1)
            if 0 <= index < len(rows):
                self._reject(rows[index], str(refused.get("message")))

    def _item(self, row: Row) -> dict[str, Any]:
        run_id = self._run_id(row.run)
        return {**row.body, "seq": row.seq, **({"runId": run_id} if run_id else {})}

    def _report(self, rows: list[Row]) -> None:
        row = rows[0]
        key = self._key(row)
        if row.kind == "start":
            answer = self._send(runs.report_run(**row.body, session_key=self.session_key, idempotency_key=key))
            self.journal.set(f"run:{row.seq}", answer["run"]["id"])
        elif run_id := self._run_id(row.run):
            self._send(runs.update_run(run_id, idempotency_key=key, **row.body["changes"]))
        elif begun := row.body["begun"]:
            # Its beginning was refused; what it cost is booked all the same.
            told = {**begun, **row.body["changes"]}
            self._send(runs.report_run(**told, session_key=self.session_key, idempotency_key=key))
        self.journal.remove(row.seq)

    def _run_id(self, run: int | None) -> str | None:
        return self.journal.get(f"run:{run}") if run is not None else None

    def _key(self, row: Row) -> str:
        """The same for every try, also of another process."""
        session = hashlib.sha256(self.session_key.encode(errors="replace")).hexdigest()[:24]
        return f"runner-{session}-{row.seq}-{row.kind}"

    def _after(self, error: MissionControlError, rows: list[Row]) -> None:
        """Try again, or leave out what the server will never take."""
        if is_passing(error) or _is_standing(error, rows[0]):
            self._tell(error)
            if self._closing.is_set() and self._is_refused():
                self._stopped.set()
            self._pause(error)
        elif len(rows) > 1:
            self._most = max(1, len(rows) // 2)
        else:
            self._most = MOST
            self.journal.remove(rows[0].seq)
            self._reject(rows[0], f"{error} ({error.code})")

    def _is_refused(self) -> bool:
        """Waiting a little longer will not help."""
        return isinstance(self.trouble, ApiError) and self.trouble.status in STANDING

    def _reject(self, row: Row, why: str) -> None:
        self.rejected += 1
        log.warning("the server does not take %s: %s", row.body.get("type", f"the run's {row.kind}"), why)
        if self._on_rejected is not None:
            self._on_rejected(row, why)

    def _tell(self, error: MissionControlError) -> None:
        if self.trouble is None or self.trouble.code != error.code:
            log.warning("output is kept here until the server takes it: %s (%s)", error, error.code)
        self.trouble = error

    def _pause(self, error: MissionControlError) -> None:
        self._failures += 1
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(self._failures - 1, 10)) * random.uniform(0.5, 1.0)
        if isinstance(error, ApiError) and error.retry_after is not None:
            wait = max(wait, min(error.retry_after, 60.0))
        self._stopped.wait(wait)


def is_passing(error: MissionControlError) -> bool:
    """Nobody said no: the same may go well in a moment."""
    if isinstance(error, ApiError):
        return error.status in (408, 429) or error.status >= 500 or error.code in PASSING_CODES
    return isinstance(error, NetworkError)


def _is_standing(error: MissionControlError, row: Row) -> bool:
    if not isinstance(error, ApiError) or error.status not in STANDING:
        return False
    # A run may be refused for itself: its task is gone, its budget is spent.
    return row.kind == "item" or error.status == 401 or error.code == "AGENT_QUARANTINED"
