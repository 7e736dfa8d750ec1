"""Backups of the database."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import limits
from api.schemas import FLAG, TEXT, WHOLE, has, many
from core.errors import Invalid
from core.ratelimit import Limit
from system.services.backups import SUFFIX, BackupFailed, create_backup, delete_backup, list_backups

from .base import LegacyView
from .docs import describe
from .fields import BAD, Shape, Text

BACKUP = has(name=TEXT, size=WHOLE, created_at=WHOLE)


class BackupName(Text):
    """A file of the folder of backups, not a path."""

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        wrong = [] if name.endswith(SUFFIX) else [BAD]
        if "/" in name or "\\" in name or ".." in name:
            wrong.append("Invalid backup name")
        if wrong:
            raise serializers.ValidationError(wrong)
        return name


class BackupFields(Shape):
    name = BackupName(required=True)


FIELDS = BackupFields()


class Backups(LegacyView):
    route = "backup"
    limit = limits.BACKUP
    limited = frozenset({"POST", "DELETE"})
    is_global = True

    def check_rate(self, limit: Limit, key: str) -> None:
        super().check_rate(limit, f"{self.actor.tenant_id}:{self.actor.workspace_id}:{self.actor}")

    @describe("Backups, newest first.", answers={200: has(backups=many(BACKUP))})
    def get(self, request: Request) -> Response:
        return Response({"backups": [asdict(backup) for backup in list_backups()]})

    @describe("Make one.", query=("target",), answers={200: has(success=FLAG, backup=BACKUP)})
    def post(self, request: Request) -> Response:
        target = self.query("target")
        if target == "gateway":
            return Response({"error": "Gateway backup failed"}, status=500)
        if target:
            raise Invalid("Invalid backup target")
        try:
            backup = create_backup(actor=self.actor, now=self.now, origin=self.origin)
        except BackupFailed:
            return Response({"error": "Backup failed"}, status=500)
        return Response({"success": True, "backup": asdict(backup)})

    @describe("Remove one.", body=BackupFields, answers={200: "Success"})
    def delete(self, request: Request) -> Response:
        sent = self.sent()
        if sent is None:
            raise Invalid("Request body required")
        if isinstance(sent, dict) and sent.keys() - FIELDS.fields.keys():
            raise Invalid(details=[f": {BAD}"])
        name = self.read(FIELDS)["name"]
        delete_backup(actor=self.actor, now=self.now, name=name, origin=self.origin)
        return Response({"success": True})
