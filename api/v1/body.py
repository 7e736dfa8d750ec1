"""Bodies: JSON objects of at most 2 MiB, checked against a typed shape."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import orjson
from django.http import HttpRequest
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from core import money
from core.errors import Invalid, TooLarge

LARGEST = 2 * 1024 * 1024
DEEPEST = 100
# A NUL as JSON writes it, after any number of escaped backslashes: no text and no JSON of PostgreSQL may hold one.
NUL_SPELT = b"\\u0000"
NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
# Control characters other than tab, line feed and carriage return have no place in texts.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# Texts that may hold a number as large as this.
LARGEST_NUMBER = 2.0**63
# Bodies whose numbers are sooner looked through than their text.
SMALL = 2_000
HUGE = re.compile(rb"[eE]\+?[0-9]{2}|[0-9]{19}")


class Shape(BaseModel):
    """A body's fields, camelCase outside. What it does not name is ignored."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True)

    def given(self) -> dict[str, Any]:
        """What the caller sent, by our names."""
        return {name: getattr(self, name) for name in self.model_fields_set}


def micro(dollars: float | None) -> int | None:
    """Money as it is kept: whole micro-dollars."""
    return None if dollars is None else money.micro(dollars)


def clean(text: str) -> str:
    return text if text.isprintable() else CONTROL.sub("", text)


def _not_blank(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "must not be blank")
    return text


def _moment(value: Any) -> Any:
    if not isinstance(value, str) or not 10 < len(value) < 40:
        raise PydanticCustomError("timestamp", "must be an ISO 8601 timestamp")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("timestamp", "must be an ISO 8601 timestamp") from None
    if moment.tzinfo is None:
        raise PydanticCustomError("timestamp", "must name its time zone, as 2026-02-01T10:00:00Z does")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("timestamp", "is out of range") from None


Text = Annotated[str, Strict(), AfterValidator(clean)]
Words = Annotated[str, Strict(), AfterValidator(clean), AfterValidator(_not_blank)]
Whole = Annotated[int, Strict()]
Flag = Annotated[bool, Strict()]
Moment = Annotated[datetime, BeforeValidator(_moment)]


def _dollars(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("money", "must be a number of dollars")
    return value


Dollars = Annotated[float, BeforeValidator(_dollars), Field(ge=0, le=1_000_000_000)]
LARGEST_BAG, DEEPEST_BAG = 16 * 1024, 32


def _bag(value: Any) -> Any:
    if not isinstance(value, dict):
        raise PydanticCustomError("object", "must be an object")
    cleaned = _cleaned(value, 0)
    if len(orjson.dumps(cleaned)) > LARGEST_BAG:
        raise PydanticCustomError("large", "must be at most 16 KiB")
    return cleaned


def _cleaned(value: Any, depth: int) -> Any:
    """Without control characters, which not every database takes."""
    if depth > DEEPEST_BAG:
        raise PydanticCustomError("deep", "must not be nested deeper than 32 levels")
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(key): _cleaned(each, depth + 1) for key, each in value.items()}
    if isinstance(value, list):
        return [_cleaned(each, depth + 1) for each in value]
    return value


# Whatever else a caller wants to keep with an object.
Bag = Annotated[dict[str, Any], BeforeValidator(_bag)]
S = TypeVar("S", bound=Shape)


def json_of(request: HttpRequest) -> dict[str, Any]:
    """The body. Raises Invalid for what is no JSON object, TooLarge above 2 MiB."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST:
        raise TooLarge("The body is larger than 2 MiB")
    return json_in(request.body, request.content_type or "")


def json_in(body: bytes, content_type: str) -> dict[str, Any]:
    if len(body) > LARGEST:
        raise TooLarge("The body is larger than 2 MiB")
    if not body.strip():
        return {}
    if content_type not in ("", "application/json"):
        raise Invalid("The body must be application/json", code="UNSUPPORTED_MEDIA_TYPE")
    try:
        sent = orjson.loads(NUL.sub(rb"\1", body) if NUL_SPELT in body else body)
    except orjson.JSONDecodeError as error:
        raise Invalid(f"The body is not JSON: {error}", code="INVALID_JSON") from None
    if not isinstance(sent, dict):
        raise Invalid("The body must be a JSON object")
    if body.count(b"[") + body.count(b"{") > DEEPEST:
        _check_depth(sent)
    if len(body) < SMALL or HUGE.search(body):
        _check_numbers(sent)
    return sent


def _check_depth(sent: Any) -> None:
    """Deeper ones could be read, and not be written again."""
    level, depth = [sent], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise Invalid(f"The body is nested more than {DEEPEST} levels deep")
        inside = [each.values() if isinstance(each, dict) else each for each in level]
        level = [each for values in inside for each in values if isinstance(each, dict | list)]


def _check_numbers(sent: Any) -> None:
    """Not every database gives a number back that is larger than any integer of its own."""
    left: list[Any] = [sent]
    while left:
        each = left.pop()
        for value in each.values() if type(each) is dict else each:
            if type(value) is float:
                if abs(value) >= LARGEST_NUMBER:
                    raise Invalid("The body holds a number that is out of range")
            elif type(value) is dict or type(value) is list:
                left.append(value)


def read(shape: type[S], sent: dict[str, Any]) -> S:
    """Raises Invalid with one line per broken field."""
    try:
        return shape.model_validate(sent)
    except ValidationError as error:
        lines = [f"{'.'.join(str(part) for part in one['loc'])}: {_words(one)}" for one in error.errors()]
        raise Invalid.fields(*lines) from None


def _words(error: Any) -> str:
    return "is required" if error["type"] == "missing" else str(error["msg"])
