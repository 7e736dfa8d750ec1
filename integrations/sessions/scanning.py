"""Looks for what is new in the logs of local tools, and keeps what it says.

A scan that finds nothing new looks at the time and size of each file and asks the database nothing.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from heapq import nlargest
from pathlib import Path
from typing import Any

import orjson
import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from activity.leases import kept_lease
from core.errors import DomainError
from core.folders import Folder
from integrations.models import LocalSession, SessionFile
from tokens.prices import priced, rates

from . import booking, claude, codex
from .lines import Position, lines_after
from .tally import AHEAD, Tally, Usage

LEASE, LEASE_SECONDS = "local_sessions", 60
# Of the tool that keeps all its sessions in one heap.
NEWEST = 100
DEEPEST = 6
Tool = LocalSession.Tool
Stamp = tuple[int, int]  # size, time of the last change in nanoseconds
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a tool keeps its logs, and how they are read."""

    tool: str
    root: Path
    files: Callable[[Path], Iterator[os.DirEntry[str]]]
    read_line: Callable[..., Usage | None]


@dataclass(slots=True)
class Scan:
    """`sessions` and `active` are those that there are now; `removed` those whose log has gone."""

    sessions: int = 0
    active: int = 0
    removed: int = 0
    read: int = 0
    failed: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        if not self.sessions:
            return "No Claude sessions found"
        orphans = f", removed {self.removed} orphan(s)" if self.removed else ""
        return f"Scanned {self.sessions} session(s), {self.active} active{orphans}"


# What this process has seen of each source.
_seen: dict[Source, dict[str, Stamp]] = {}
# Rows of one query.
AT_ONCE = 500


def sources() -> list[Source]:
    return [
        Source(Tool.CLAUDE.value, settings.CLAUDE_HOME / "projects", _in_projects, claude.read_line),
        Source(Tool.CODEX.value, settings.CODEX_HOME / "sessions", _newest_beneath, codex.read_line),
    ]


def is_anything_new(now: datetime) -> bool:
    return any(_stamps(source) != _known(source) for source in sources())


def forget() -> None:
    """As a process that has just started."""
    _seen.clear()


def scan(*, now: datetime) -> Scan:
    """Read what is new. Only one process does so at a time; another one finds nothing to do."""
    report = Scan()
    with kept_lease(LEASE, now=now, seconds=LEASE_SECONDS) as got:
        if got:
            for source in sources():
                _scan(source, report, now)
    report.sessions = LocalSession.objects.count()
    report.active = LocalSession.objects.active_at(now).count()
    return report


def _scan(source: Source, report: Scan, now: datetime) -> None:
    stamps, known = _stamps(source), _known(source)
    changed = [path for path, stamp in stamps.items() if known.get(path) != stamp]
    for start in range(0, len(changed), AT_ONCE):
        some = changed[start : start + AT_ONCE]
        rows = {row.path: row for row in _rows(source).filter(path__in=some)}
        for path in some:
            _look_at(source, path, stamps[path], rows.get(path), report, now)
            known[path] = stamps[path]
    # When nothing at all is found, a disk is more likely to be missing than every session to have ended.
    if stamps:
        gone = known.keys() - stamps.keys()
        report.removed += _let_go(source, gone)
        for path in gone:
            del known[path]


def _look_at(source: Source, path: str, stamp: Stamp, row: SessionFile | None, report: Scan, now: datetime) -> None:
    if row is not None and (row.size, row.modified_ns) == stamp:
        return
    try:
        report.read += _read(source, path, stamp, row, now)
    except DomainError as error:
        # Tried again when it changes.
        report.failed.append(path)
        log.warning("session_file_not_read", path=path, error=error.message)


def _read(source: Source, path: str, stamp: Stamp, row: SessionFile | None, now: datetime) -> bool:
    """False for a file that is passed over."""
    size, modified_ns = stamp
    if row is None and size > settings.MAX_SESSION_FILE_BYTES:
        return False
    with Folder(source.root).open(path) as file:
        position, tally = _where(row)
        if not position.is_of(file, os.fstat(file).st_size):
            position, tally = Position(), Tally()
        usages = []
        for line in lines_after(file, position):
            usage = _understand(source, tally, line, f"{path}@{position.offset}", now)
            if usage is not None:
                usages.append(usage)
    _keep(source, path, stamp, row, position, tally, usages, now)
    return True


def _understand(source: Source, tally: Tally, line: bytes, place: str, now: datetime) -> Usage | None:
    try:
        told = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return source.read_line(tally, told, place=place, now=now) if isinstance(told, dict) else None


def _where(row: SessionFile | None) -> tuple[Position, Tally]:
    if row is None:
        return Position(), Tally()
    return Position(row.offset, row.is_skipping, row.fingerprinted, row.beginning), Tally.of(row.tally)


