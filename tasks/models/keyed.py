"""What callers may make only once under one key of theirs."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

KEYED = ("keyed_by", "idempotency_key")


class Keyed(models.Model):
    """`keyed_by` is the workspace and the caller; the row was made under that key, and keeps it for good."""

    keyed_by = models.CharField(max_length=80, null=True)  # noqa: DJ001 - null without a key
    idempotency_key = models.CharField(max_length=255, null=True)  # noqa: DJ001 - as above

    class Meta:
        abstract = True


def once_under_a_key(name: str) -> models.UniqueConstraint:
    return models.UniqueConstraint(fields=KEYED, condition=Q(idempotency_key__isnull=False), name=name)
