"""Room and permissions where the data lie."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from django.conf import settings

from missioncontrol import secretfile
from system.machine import MIB, disk, memory

from .finding import Finding, Verdict, judged

ROOM, SCARCE = 200 * MIB, 2048 * MIB
MEMORY_FREE = 200 * MIB
OTHERS_MAY_WRITE = 0o002
OTHERS_MAY_READ = 0o044


def examine(now: datetime) -> Iterator[Finding]:
    yield _room(settings.DATA_DIR)
    free = memory().available
    yield judged(
        "Memory",
        f"{free // MIB} MiB are free",
        unless=free < MEMORY_FREE,
        verdict=Verdict.DOUBTFUL,
        fix="Lower WEB_CONCURRENCY: each web process takes about 150 MiB.",
    )
    yield _folder(settings.DATA_DIR)
    for path in (settings.DATA_DIR / secretfile.NAME, *_database_files()):
        if path.exists():
            yield _private(path)


def _room(folder: Path) -> Finding:
    free = disk(folder).available
    verdict = Verdict.BAD if free < ROOM else Verdict.DOUBTFUL
    fix = "Make room, keep less (MC_RETAIN_*_DAYS), or move the data folder (MC_DATA_DIR)."
    return judged("Disk", f"{free // MIB} MiB are free", unless=free < SCARCE, verdict=verdict, fix=fix)


def _folder(folder: Path) -> Finding:
    is_open = bool(folder.stat().st_mode & OTHERS_MAY_WRITE)
    return judged(
        "Data folder",
        "everybody on the machine may write to it" if is_open else "not writable for everybody",
        unless=is_open or not os.access(folder, os.W_OK),
        fix=f"chmod o-w {folder}",
    )


def _private(path: Path) -> Finding:
    is_open = bool(path.stat().st_mode & OTHERS_MAY_READ) and not _is_closed(path.parent)
    return judged(
        f"File {path.name}",
        "others on this machine may read it" if is_open else "readable for its owner alone",
        unless=is_open,
        verdict=Verdict.DOUBTFUL,
        fix=f"chmod 600 {path}",
    )


def _is_closed(folder: Path) -> bool:
    return not folder.stat().st_mode & 0o011


def _database_files() -> list[Path]:
    return [] if settings.DATABASE_URL else [settings.SQLITE_FILE]
