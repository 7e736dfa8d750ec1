"""Bodies that clients send."""

from __future__ import annotations

import re
from typing import Any

from rest_framework import serializers

from agents.models import Agent
from core.ids import LARGEST_ID
from realtime.wire.legacy import PRIORITY_NUMBERS, STATUSES
from tasks.models import Review, Task

from .fields import Flag, Items, Number, Object, Seconds, Shape, Text, Whole, Word

OUTCOMES = {outcome.value: outcome.value for outcome in Task.Outcome}
VERDICTS = {verdict.value: verdict.value for verdict in Review.Verdict}
RUNTIMES = {runtime.value: runtime.value for runtime in Agent.Runtime}
KEBAB_CASE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
TASK_STATUSES, REVIEW_STATUSES = list(STATUSES), list(VERDICTS)
PRESENCES = {word: word for word in ("online", "offline", "busy", "idle", "error")}
AGENT_STATUSES = list(PRESENCES)


class Metadata(Object):
    """Free, but for the two keys that heartbeats hand on."""

    def to_internal_value(self, data: object) -> dict[str, object]:
        value = super().to_internal_value(data)
        PLACES.run_validation(value)
        return value


class Places(Shape):
    implementation_repo = Text(1, 200, empty="implementation_repo cannot be empty")
    code_location = Text(1, 500, empty="code_location cannot be empty")


PLACES = Places()


class TaskFields(Shape):
    title = Text(1, 500, required=True, empty="Title is required")
    description = Text(0, 5000)
    status = Word(STATUSES)
    priority = Word(PRIORITY_NUMBERS)
    project_id = Whole(1)
    assigned_to = Text(0, 100)
    created_by = Text()
    due_date = Seconds(source="due_at")
    estimated_hours = Number(0, 10_000)
    actual_hours = Number(0, 10_000)
    outcome = Word(OUTCOMES)
    error_message = Text(0, 5000)
    resolution = Text(0, 5000)
    feedback_rating = Whole(1, 5)
    feedback_notes = Text(0, 5000)
    retry_count = Whole(0)
    completed_at = Seconds()
    tags = Items(Text(1, 100, required=True), 0, 50)
    metadata = Metadata()


class KebabCase(Text):
    def to_internal_value(self, data: object) -> str:
        text = super().to_internal_value(data)
        if not KEBAB_CASE.fullmatch(text):
            raise serializers.ValidationError("openclaw_id must be kebab-case")
        return text


class OneStatus(Shape):
    id = Whole(1, required=True)
    status = Word(STATUSES, required=True)


class ManyStatuses(Shape):
    tasks = Items(OneStatus(), 1, 100, required=True, too_few="At least one task is required")


class AnyId(Number):
    """Any number; one that can be nobody's id becomes 0, which is not found."""

    def __init__(self, **options: Any) -> None:
        super().__init__(-(2**53), 2**53, **options)

    def to_internal_value(self, data: Any) -> int:
        if type(data) not in (int, float):
            self.fail("invalid")
        return int(data) if data == data // 1 and 0 < data <= LARGEST_ID else 0


class CommentFields(Shape):
    content = Text(1, None, required=True, empty="Comment content is required")
    parent_id = AnyId()


class AgentFields(Shape):
    name = Text(1, 100, required=True, empty="Name is required")
    role = Text(1, 100, empty="Role is required")
    openclaw_id = KebabCase(1, 100)
    session_key = Text(0, 200)
    soul_content = Text(0, 50_000)
    status = Word(PRESENCES)
    config = Object()
    template = Text(0, 100)
    gateway_config = Object()
    write_to_gateway = Flag()
    provision_openclaw_workspace = Flag()
    openclaw_workspace_path = Text(1, 500)
    runtime_type = Word(RUNTIMES)


class ConnectFields(Shape):
    tool_name = Text(1, 100, required=True, empty="Tool name is required")
    tool_version = Text(0, 50)
    agent_name = Text(1, 100, required=True, empty="Agent name is required")
    agent_role = Text(0, 100)
    metadata = Object()


class ReviewFields(Shape):
    taskId = AnyId(required=True)
    status = Word(VERDICTS, required=True)
    notes = Text(1, None, required=True, empty="Notes are required for quality reviews")
    reviewer = Text(0, 200)
