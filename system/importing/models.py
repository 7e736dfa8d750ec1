"""What has been brought over, so that a second run brings only what is new."""

from __future__ import annotations

from django.db import models


class ImportedRow(models.Model):
    """A row of the other server and the row it became here."""

    source = models.CharField(max_length=100)
    table = models.CharField(max_length=64)
    source_id = models.BigIntegerField()
    target_id = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "table", "source_id"], name="imported_once")]

    def __str__(self) -> str:
        return f"{self.source} {self.table} {self.source_id} → {self.target_id}"


class ImportedUpTo(models.Model):
    """For tables that only grow at their end: the last row that was brought over."""

    source = models.CharField(max_length=100)
    table = models.CharField(max_length=64)
    last_id = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "table"], name="imported_up_to_once")]

    def __str__(self) -> str:
        return f"{self.source} {self.table} up to {self.last_id}"
