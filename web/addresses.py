"""Pieces of addresses that Django does not know."""

from tasks.models import Task


class IdList:
    """`12` or `12,15,19`."""

    regex = "[0-9]{1,18}(?:,[0-9]{1,18}){0,99}"

    def to_python(self, value: str) -> list[int]:
        return [int(part) for part in value.split(",")]

    def to_url(self, value: list[int] | int | str) -> str:
        return ",".join(map(str, value)) if isinstance(value, list) else str(value)


class ColumnName:
    regex = "|".join(Task.Column.values)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value
