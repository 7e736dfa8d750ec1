"""What a view says of its methods for the document: one decorator, beside the code it speaks of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from api.schemas import Schema
from api.v1.body import Shape
from api.v1.listing import LARGEST_PAGE, PAGE

from .schema import id_of, one_of

Method = TypeVar("Method", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Words:
    """Of one method. `codes` are the errors that it gives beside those that every method of its kind gives."""

    summary: str
    answers: dict[int, Schema | None]
    body: type[Shape] | None = None
    # Fields of the body that are read by hand, each by its own shape.
    parts: dict[str, type[Shape]] = field(default_factory=dict)
    query: dict[str, Schema] = field(default_factory=dict)
    codes: tuple[str, ...] = ()
    note: str = ""


def describe(summary: str, **said: Any) -> Callable[[Method], Method]:
    """`answers` are schemas by status (None: no body), `codes` words in one string; the rest is as `Words` has it."""

    def decorate(method: Method) -> Method:
        codes = tuple(said.pop("codes", "").split())
        method.words = Words(summary, codes=codes, **said)  # type: ignore[attr-defined]
        return method

    return decorate


def words_of(method: Callable[..., Any]) -> Words | None:
    return getattr(method, "words", None)


def listed(values: Iterable[str]) -> Schema:
    """A parameter of several words: repeated, or with commas."""
    return {"type": "array", "items": one_of(values)}


def text(description: str, **more: Any) -> Schema:
    return {"type": "string", "description": description, **more}


AGENT_SLUG = text("An agent's id; there must be such an agent.")
TASK_ID: Schema = {**id_of("task"), "description": "A task's id."}
LIMIT: Schema = {
    "type": "integer",
    "minimum": 1,
    "default": PAGE,
    "description": f"How many at most. Above {LARGEST_PAGE} is cut to {LARGEST_PAGE}.",
}
OFFSET: Schema = {"type": "integer", "minimum": 0, "default": 0, "description": "How many to leave out."}
PAGED = {"limit": LIMIT, "offset": OFFSET}


def before(kind: str) -> dict[str, Schema]:
    """The parameters of lists that are read backwards."""
    told = f"Only what is older: the id of the oldest row already seen (`{kind}_12`), or an ISO 8601 timestamp."
    return {"limit": LIMIT, "before": {"type": "string", "description": told}}
