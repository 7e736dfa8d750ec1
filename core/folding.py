"""Texts that contain another one in any case, in any script and on every database."""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, TextField
from django.db.models.lookups import IContains


class AnyCase(IContains):
    """`title__anycase`."""

    def as_sqlite(self, compiler: Any, connection: Any) -> Any:
        if str(self.rhs).isascii():
            return self.as_sql(compiler, connection)
        lhs, before = self.process_lhs(compiler, connection)
        rhs, after = self.process_rhs(compiler, connection)
        return rf"folded({lhs}) LIKE folded({rhs}) ESCAPE '\'", [*before, *after]


CharField.register_lookup(AnyCase, "anycase")
TextField.register_lookup(AnyCase, "anycase")
