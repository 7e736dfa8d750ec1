"""Objects of any content, which may be only so large and so deep."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

KIB = 1024


def within(kib: int) -> AfterValidator:
    def check(value: dict[str, Any]) -> dict[str, Any]:
        try:
            size = len(orjson.dumps(value))
        except TypeError:  # nested deeper than can be written again
            size = kib * KIB + 1
        if size > kib * KIB:
            raise PydanticCustomError("size", f"must be at most {kib} KiB, and not nested without end")
        return value

    return AfterValidator(check)


Metadata = Annotated[dict[str, Any], within(16)]
