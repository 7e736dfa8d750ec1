"""Backups: whole copies of the database, made while everybody goes on writing.

Whatever is inside, they are named as clients of the legacy dialect know them: SQLite's database packed by gzip, or a
dump of PostgreSQL, which is packed in itself. The first bytes tell.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from activity.audit import Origin, record_audit
from activity.leases import kept_lease
from core.actors import Actor
from core.errors import Conflict, NotFound
from system import copying, lookup, packing

PREFIX, SUFFIX = "mc-backup-", ".db"
PARTIAL = ".partial"
# Nothing has written to it for so many seconds.
ABANDONED = 3600
MOST_KEPT = 1000
LONGEST_KEPT = 3650
log = structlog.get_logger(__name__)


class BackupFailed(Exception):
    """No backup was made; the log says why, and nothing half-made was left."""


@dataclass(frozen=True, slots=True)
class Backup:
    name: str
    size: int
    created_at: int  # Unix seconds


def folder() -> Path:
    return Path(settings.DATA_DIR) / "backups"


def list_backups() -> list[Backup]:
    """Newest first."""
    found = []
    for path in folder().glob(f"{PREFIX}*{SUFFIX}"):
        with contextlib.suppress(FileNotFoundError):
            status = path.stat()
            found.append((status.st_mtime_ns, Backup(path.name, status.st_size, int(status.st_mtime))))
    return [backup for _, backup in sorted(found, key=lambda pair: (pair[0], pair[1].name), reverse=True)]


def create_backup(
    *, actor: Actor, now: datetime, action: str = "backup_create", origin: Origin | None = None
) -> Backup:
    """Copy the database beside the older backups and let go of those beyond the number and the age that is kept.

    The copy appears under its name when it is complete. Raises BackupFailed.
    """
    with kept_lease("backup", now=now, seconds=settings.JOB_LEASE_SECONDS) as got:
        if not got:
            raise Conflict("A backup is being made already")
        try:
            backup = _copy(now)
        except (OSError, DatabaseError, copying.CopyFailed) as error:
            log.exception("backup_failed")
            raise BackupFailed(str(error)) from error
        removed = let_go_of_old(now=now)
    _note(action, backup, removed, actor=actor, now=now, origin=origin)
    return backup


@transaction.atomic
def delete_backup(*, actor: Actor, now: datetime, name: str, origin: Origin | None = None) -> None:
    """Raises NotFound for anything but the name of a backup."""
    if name not in {backup.name for backup in list_backups()}:
        raise NotFound("Backup not found")
    record_audit("backup_delete", actor=actor, at=now, detail={"name": name}, origin=origin)
    _remove(name)


def _copy(now: datetime) -> Backup:
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    _sweep(now)
    stem = f".{os.getpid()}-{now.timestamp():.6f}"
    copy, draft = folder() / f"{stem}.copy{PARTIAL}", folder() / f"{stem}{PARTIAL}"
    try:
        copying.copy_database(copy)
        if connection.vendor == "sqlite":
            packing.pack(copy, draft)
        else:
            copy.rename(draft)
            packing.sync(draft)
        draft.chmod(0o600)
        path = _publish(draft, now)
    finally:
        copy.unlink(missing_ok=True)
        draft.unlink(missing_ok=True)
    status = path.stat()
    return Backup(path.name, status.st_size, int(status.st_mtime))


def _sweep(now: datetime) -> None:
    """What a process left behind that was killed while it made one."""
    for path in folder().glob(f".*{PARTIAL}"):
        with contextlib.suppress(FileNotFoundError):
            if now.timestamp() - path.stat().st_mtime > ABANDONED:
                path.unlink()


def _publish(draft: Path, now: datetime) -> Path:
    """Under the first free name of this second; an existing backup is never written over."""
    for name in _names(now):
        with contextlib.suppress(FileExistsError):
            os.link(draft, folder() / name)
            break
    packing.write_checksum(folder() / name)
    packing.sync(folder())
    return folder() / name


def _names(now: datetime) -> Iterator[str]:
    stem = f"{PREFIX}{now.astimezone(UTC):%Y-%m-%d_%H-%M-%S}"
    yield f"{stem}{SUFFIX}"
    for number in range(2, 10_000):
        yield f"{stem}-{number}{SUFFIX}"


def let_go_of_old(*, now: datetime) -> list[str]:
    """Remove what is beyond the number or the age that is kept; the newest one stays however old it is."""
    count = lookup.number("general.backup_retention_count", low=1, high=MOST_KEPT)
    days = lookup.number("general.backup_retention_days", low=0, high=LONGEST_KEPT)
    oldest = (now - timedelta(days=days)).timestamp() if days else 0
    old = [
        backup.name
        for place, backup in enumerate(list_backups())
        if place >= count or (place and backup.created_at < oldest)
    ]
    for name in old:
        _remove(name)
    return old


def _remove(name: str) -> None:
    path = folder() / name
    path.unlink(missing_ok=True)
    packing.checksum_of(path).unlink(missing_ok=True)


@transaction.atomic
def _note(
    action: str, backup: Backup, removed: list[str], *, actor: Actor, now: datetime, origin: Origin | None
) -> None:
    detail = {"name": backup.name, "size": backup.size, "removed": removed}
    record_audit(action, actor=actor, at=now, detail=detail, origin=origin)
