"""What runners that were killed have left behind: sent by the next runner of the agent."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from missioncontrol_client.errors import ConfigError

from .journal import Journal
from .sender import Send, Sender

log = logging.getLogger("missioncontrol_client")
# An empty journal is kept so long for the numbers of its session.
KEPT = 30 * 86_400
EVERY, LAST_WORD = 60.0, 1.0


class Leftovers(threading.Thread):
    """Looks for them at the beginning, and now and then: the server may have been away."""

    def __init__(self, send: Send, folder: Path, own: Path) -> None:
        super().__init__(name="missioncontrol-leftovers", daemon=True)
        self._send, self._folder, self._own = send, folder, own
        self._closing = threading.Event()
        self._sender: Sender | None = None

    def run(self) -> None:
        while not self._closing.is_set():
            for path in sorted(self._folder.glob("*.db")):
                if path != self._own and not self._closing.is_set():
                    self._look_into(path)
            self._closing.wait(EVERY)

    def close(self) -> None:
        self._closing.set()
        if self._sender is not None:
            self._sender.stop()
        self.join(LAST_WORD)

    def _look_into(self, path: Path) -> None:
        try:
            is_old = path.stat().st_mtime < time.time() - KEPT
            journal = Journal(path)
        except (ConfigError, OSError):
            return  # at work in another process, or gone
        try:
            if session := journal.get("session"):
                self._send_all(journal, session)
        finally:
            journal.close(remove=is_old or journal.get("nameless") == "yes")

    def _send_all(self, journal: Journal, session: str) -> None:
        """Until something is in the way: whoever wants to go on with the session shall not find it taken for long."""
        if len(journal):
            log.info("sending what an earlier runner left behind (%s items)", len(journal))
        self._sender = Sender(self._send, journal, session, flush=0)
        while len(journal) and self._sender.trouble is None and not self._closing.is_set():
            self._sender.step()
