from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from unittest.mock import patch

from django.test import override_settings

from activity.audit import Origin, record_audit
from activity.models import Event
from activity.services import record, story
from core.actors import system
from tasks.models import Task
from tests.base import LegacyApiTestCase, actor_of
from tests.factories import make_task
from workflows.models import Pipeline, PipelineRun

PATH = "/api/export"
AUDIT = "id,action,actor,actor_id,target_type,target_id,detail,ip_address,user_agent,workspace_id,created_at"
TASKS = (
    "id,title,description,status,priority,assigned_to,created_by,created_at,updated_at,due_date,estimated_hours,"
    "actual_hours,tags"
)
ACTIVITIES = "id,type,entity_type,entity_id,actor,description,data,created_at"
PIPELINES = (
    "id,pipeline_id,pipeline_name,status,current_step,steps_snapshot,started_at,completed_at,triggered_by,created_at"
)


class ExportTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        Event.objects.all().delete()
        self.today = self.now.date().isoformat()

    def ask(self, query, **options):
        return self.get(f"{PATH}?{query}", **{"as_": self.alice, **options})

    def lines(self, query):
        return list(csv.reader(io.StringIO(self.ask(query).raw.decode())))

    def json(self, query):
        return self.ask(f"{query}&format=json").body

    def test_without_rows_there_is_the_head_alone(self):
        for type, head, file in (
            ("audit", AUDIT, "audit-log"), ("tasks", TASKS, "tasks"), ("activities", ACTIVITIES, "activities"),
            ("pipelines", PIPELINES, "pipeline-runs"),
        ):  # fmt: skip
            with self.subTest(type=type):
                Event.objects.all().delete()
                answer = self.ask(f"type={type}")
                assert answer.raw.decode() == head
                assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
                assert answer.headers["Content-Disposition"] == f"attachment; filename={file}-{self.today}.csv"
                Event.objects.all().delete()
                answer = self.ask(f"type={type}&format=json")
                assert list(answer.body) == ["type", "exported_at", "count", "data"]
                assert (answer.body["type"], answer.body["count"], answer.body["data"]) == (type, 0, [])
                assert answer.body["exported_at"].endswith("Z")
                assert answer.headers["Content-Type"] == "application/json"
                assert answer.headers["Content-Disposition"] == f"attachment; filename={file}-{self.today}.json"

    def test_the_audit_log(self):
        detail = {"username": 'a "b", c'}
        actor = actor_of(self.alice)
        record_audit("login", actor=actor, at=self.now - timedelta(hours=1))
        record_audit(
            "user_create", actor=actor, at=self.now, target=("user", 5), detail=detail, origin=Origin("::1", "x,y")
        )
        answer = self.ask("type=audit").raw.decode()
        head, first, second = answer.split("\n")
        assert head == AUDIT
        id, at = (Event.objects.filter(type="user_create").values_list("id", "at"))[0]
        quoted = '"{""username"":""a \\""b\\"", c""}"'
        assert first == (
            f'{id},user_create,alice,{self.alice.pk},user,5,{quoted},::1,"x,y",{self.home.pk},{int(at.timestamp())}'
        )
        assert second.split(",")[1] == "login" and ",,,," in second
        rows = self.json("type=audit")["data"]
        assert rows[0]["action"] == "data_export"
        assert json.loads(rows[1]["detail"]) == detail
        assert list(rows[1]) == [
            "id", "action", "actor", "actor_id", "target_type", "target_id", "detail", "ip_address", "user_agent",
            "created_at", "workspace_id",
        ]  # fmt: skip

    def test_tasks(self):
        make_task("One", tags=["a", "b"], estimated_hours=2.0)
        make_task('Two\nlines, "quoted"', description="é", estimated_hours=0.5, actual_hours=1.5)
        head, two, one = self.lines("type=tasks")
        assert ",".join(head) == TASKS
        assert two[1:5] == ['Two\nlines, "quoted"', "é", "inbox", "medium"]
        assert two[9:] == ["", "0.5", "1.5", "[]"]
        assert (one[1], one[2], one[10], one[12]) == ("One", "", "2", '["a","b"]')
        body = self.json("type=tasks")
        assert body["count"] == 2
        row = body["data"][1]
        assert (row["tags"], row["metadata"], row["status"]) == ('["a","b"]', "{}", "inbox")
        assert (row["project_ticket_no"], row["workspace_id"], row["retry_count"]) == (1, 1, 0)

    def test_activities(self):
        for n in range(2):
            told = story(
                "task_created", by="alice", subject=f"task:{n}", workspace_id=1, description=f"No. {n}", data={"n": n}
            )
            record(told, at=self.now)
        head, newest, oldest = self.lines("type=activities")
        assert ",".join(head) == ACTIVITIES
        assert newest[1:7] == ["task_created", "task", "1", "alice", "No. 1", '{"n":1}']
        row = self.json("type=activities")["data"][1]
        assert (row["data"], row["entity_id"], row["workspace_id"]) == ('{"n":0}', 0, 1)

    def test_pipeline_runs(self):
        pipeline = Pipeline.objects.create(workspace_id=1, name="Nightly", created_at=self.now, updated_at=self.now)
        steps = [{"template_id": 1, "status": "pending"}]
        run = PipelineRun.objects.create(
            workspace_id=1, pipeline=pipeline, steps=steps, triggered_by="alice", created_at=self.now
        )
        head, line = self.lines("type=pipelines")
        assert ",".join(head) == PIPELINES
        stamp = str(int(run.created_at.timestamp()))
        assert line == [
            str(run.pk), str(pipeline.pk), "Nightly", "pending", "0", '[{"template_id":1,"status":"pending"}]', "",
            "", "alice", stamp,
        ]  # fmt: skip
        row = self.json("type=pipelines")["data"][0]
        assert (json.loads(row["steps_snapshot"]), row["pipeline_name"]) == (steps, "Nightly")

    def test_times_include_their_second(self):
        for days in (3, 2, 1):
            task = make_task(f"{days} days")
            Task.objects.filter(pk=task.pk).update(created_at=self.now - timedelta(days=days))
            told = story("task_created", by="x", subject="task:1", workspace_id=1, description=f"{days} days")
            record(told, at=self.now - timedelta(days=days))
        stamp = Task.objects.get(title="2 days").created_at.timestamp().__int__()
        for type, column in (("tasks", "title"), ("activities", "description")):
            for query, days in (
                (f"since={stamp}", ["1 days", "2 days"]),
                (f"until={stamp}", ["2 days", "3 days"]),
                (f"since={stamp}&until={stamp}", ["2 days"]),
                ("since=abc&until=", ["1 days", "2 days", "3 days"]),
            ):
                with self.subTest(type=type, query=query):
                    rows = self.json(f"type={type}&{query}")["data"]
                    assert [row[column] for row in rows if row[column][1:] == " days"] == days

    def test_the_limit_has_a_default_and_a_cap(self):
        for n in range(3):
            make_task(f"t{n}")
        assert [row["title"] for row in self.json("type=tasks&limit=2")["data"]] == ["t2", "t1"]
        assert self.json("type=tasks&limit=0")["count"] == 0
        with patch("api.legacy.export.DEFAULT", 1), patch("api.legacy.export.CAP", 2):
            assert self.json("type=tasks")["count"] == 1
            assert self.json("type=tasks&limit=99999")["count"] == 2
            assert self.json("type=tasks&limit=junk")["count"] == 1

    def test_any_other_format_is_json(self):
        assert self.ask("type=tasks&format=xml").body["count"] == 0
        assert self.ask("type=tasks&format=").raw.decode() == TASKS

    def test_the_type_is_required(self):
        for query in ("", "type=", "type=users", "type=Audit"):
            answer = self.ask(query)
            assert (answer.status, answer.body) == (
                400,
                {"error": "type required: audit, tasks, activities, pipelines"},
            )

    def test_an_export_is_noted(self):
        make_task()
        self.ask("type=tasks", user_agent="tests")
        audit = Event.objects.audit(1).get(type="data_export")
        assert audit.data["detail"] == {"type": "tasks", "format": "csv", "row_count": 1}
        assert (audit.actor, audit.data["user_agent"]) == ("api", "tests")

    def test_what_is_large_is_sent_in_pieces_and_complete(self):
        text = "x" * 5000
        template = make_task("first")
        Task.objects.bulk_create(
            Task(
                workspace_id=1, project=template.project, number=n + 2, title=f"t{n}", description=text,
                created_at=self.now,
            )
            for n in range(400)
        )  # fmt: skip
        for format in ("csv", "json"):
            with self.captureOnCommitCallbacks(execute=True):
                answer = self.client.get(f"{PATH}?type=tasks&format={format}", HTTP_X_API_KEY=self.keys[self.alice])
            assert answer.streaming
            body = answer.getvalue()
            assert int(answer.headers["Content-Length"]) == len(body) > 2_000_000
            if format == "json":
                assert json.loads(body)["count"] == len(json.loads(body)["data"]) == 401
            else:
                assert len(list(csv.reader(io.StringIO(body.decode())))) == 402

    def test_an_outsider_gets_none_of_it(self):
        make_task()
        record_audit("login", actor=system(1), at=self.now)
        for type in ("tasks", "activities", "pipelines"):
            assert self.ask(f"type={type}&format=json", as_=self.charlie).body["count"] == 0
        rows = self.ask("type=audit&format=json", as_=self.charlie).body["data"]
        assert {row["action"] for row in rows} == {"data_export"}

    def test_others_must_be_administrators(self):
        assert self.ask("type=tasks", as_=self.bob).status == 403

    @override_settings(RATE_LIMITS_OFF=False)
    def test_ten_a_minute(self):
        for _ in range(10):
            assert self.ask("type=tasks").status == 200
        answer = self.ask("type=tasks")
        assert (answer.status, answer.body) == (
            429,
            {"error": "Too many requests for this resource. Please try again later."},
        )

    def test_the_number_of_queries_does_not_grow(self):
        for n in range(20):
            make_task(f"t{n}")
        self.ask("type=tasks")
        with self.assertNumQueries(4):
            self.ask("type=tasks")
