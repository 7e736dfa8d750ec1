from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from activity.audit import record_audit
from activity.models import Event, Reader
from activity.services import record, story
from core.actors import system
from notifications.models import Notification
from tests.base import LegacyApiTestCase
from workflows.models import Pipeline, PipelineRun

PATH = "/api/cleanup"


class CleanupTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        Event.objects.all().delete()
        Reader.objects.all().delete()

    def grow_old(self, *, workspace_id=1):
        """Of each table one row that is too old, and one that is not."""
        for days in (900, 1):
            at = self.now - timedelta(days=days)
            record(story("task_created", by="x", subject="task:1", workspace_id=workspace_id, description="x"), at=at)
            record_audit("login", actor=system(workspace_id), at=at)
            Notification.objects.create(
                workspace_id=workspace_id, recipient="x", type="t", title="t", message="m", created_at=at
            )
            pipeline = Pipeline.objects.create(workspace_id=workspace_id, name="p", created_at=at, updated_at=at)
            PipelineRun.objects.create(workspace_id=workspace_id, pipeline=pipeline, created_at=at)

    def left(self):
        return (Event.objects.exclude(type="data_cleanup").count(), Notification.objects.count(),
                PipelineRun.objects.count())  # fmt: skip

    def clean(self, body=None, **options):
        return self.post(PATH, body, **{"as_": self.alice, **options})

    def test_the_preview_counts_what_would_go(self):
        self.grow_old()
        body = self.get(PATH, as_=self.alice).body
        assert body["retention"] == {
            "activities": 90, "auditLog": 365, "logs": 30, "notifications": 60, "pipelineRuns": 90,
            "tokenUsage": 90, "gatewaySessions": 90,
        }  # fmt: skip
        assert [(line["table"], line["retention_days"], line["stale_count"]) for line in body["preview"]] == [
            ("Activities", 90, 1), ("Audit Log", 365, 1), ("Notifications", 60, 1), ("Pipeline Runs", 90, 1),
            ("Token Usage (file)", 90, 0), ("Gateway Session Store", 90, 0),
        ]  # fmt: skip
        day = (self.now - timedelta(days=90)).date().isoformat()
        assert body["preview"][0] == {
            "table": "Activities", "retention_days": 90, "cutoff_date": day, "stale_count": 1,
        }  # fmt: skip
        assert all("note" in line and "cutoff_date" not in line for line in body["preview"][4:])
        assert self.left() == (4, 2, 2)

    def test_a_clean_up_deletes_what_is_old(self):
        self.grow_old()
        answer = self.clean({})
        day = (self.now - timedelta(days=60)).date().isoformat()
        assert (answer.status, answer.body["dry_run"], answer.body["total_deleted"]) == (200, False, 4)
        assert [line["table"] for line in answer.body["results"]] == [
            "Activities", "Audit Log", "Notifications", "Pipeline Runs", "Gateway Session Store",
        ]  # fmt: skip
        assert answer.body["results"][2] == {
            "table": "Notifications", "deleted": 1, "cutoff_date": day, "retention_days": 60,
        }  # fmt: skip
        assert self.left() == (2, 1, 1)
        assert Event.objects.audit(1).get(type="data_cleanup").data["detail"]["total_deleted"] == 4

    def test_audit_rows_outlive_activities(self):
        at = self.now - timedelta(days=200)
        record_audit("login", actor=system(1), at=at)
        record(story("task_created", by="x", subject="task:1", workspace_id=1, description="x"), at=at)
        assert self.clean({}).body["total_deleted"] == 1
        assert Event.objects.audit(1).filter(type="login").exists()

    def test_a_dry_run_only_counts(self):
        self.grow_old()
        body = self.clean({"dry_run": True}).body
        assert (body["dry_run"], body["total_deleted"]) == (True, 4)
        assert self.left() == (4, 2, 2)
        assert not Event.objects.filter(type="data_cleanup").exists()

    def test_without_a_body_it_cleans_but_not_with_one_that_cannot_be_read(self):
        self.grow_old()
        for body in (b"{", b"null", b"[]", {"dry_run": "true"}, {"dry_run": None}, {"dry_run": 1}):
            answer = self.clean(body)
            assert (answer.status, answer.body) == (400, {"error": "Invalid request body"})
        assert self.left() == (4, 2, 2)
        assert self.clean(b"").body["total_deleted"] == 4

    def test_nothing_old_leaves_no_trace(self):
        assert self.clean({}).body["total_deleted"] == 0
        assert not Event.objects.filter(type="data_cleanup").exists()

    def test_what_is_kept_for_ever_stays(self):
        self.grow_old()
        with self.settings(RETAIN_DAYS={**settings.RETAIN_DAYS, "activities": 0, "gateway_sessions": 0}):
            line = self.get(PATH, as_=self.alice).body["preview"][0]
            assert line["retention_days"] == line["stale_count"] == 0
            assert "note" in line and "cutoff_date" not in line
            body = self.clean({}).body
        assert [line["table"] for line in body["results"]] == ["Audit Log", "Notifications", "Pipeline Runs"]
        assert Event.objects.stories(1).count() == 2

    def test_what_a_reader_has_not_read_stays(self):
        self.grow_old()
        Reader.objects.create(name="slow", position=0)
        assert self.clean({}).body["total_deleted"] == 2

    def test_all_workspaces_are_cleaned(self):
        self.grow_old(workspace_id=self.elsewhere.pk)
        assert self.clean({}).body["total_deleted"] == 4

    def test_a_strict_workspace_is_refused_and_noted(self):
        self.elsewhere.isolation = "strict"
        self.elsewhere.save()
        for method in ("GET", "POST"):
            answer = self.call(method, PATH, as_=self.charlie)
            assert answer.status == 403
            assert answer.body["error"].startswith("This resource is unavailable in strict workspaces because")
        assert Event.objects.audit(self.elsewhere.pk).filter(type="workspace_isolation_denied").count() == 2
