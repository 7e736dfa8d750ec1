"""What agents hand in: plans, deliverables with their artifacts, checklists."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from core.errors import Invalid

from .body import Dollars, Flag, Moment, Shape, Text, Words, read

INLINE = 100 * 1024
NOT_IN_NAMES = re.compile(r"[/\\\x00-\x1f\x7f]")
MIME = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,60}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,36}(?:; ?charset=[A-Za-z0-9-]+)?"
)
Bullet = Annotated[Words, Field(max_length=500)]
TaskType = Literal[
    "CONTENT", "SOCIAL", "EMAIL_MARKETING", "CUSTOMER_RESEARCH", "SEO_RESEARCH", "ENGINEERING", "DOCS", "OPS"
]
# What a checklist may be for.
Kind = Literal[TaskType, "RESEARCH"]


def _file_name(text: str) -> str:
    if NOT_IN_NAMES.search(text) or text in (".", ".."):
        raise PydanticCustomError("name", "must be a file name, without slashes and control characters")
    return text


def _inline(text: str) -> str:
    if len(text.encode()) > INLINE:
        raise PydanticCustomError("inline", "must be at most 100 KiB; name an url for more")
    return text


def _web(text: str) -> str:
    try:
        parts = urlsplit(text)
        found = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        found = False
    if not found or any(letter.isspace() for letter in text):
        raise PydanticCustomError("url", "must be an http or https URL")
    return text


def _mime(text: str) -> str:
    if not MIME.fullmatch(text):
        raise PydanticCustomError("mime", "must be a media type such as text/markdown")
    return text


class Artifact(Shape):
    name: Annotated[str, Field(strict=True, min_length=1, max_length=255), AfterValidator(_file_name)]
    type: Literal["DELIVERABLE", "EVIDENCE", "CHECKLIST", "REPORT"]
    content: Annotated[Text, AfterValidator(_inline)] | None = None
    url: Annotated[Text, Field(max_length=2048), AfterValidator(_web)] | None = None
    mime_type: Annotated[Text, Field(max_length=100), AfterValidator(_mime)] | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if self.content is not None and self.url is not None:
            raise PydanticCustomError("both", "has either content or url, not both")
        return self


Artifacts = Annotated[list[Artifact], Field(max_length=10)]


class WorkPlan(Shape):
    bullets: Annotated[list[Bullet], Field(min_length=3, max_length=6)]
    estimated_cost: Dollars | None = None
    estimated_duration: Annotated[Text, Field(max_length=100)] | None = None
    dependencies: Annotated[list[Annotated[Text, Field(max_length=80)]], Field(max_length=100)] = []


class Deliverable(Shape):
    content: Annotated[Words, Field(min_length=1, max_length=200_000)]
    artifacts: Artifacts = []
    summary: Annotated[Text, Field(max_length=2000)] | None = None


class Item(Shape):
    label: Annotated[Words, Field(min_length=1, max_length=300)]
    checked: Flag
    note: Annotated[Text, Field(max_length=1000)] | None = None
    verified_by: Annotated[Text, Field(max_length=200)] | None = None
    verified_at: Moment | None = None


class ReviewChecklist(Shape):
    type: Kind
    items: Annotated[list[Item], Field(min_length=1, max_length=50)]
    notes: Annotated[Text, Field(max_length=5000)] | None = None


def kept(piece: Shape) -> dict[str, Any]:
    """As it is stored and shown."""
    return piece.model_dump(by_alias=True, mode="json")


def attempt(shape: type[Shape], sent: Any, field: str) -> tuple[dict[str, Any] | None, list[str]]:
    """The piece, or what is wrong with it: moves tell of it together with everything else that they lack."""
    if sent is None:
        return None, []
    if not isinstance(sent, dict):
        return None, [f"{field}: must be an object"]
    try:
        return kept(read(shape, sent)), []
    except Invalid as refusal:
        return None, [f"{field}.{line}" for line in refusal.details or []]
