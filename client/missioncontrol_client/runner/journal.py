"""What a runner has to send, on disk until the server has it: a runner that is killed goes on where it was."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sqlite3
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple

from missioncontrol_client.errors import ConfigError

log = logging.getLogger("missioncontrol_client")
Kind = Literal["item", "start", "end"]
MOST_ITEMS, MOST_BYTES = 50_000, 64 * 1024 * 1024
# Full until so much is free again, so that one gap does not become many.
ROOM_AGAIN = 0.75
SCHEMA = """
CREATE TABLE IF NOT EXISTS item (seq INTEGER PRIMARY KEY, kind TEXT, run INTEGER, size INTEGER, body TEXT);
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT);
"""


class Row(NamedTuple):
    """`run` is the number of the row that began the run to which this belongs."""

    seq: int
    kind: Kind
    run: int | None
    body: dict[str, Any]


def open_journal(path: Path, seconds: float, **options: int) -> Journal:
    """The journal, also when another runner is just about to let go of it."""
    until = time.monotonic() + seconds
    while True:
        try:
            return Journal(path, **options)
        except InUse:
            if time.monotonic() > until:
                raise
        time.sleep(0.05)


class InUse(ConfigError):
    """Another runner of the session is at work on this machine."""


class Journal:
    """The rows of one session, in order. Its numbers go on over restarts; a second runner of it is refused. Once closed
    it takes and gives nothing: a thread may still be waiting for an answer then."""

    def __init__(self, path: Path, *, most_items: int = MOST_ITEMS, most_bytes: int = MOST_BYTES) -> None:
        self.path, self.most_items, self.most_bytes = path, most_items, most_bytes
        self.changed = threading.Condition(threading.RLock())
        self.lost = 0
        self._gap = 0
        self._full = False
        self._is_closed = False
        self._database = _open(path)
        count, size, last = self._one("SELECT count(*), coalesce(sum(size), 0), coalesce(max(seq), 0) FROM item")
        self._count, self._size = int(count), int(size)
        # Beginning with the time, so that a journal that was thrown away never gives the same numbers again.
        self._next = max(int(last), int(self.get("seq") or 0), int(time.time() * 1e6)) + 1

    def append(
        self, body: dict[str, Any], *, kind: Kind = "item", run: int | None = None, must: bool = True
    ) -> int | None:
        """The row's number; None when it is lost, which happens only to what need not be kept (`must`)."""
        with self.changed:
            if self._is_closed or (not must and not self._has_room()):
                self.lost += 1
                self._gap += 1
                return None
            try:
                self._close_gap(run)
                return self._insert(body, kind, run)
            except sqlite3.Error as error:  # the disk is full, or gone
                log.error("output cannot be kept: %s", error)
                self.lost += 1
                return None

    def head(self, most: int, most_bytes: int) -> list[Row]:
        """The first rows that go in one request: items together, anything else by itself."""
        with self.changed:
            found: list[Row] = []
            if self._is_closed:
                return found
            query = "SELECT seq, kind, run, size, body FROM item ORDER BY seq LIMIT ?"
            for seq, kind, run, size, text in self._database.execute(query, (most,)):
                most_bytes -= size
                if found and (kind != "item" or most_bytes < 0):
                    break
                found.append(Row(seq, kind, run, json.loads(text)))
                if kind != "item":
                    break
            return found

    def remove(self, upto: int) -> None:
        """The rows up to this number are with the server."""
        with self.changed:
            if self._is_closed:
                return
            query = "DELETE FROM item WHERE seq <= ? RETURNING size"
            sizes = [size for (size,) in self._database.execute(query, (upto,))]
            self._count -= len(sizes)
            self._size -= sum(sizes)
            self.changed.notify_all()

    def get(self, name: str) -> str | None:
        with self.changed:
            if self._is_closed:
                return None
            found = self._database.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
            return None if found is None else str(found[0])

    def set(self, name: str, value: object) -> None:
        with self.changed:
            if not self._is_closed:
                self._database.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, f"{value}"))

    def __len__(self) -> int:
        return self._count

    def close(self, *, remove: bool = False) -> None:
        with self.changed:
            with suppress(sqlite3.Error):
                self._close_gap(None)
                self.set("seq", self._next)
            is_done = remove and not self._count
            self._is_closed = True
            self._database.close()
            if is_done:
                for end in ("", "-wal", "-shm"):
                    with suppress(OSError):
                        os.unlink(f"{self.path}{end}")

    def _insert(self, body: dict[str, Any], kind: Kind, run: int | None) -> int:
        seq, text = self._next, json.dumps(body, separators=(",", ":"))
        self._next += 1
        self._database.execute("INSERT INTO item VALUES (?, ?, ?, ?, ?)", (seq, kind, run, len(text), text))
        self._count += 1
        self._size += len(text)
        self.changed.notify_all()
        return seq

    def _has_room(self) -> bool:
        share = ROOM_AGAIN if self._full else 1.0
        self._full = self._count >= self.most_items * share or self._size >= self.most_bytes * share
        return not self._full

    def _close_gap(self, run: int | None) -> None:
        """Say where something is missing, in its place."""
        if self._gap:
            why = "the server was away too long to keep them all"
            text = f"[runner] {self._gap} items of output are missing here: {why}.\n"
            self._insert({"type": "agent_text", "text": text, "ts": int(time.time() * 1000)}, "item", run)
            self._gap = 0

    def _one(self, query: str) -> tuple[Any, ...]:
        return tuple(self._database.execute(query).fetchone())


def folder_for(api_url: str, agent_id: str, base: str | None = None) -> Path:
    """Where the journals of an agent's sessions are."""
    state = os.environ.get("MC_STATE_DIR") or base
    home = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return Path(state or f"{home}/missioncontrol") / "runner" / _short(f"{api_url.rstrip('/')} {agent_id}")


def journal_path(folder: Path, session_key: str) -> Path:
    return folder / f"{_short(session_key)}.db"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:24]


def _open(path: Path) -> sqlite3.Connection:
    """For this process alone. What it commits outlives the process; to outlive the machine would cost a sync each."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        database = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        database.executescript("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;")
        database.executescript(f"BEGIN EXCLUSIVE; {SCHEMA} COMMIT;")
        return database
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise InUse("another runner of this session is at work on this machine") from error
        raise ConfigError(f"the runner's journal {path} cannot be used: {error}") from error
    except (OSError, sqlite3.DatabaseError) as error:
        raise ConfigError(f"the runner's journal {path} cannot be used: {error}") from error
