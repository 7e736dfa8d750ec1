"""Strict input fields: nothing is coerced or trimmed, and every broken rule says `Invalid input`, as clients expect."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

from core.clock import LAST_SECOND
from realtime.wire.legacy_in import utf16_length

BAD = "Invalid input"


class Strict(serializers.Field[Any, Any, Any, Any]):
    default_error_messages = {"required": BAD, "null": BAD, "invalid": BAD}

    def to_representation(self, value: Any) -> Any:
        return value


class Text(Strict, serializers.CharField):
    """`empty` is the message for a present but too short text; without it any length rule says the usual."""

    def __init__(self, low: int = 0, high: int | None = None, *, empty: str = BAD, **options: Any) -> None:
        self.low, self.high, self.empty = low, high, empty
        options.setdefault("required", False)
        super().__init__(
            min_length=low or None, max_length=high, allow_blank=low == 0, trim_whitespace=False, **options
        )
        self.validators = []

    def run_validation(self, data: Any = empty) -> Any:
        return serializers.Field.run_validation(self, data)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        length = utf16_length(data)
        if length < self.low:
            raise serializers.ValidationError(self.empty)
        if self.high is not None and length > self.high:
            self.fail("invalid")
        return data


class Whole(Strict, serializers.IntegerField):
    def __init__(self, low: int, high: int = 2**53 - 1, **options: Any) -> None:
        self.low, self.high = low, high
        options.setdefault("required", False)
        super().__init__(min_value=low, max_value=high, **options)
        self.validators = []

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, float) and data.is_integer():
            data = int(data)
        if type(data) is not int or not self.low <= data <= self.high:
            self.fail("invalid")
        return int(data)


class Number(Strict, serializers.FloatField):
    def __init__(self, low: float, high: float, **options: Any) -> None:
        self.low, self.high = low, high
        options.setdefault("required", False)
        super().__init__(min_value=low, max_value=high, **options)
        self.validators = []

    def to_internal_value(self, data: Any) -> float:
        if type(data) not in (int, float) or not self.low <= data <= self.high:
            self.fail("invalid")
        return float(data)


class Seconds(Whole):
    """Unix seconds until 2100; a datetime inside."""

    def __init__(self, **options: Any) -> None:
        super().__init__(0, LAST_SECOND, **options)

    def to_internal_value(self, data: Any) -> Any:
        return datetime.fromtimestamp(super().to_internal_value(data), UTC)


class Word(Strict, serializers.ChoiceField):
    """One of the dialect's words; its meaning inside."""

    default_error_messages = {"invalid_choice": BAD}

    def __init__(self, meanings: dict[str, Any], **options: Any) -> None:
        self.meanings = meanings
        options.setdefault("required", False)
        super().__init__(choices=list(meanings), **options)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or data not in self.meanings:
            self.fail("invalid_choice")
        return self.meanings[data]


class Object(Strict, serializers.DictField):
    def __init__(self, **options: Any) -> None:
        options.setdefault("required", False)
        super().__init__(**options)

    def run_validation(self, data: Any = empty) -> Any:
        return serializers.Field.run_validation(self, data)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("invalid")
        return dict(data)


class Items(Strict, serializers.ListField):
    def __init__(self, child: serializers.Field[Any, Any, Any, Any], low: int, high: int, **options: Any) -> None:
        self.low, self.high, self.too_few = low, high, options.pop("too_few", BAD)
        options.setdefault("required", False)
        super().__init__(child=child, min_length=low or None, max_length=high, **options)
        self.validators = []

    def run_validation(self, data: Any = empty) -> Any:
        return serializers.Field.run_validation(self, data)

    def to_internal_value(self, data: Any) -> list[Any]:
        if not isinstance(data, list) or len(data) > self.high:
            self.fail("invalid")
        if len(data) < self.low:
            raise serializers.ValidationError(self.too_few)
        return list(self.run_child_validation(data))


class Flag(Strict, serializers.BooleanField):
    def __init__(self, **options: Any) -> None:
        options.setdefault("required", False)
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid")
        return bool(data)


class Shape(serializers.Serializer[Any]):
    """A body. Unknown keys are ignored; an instance may be shared by all requests, since it keeps nothing of one."""

    default_error_messages = {"invalid": BAD}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """As the serializer's own, but a body names few of a shape's many fields, and only those cost time."""
        if not isinstance(data, dict):
            raise serializers.ValidationError({"non_field_errors": [BAD]})
        values: dict[str, Any] = {}
        wrong: dict[str, Any] = {}
        for name, field in self.fields.items():
            try:
                if name in data:
                    values[field.source or name] = field.run_validation(data[name])
                elif field.required and not self.partial:
                    field.fail("required")
            except serializers.ValidationError as error:
                wrong[name] = error.detail
        if wrong:
            raise serializers.ValidationError(wrong)
        return values
