"""What administrators have set: rows where a value differs from its default."""

from __future__ import annotations

from django.db import models


class Setting(models.Model):
    """One value of the whole deployment. Text; what is no text is kept as JSON."""

    key = models.CharField(max_length=200, primary_key=True)
    value = models.TextField(blank=True)
    description = models.TextField(blank=True, default="")
    category = models.CharField(max_length=64, default="custom")
    updated_by = models.CharField(max_length=200, null=True)  # noqa: DJ001 - the contract tells null from empty
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.key} = {self.value}"
