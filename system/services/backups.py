"""Backups: whole copies of the database, made while everybody goes on writing."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog
from django.conf import settings
from django.db import DatabaseError, transaction

from activity.audit import Origin, record_audit
from activity.leases import lease
from core.actors import Actor
from core.errors import Conflict, NotFound
from system import copying, lookup

PREFIX, SUFFIX = "mc-backup-", ".db"
# A copy that takes longer than this is taken for dead.
LEASE_SECONDS = 3600
MOST_KEPT = 1000
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
    """Copy the database beside the older backups and let go of those beyond the number that is kept.

    The copy appears under its name when it is complete. Raises BackupFailed.
    """
    with lease("backup", now=now, seconds=LEASE_SECONDS) as got:
        if not got:
            raise Conflict("A backup is being made already")
        try:
            backup = _copy(now)
        except (OSError, DatabaseError, copying.CopyFailed) as error:
            log.exception("backup_failed")
            raise BackupFailed(str(error)) from error
        removed = _let_go()
    _note(action, backup, removed, actor=actor, now=now, origin=origin)
    return backup


@transaction.atomic
def delete_backup(*, actor: Actor, now: datetime, name: str, origin: Origin | None = None) -> None:
    """Raises NotFound for anything but the name of a backup."""
    if name not in {backup.name for backup in list_backups()}:
        raise NotFound("Backup not found")
    record_audit("backup_delete", actor=actor, at=now, detail={"name": name}, origin=origin)
    (folder() / name).unlink(missing_ok=True)


def _copy(now: datetime) -> Backup:
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = folder() / f".{os.getpid()}-{now.timestamp():.6f}.partial"
    try:
        copying.copy_database(draft)
        draft.chmod(0o600)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        path = _publish(draft, now)
    finally:
        draft.unlink(missing_ok=True)
    status = path.stat()
    return Backup(path.name, status.st_size, int(status.st_mtime))


def _publish(draft: Path, now: datetime) -> Path:
    """Under the first free name of this second; an existing backup is never written over."""
    for name in _names(now):
        with contextlib.suppress(FileExistsError):
            os.link(draft, folder() / name)
            break
    _sync_folder()
    return folder() / name


def _names(now: datetime) -> Iterator[str]:
    stem = f"{PREFIX}{now.astimezone(UTC):%Y-%m-%d_%H-%M-%S}"
    yield f"{stem}{SUFFIX}"
    for number in range(2, 10_000):
        yield f"{stem}-{number}{SUFFIX}"


def _sync_folder() -> None:
    handle = os.open(folder(), os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _let_go() -> list[str]:
    keep = lookup.number("general.backup_retention_count", low=1, high=MOST_KEPT)
    old = [backup.name for backup in list_backups()[keep:]]
    for name in old:
        (folder() / name).unlink(missing_ok=True)
    return old


@transaction.atomic
def _note(
    action: str, backup: Backup, removed: list[str], *, actor: Actor, now: datetime, origin: Origin | None
) -> None:
    detail = {"name": backup.name, "size": backup.size, "removed": removed}
    record_audit(action, actor=actor, at=now, detail=detail, origin=origin)
