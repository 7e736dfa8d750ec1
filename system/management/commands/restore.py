"""`manage.py restore PATH`: put a backup in the place of the database."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from system.restoring import CannotRestore, restore


class Command(BaseCommand):
    help = "Put a backup in the place of the database. Stop the server first; the old database is kept aside."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="a file of the folder of backups")

    def handle(self, *args: Any, path: Path, **options: Any) -> None:
        try:
            restored = restore(path, now=timezone.now())
        except CannotRestore as error:
            raise CommandError(str(error)) from None
        checked = "its checksum was right" if restored.verified else "there was no checksum to compare with"
        self.stdout.write(f"Restored {path}: {checked}.")
        if restored.aside.exists():
            self.stdout.write(f"What was there is kept as {restored.aside}.")
