from __future__ import annotations

import re
from pathlib import Path

import pytest

from activity.catalogue import DATA_KEYS, STORIES, Kind
from activity.services import fact, record, story
from core.actors import system
from realtime.wire.sse import encode
from tests.base import BaseTestCase

ROOT = Path(__file__).resolve().parent.parent.parent
TASK = dict.fromkeys(
    (
        "id", "title", "description", "assigned_to", "created_by", "estimated_hours", "actual_hours", "tags",
        "metadata", "workspace_id", "project_id", "outcome", "error_message", "resolution", "feedback_rating",
        "feedback_notes", "retry_count", "github_issue_number", "github_repo", "github_branch", "github_pr_number",
        "github_pr_state", "dispatch_attempts", "project_name", "project_prefix", "created_at", "updated_at",
        "due_at", "completed_at", "github_synced_at",
    )
) | {"status": "INBOX", "priority": 3, "number": 1}  # fmt: skip
AGENT = {"id": 1, "name": "nova", "updated_at": 1_000}
SAMPLES = {
    Kind.TASK_CREATED: {"task": TASK},
    Kind.TASK_UPDATED: {"task": TASK, "fields": []},
    Kind.TASK_TRANSITIONED: {"id": 1, "status": "DONE", "previous_status": "REVIEW", "updated_at": 1_000},
    Kind.TASK_CLAIMED: {"task": TASK},
    Kind.COMMENT_CREATED: {"comment": {"id": 1, "created_at": 1_000}},
    Kind.NOTIFICATION_CREATED: {"notification": {"id": 1}},
    Kind.AGENT_REGISTERED: {"agent": AGENT},
    Kind.AGENT_UPDATED: {"agent": AGENT},
    Kind.CHAT_MESSAGE: {"message": {"id": 1, "created_at": 1_000}},
    Kind.AGENT_PRESENCE: {"id": 1, "name": "nova", "status": "idle", "was": "offline"},
    **{kind: {"approval": {"id": 1, "created_at": 1_000}} for kind in Kind if kind.value.startswith("approval.")},
    **{kind: {"alert": {"id": 1, "created_at": 1_000}} for kind in Kind if kind.value.startswith("alert.")},
    **{kind: {"permission": {"id": 1}} for kind in (Kind.PERMISSION_REQUESTED, Kind.PERMISSION_RESOLVED)},
    **{kind: {"run": {"id": 1, "cost_microusd": 5}} for kind in (Kind.RUN_STARTED, Kind.RUN_COMPLETED)},
    Kind.DOCUMENT_CREATED: {"document": {"id": 1}},
}
# Kinds that only the server itself acts on.
INTERNAL = {
    Kind.NOTIFICATION_DELIVERED, Kind.NOTIFICATION_FAILED, Kind.NOTIFICATION_DELETED,
    Kind.PROJECT_CREATED, Kind.PROJECT_CHANGED, Kind.ACCESS_CHANGED, Kind.BUDGET_SET, Kind.AUDIT,
    Kind.CHAT_CHANGED, Kind.WORKSPACE_CHANGED, Kind.WEBHOOK_CHANGED, Kind.ALERT_RULE_CHANGED, Kind.WORKFLOW_CHANGED,
    Kind.PIPELINE_CHANGED, Kind.PIPELINE_RUN_CHANGED,
    Kind.POLICY_DENIED, Kind.POLICY_PUBLISHED, Kind.BUDGET_RESET,
}  # fmt: skip
# Told on other wires than the event stream alone.
ELSEWHERE = {
    Kind.AGENT_SESSION, Kind.AGENT_WORKING, Kind.DELEGATION_UPDATED, Kind.SPAWN_REQUESTED, Kind.SPAWN_RESOLVED,
    Kind.TOOL_CALL_RECORDED, Kind.AGENT_HEARTBEAT, *(kind for kind in Kind if kind.value.startswith("system.")),
}  # fmt: skip


class CatalogueTests(BaseTestCase):
    def event(self, kind, data):
        return fact(kind, actor=system(1), subject="task:1", data=data)

    def test_every_kind_lists_its_keys(self):
        assert set(DATA_KEYS) == set(Kind) - {Kind.STORY}

    def test_a_key_that_is_not_listed_is_refused(self):
        for kind in DATA_KEYS:
            with self.subTest(kind=kind), pytest.raises(ValueError, match="does not list"):
                self.event(kind, {"secret": 1})

    def test_a_story_speaks_of_its_own_kind_of_entity(self):
        for type, kind in STORIES.items():
            with self.subTest(type=type):
                assert story(type, by="x", subject=f"{kind}:1", workspace_id=1, description="x").type == type
                with pytest.raises(ValueError, match="speaks of"):
                    story(type, by="x", subject="planet:1", workspace_id=1, description="x")

    def test_a_story_that_is_not_listed_is_refused(self):
        with pytest.raises(KeyError):
            story("task_painted", by="x", subject="task:1", workspace_id=1, description="x")

    def test_every_story_and_kind_that_the_code_records_is_listed(self):
        recorded = set()
        for path in ROOT.glob("*/services*"):
            for file in [path, *path.glob("*.py")] if path.is_dir() else [path]:
                if file.is_file():
                    recorded |= set(re.findall(r'(?:story|task_story)\(\s*"(\w+)"', file.read_text()))
        assert recorded and recorded <= set(STORIES)

    def test_each_kind_has_a_frame_or_stays_inside(self):
        for kind in DATA_KEYS:
            data = SAMPLES.get(kind, dict.fromkeys(DATA_KEYS[kind], 1))
            event = self.event(kind, data)
            record(event)
            with self.subTest(kind=kind):
                frame = encode(event)
                assert (frame is None) == (kind in INTERNAL | ELSEWHERE)
                if frame:
                    assert frame.body.endswith(b"\n\n")
                    assert frame.body.count(b"id: ") == 1
                    assert b"\n\n" not in frame.body.replace(b"}\n\n", b"")

    def test_a_change_is_recorded_with_the_change_or_not_at_all(self):
        from django.db import transaction

        from activity.models import Event

        with pytest.raises(ZeroDivisionError), transaction.atomic():
            record(self.event(Kind.TASK_DELETED, {"id": 1, "title": "x"}))
            _ = 1 / 0
        assert not Event.objects.filter(kind=Kind.TASK_DELETED).exists()
