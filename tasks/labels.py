"""Labels of tasks one by one, as a list of JSON does not show them to a search."""

from __future__ import annotations

from typing import Any

from django.db.models import BooleanField, Func, Value


class SomeLabel(Func):
    """Whether one of a task's labels is this text, or with `part` contains it in any case."""

    output_field = BooleanField()

    def __init__(self, text: str, *, part: bool = False) -> None:
        wanted = text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
        super().__init__("tags", Value(f"%{wanted}%" if part else text))
        self.part = part

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        matches = r"folded(label.value) LIKE folded({}) ESCAPE '\'" if self.part else "label.value = {}"
        return self._some(compiler, "json_each({}) AS label", matches)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        matches = "label.value ILIKE {}" if self.part else "label.value = {}"
        return self._some(compiler, "jsonb_array_elements_text({}) AS label(value)", matches)

    def _some(self, compiler: Any, rows: str, matches: str) -> tuple[str, list[Any]]:
        (tags, before), (text, after) = (compiler.compile(each) for each in self.get_source_expressions())
        sql = f"EXISTS (SELECT 1 FROM {rows.format(tags)} WHERE {matches.format(text)})"
        return sql, [*before, *after]
