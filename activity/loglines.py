"""Lines of this process's log as transient events, for those who listen on the control channel.

Only where the channel is enabled and MC_CONTROL_LOG is set. A few in each second; the rest is left out, and so is
whatever comes of writing them.
"""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime
from queue import Full, Queue

from django.conf import settings
from django.db import DatabaseError, close_old_connections, transaction

from core.secrets import REDACTED, redact

from .catalogue import Kind
from .models import Event
from .services import record

# Seconds between two lines, and how many may wait.
PAUSE = 0.05
WAIT_AT_MOST = 40
LONGEST = 2000


class ToTheLog(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self._waiting: Queue[Event] = Queue(WAIT_AT_MOST)
        self._writer: threading.Thread | None = None

    def emit(self, line: logging.LogRecord) -> None:
        if threading.current_thread() is self._writer:
            return
        try:
            self._waiting.put_nowait(_event(line))
        except Full:
            return
        except Exception:
            self.handleError(line)
        if self._writer is None:
            self._writer = threading.Thread(target=self._write, name="loglines", daemon=True)
            self._writer.start()

    def _write(self) -> None:
        while True:
            event = self._waiting.get()
            try:
                close_old_connections()
                with transaction.atomic():
                    record(event, at=event.at)
            except DatabaseError:
                # Told by those who need the database.
                pass
            threading.Event().wait(PAUSE)


def _event(line: logging.LogRecord) -> Event:
    data = {"level": line.levelname.lower(), "logger": line.name, "line": without_secrets(_words(line))[:LONGEST]}
    at = datetime.fromtimestamp(line.created, UTC)
    return Event(kind=Kind.SYSTEM_LOG, actor="system", subject="process:0", data=data, at=at)


def _words(line: logging.LogRecord) -> str:
    """One line, without a traceback."""
    if isinstance(line.msg, dict):
        rest = {key: value for key, value in line.msg.items() if key not in ("event", "level", "logger", "timestamp")}
        said = " ".join([str(line.msg.get("event")), *(f"{key}={value}" for key, value in rest.items())])
    else:
        said = line.getMessage()
    return " ".join(said[: 2 * LONGEST].split())


def without_secrets(text: str) -> str:
    """Also of what no pattern would find: the keys of this deployment itself."""
    for known in (settings.CONTROL_TOKEN, settings.SECRET_KEY, *(key for _, key in settings.ENVIRONMENT_KEYS)):
        if known:
            text = text.replace(known, REDACTED)
    return redact(text)[0]
