"""Calls that must have their effect once, however often they are sent."""

from __future__ import annotations

from django.db import models


class IdempotentCall(models.Model):
    """One key of one caller on one route. `answer` is stored in the transaction of the call's effects; while there is
    none, the call is running, or whoever ran it has died."""

    caller = models.CharField(max_length=80)
    method = models.CharField(max_length=6)
    route = models.CharField(max_length=100)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.TextField(null=True)  # noqa: DJ001 - null until it is known
    began_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["caller", "method", "route", "key"], name="call_once")]
        indexes = [models.Index(fields=["began_at"], name="call_began")]

    def __str__(self) -> str:
        return f"{self.caller} {self.method} {self.route} {self.key}"