@transaction.atomic
def _keep(
    source: Source,
    path: str,
    stamp: Stamp,
    row: SessionFile | None,
    position: Position,
    tally: Tally,
    usages: list[Usage],
    now: datetime,
) -> None:
    """What was read, how far, and what it cost: together or not at all."""
    session = _session(source, path, stamp, tally, now) if tally.is_session else None
    row = row or SessionFile(host=socket.gethostname(), tool=source.tool, path=path)
    row.session, (row.size, row.modified_ns) = session, stamp
    row.offset, row.is_skipping = position.offset, position.is_skipping
    row.fingerprinted, row.beginning = position.fingerprinted, position.beginning
    row.tally = tally.kept()
    row.save()
    if usages:
        booking.book(usages, agent=_slug(source, path, tally), tool=source.tool)


def _session(source: Source, path: str, stamp: Stamp, tally: Tally, now: datetime) -> LocalSession:
    modified = datetime.fromtimestamp(stamp[1] / 1e9, UTC)
    last = max(modified, datetime.fromisoformat(tally.last)) if tally.last else modified
    first = datetime.fromisoformat(tally.first) if tally.first else modified
    cost = priced(
        rates(tally.model or booking.UNKNOWN_MODEL),
        input=tally.input,
        output=tally.output,
        cache_read=tally.cache_read,
        cache_write=tally.cache_write,
    )
    told: dict[str, Any] = {
        "model": tally.model,
        "git_branch": tally.branch,
        "user_messages": tally.users,
        "assistant_messages": tally.assistants,
        "tool_uses": tally.tools,
        "input_tokens": tally.input + tally.cache_read + tally.cache_write,
        "output_tokens": tally.output,
        "cost_microusd": cost,
        "last_message_at": last if last <= now + AHEAD else now,
        "last_user_prompt": tally.prompt,
        "scanned_at": now,
        "updated_at": now,
    }
    new = {"project_slug": _slug(source, path, tally), "project_path": tally.cwd, "first_message_at": first}
    session, _ = LocalSession.objects.update_or_create(
        tool=source.tool,
        session_id=tally.session_id,
        defaults=told,
        create_defaults=told | new | {"created_at": now},
    )
    return session


def _slug(source: Source, path: str, tally: Tally) -> str:
    """The folder's name where each project has one, as it is: what it stands for is ambiguous."""
    if source.tool == Tool.CLAUDE:
        return path.partition("/")[0][:255]
    return (Path(tally.cwd).name if tally.cwd else "")[:255] or source.tool


@transaction.atomic
def _let_go(source: Source, paths: set[str]) -> int:
    gone = [row for row in _rows(source).only("id", "path", "session_id") if row.path in paths] if paths else []
    sessions = {row.session_id for row in gone if row.session_id is not None}
    SessionFile.objects.filter(pk__in=[row.pk for row in gone]).delete()
    return LocalSession.objects.filter(pk__in=sessions, files__isnull=True).delete()[0]


def _rows(source: Source) -> QuerySet[SessionFile]:
    return SessionFile.objects.filter(host=socket.gethostname(), tool=source.tool)


def _known(source: Source) -> dict[str, Stamp]:
    if source not in _seen:
        rows = _rows(source).values_list("path", "size", "modified_ns")
        _seen[source] = {path: (size, modified_ns) for path, size, modified_ns in rows}
    return _seen[source]


def _stamps(source: Source) -> dict[str, Stamp]:
    """The logs that there are. Links are not followed."""
    found = {}
    root = str(source.root)
    for entry in source.files(source.root):
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:  # gone meanwhile
            continue
        found[entry.path[len(root) + 1 :]] = (status.st_size, status.st_mtime_ns)
    return found


def _in_projects(root: Path) -> Iterator[os.DirEntry[str]]:
    for project in _scandir(str(root)):
        if project.is_dir(follow_symlinks=False):
            yield from _logs(project.path)


def _newest_beneath(root: Path) -> Iterator[os.DirEntry[str]]:
    found = [(entry.stat(follow_symlinks=False).st_mtime_ns, entry.path, entry) for entry in _beneath(str(root), 0)]
    yield from (entry for _, _, entry in nlargest(NEWEST, found, key=lambda each: each[:2]))


def _beneath(folder: str, depth: int) -> Iterator[os.DirEntry[str]]:
    yield from _logs(folder)
    if depth < DEEPEST:
        for entry in _scandir(folder):
            if entry.is_dir(follow_symlinks=False):
                yield from _beneath(entry.path, depth + 1)


def _logs(folder: str) -> Iterator[os.DirEntry[str]]:
    return (each for each in _scandir(folder) if each.name.endswith(".jsonl") and each.is_file(follow_symlinks=False))


def _scandir(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:  # not there, or not ours to read
        return []
