"""The items of an agent's stream as runners send them: each is read by itself, so that one that is wrong stops no
other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from core.errors import Invalid, NotFound
from transcripts.models import LONGEST_KEY
from transcripts.services.cleaning import words
from transcripts.services.items import DERIVED, KINDS, Item

from .body import Dollars, Flag, Shape, Text, Whole, Words, read
from .ids import row_id

LONGEST_TEXT = 32 * 1024
# How far from ours a runner's clock may be for its times to be taken.
BEHIND, AHEAD = timedelta(days=1), timedelta(minutes=5)


def _short_enough(text: str) -> str:
    if len(text) > LONGEST_TEXT or len(text.encode()) > LONGEST_TEXT:
        raise PydanticCustomError("size", "must be at most 32 KiB")
    return text


def _result(value: Any) -> Any:
    if not isinstance(value, str | dict):
        raise PydanticCustomError("result", "must be a string or an object")
    return value


Speech = Annotated[Text, AfterValidator(_short_enough)]
Key = Annotated[Words, Field(max_length=LONGEST_KEY)]
Use = Annotated[Text, Field(max_length=200)]
Name = Annotated[Words, Field(max_length=200)]
Result = Annotated[str | dict[str, Any], BeforeValidator(_result)]


class StreamItem(Shape):
    seq: Annotated[Whole, Field(ge=0, le=2**53)] | None = None
    ts: Annotated[Whole, Field(ge=0, le=2**53)] | None = None
    run_id: Annotated[Text, Field(max_length=40)] | None = None


class SessionItem(StreamItem):
    type: Literal["agent_session"]
    session_id: Name


class WorkingItem(StreamItem):
    type: Literal["agent_working"]
    task_id: Annotated[Text, Field(max_length=40)] | None = None


class TextItem(StreamItem):
    type: Literal["agent_text"]
    text: Speech


class ToolItem(StreamItem):
    type: Literal["agent_tool"]
    tool: Name
    input: dict[str, Any]
    tool_use_id: Use | None = None


class ToolResultItem(StreamItem):
    type: Literal["agent_tool_result"]
    tool: Name
    result: Result
    tool_use_id: Use | None = None
    is_error: Flag | None = None
    truncated: Flag | None = None


class Todo(Shape):
    content: Annotated[Text, Field(max_length=500)]
    status: Literal["pending", "in_progress", "completed"]


class TodosItem(StreamItem):
    type: Literal["agent_todos"]
    todos: Annotated[list[Todo], Field(max_length=100)]


class DoneItem(StreamItem):
    type: Literal["agent_done"]
    role: Annotated[Text, Field(max_length=200)]
    cost: Dollars


class ErrorItem(StreamItem):
    type: Literal["agent_error"]
    error: Speech


class DelegationItem(StreamItem):
    type: Literal["delegation_update"]
    delegation_id: Key
    status: Literal["pending", "running", "done", "failed", "canceled"]
    to_role: Name
    to_agent_id: Annotated[Text, Field(max_length=110)] | None = None
    parent_delegation_id: Annotated[Text, Field(max_length=LONGEST_KEY)] | None = None


class Wished(Shape):
    name: Name
    role: Annotated[Text, Field(max_length=200)] = ""
    task: Annotated[Text, Field(max_length=2_000)] = ""


class Wish(Shape):
    agents: Annotated[list[Wished], Field(min_length=1, max_length=20)]
    reason: Annotated[Text, Field(max_length=2_000)] = ""


class SpawnItem(StreamItem):
    type: Literal["agent_spawn_request"]
    request: Wish


AnyItem = Annotated[
    SessionItem | WorkingItem | TextItem | ToolItem | ToolResultItem | TodosItem | DoneItem | ErrorItem | DelegationItem
    | SpawnItem,
    Field(discriminator="type"),
]  # fmt: skip
SHAPES: dict[str, type[StreamItem]] = {
    get_args(shape.model_fields["type"].annotation)[0]: shape for shape in get_args(get_args(AnyItem)[0])
}
# Of every item; and by what names the service knows fields that are called otherwise here.
COMMON = {"type", "seq", "ts", "run_id"}
RENAMED = {"to_agent_id": "to_agent", "parent_delegation_id": "parent"}


def items_of(events: Sequence[Any], *, now: datetime) -> tuple[list[Item], dict[int, str]]:
    """Those that can be read, and what is wrong with the others, by their places."""
    items, refused = [], {}
    for index, sent in enumerate(events):
        try:
            items.append(_item(index, sent, now))
        except (Invalid, NotFound) as error:
            refused[index] = words(error)
    return items, refused


def _item(index: int, sent: Any, now: datetime) -> Item:
    if not isinstance(sent, dict):
        raise Invalid("must be an object")
    type = sent.get("type")
    if not isinstance(type, str) or type not in SHAPES:
        raise Invalid.fields(f"type: {_why_not(type)}")
    want = read(SHAPES[type], sent)
    fields = {RENAMED.get(name, name): value for name, value in want.model_dump(exclude=COMMON).items()}
    if fields.get("task_id") is not None:
        fields["task_id"] = row_id("task", fields["task_id"])
    run_id = row_id("run", want.run_id) if want.run_id is not None else None
    return Item(index, KINDS[type], fields, want.seq, _moment(want.ts, now), run_id)


def _why_not(type: Any) -> str:
    if type in DERIVED:
        return f"{type} is told by the server itself"
    return "is required" if type is None else f"must be one of {', '.join(SHAPES)}"


def _moment(ts: int | None, now: datetime) -> datetime | None:
    """When the runner says that it was, unless its clock is far off."""
    if ts is None or not now - BEHIND <= (at := _from_ms(ts)) <= now + AHEAD:
        return None
    return at


def _from_ms(ts: int) -> datetime:
    return datetime.fromtimestamp(min(ts, 32_503_680_000_000) / 1000, UTC)
