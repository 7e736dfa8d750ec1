from __future__ import annotations

from django.utils import timezone

from accounts.models import Workspace
from activity.models import Event
from tests.api.legacy.wire import frames, mark
from tests.base import LegacyApiTestCase, actor_of
from workflows.models import PipelineRun
from workflows.services import create_template, delete_template
from workflows.spawning import NO_GATEWAY

PATH, RUN = "/api/pipelines", "/api/pipelines/run"


class PipelinesTestCase(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        self.templates = [self.template(name) for name in ("one", "two", "three")]

    def template(self, name, user=None):
        return create_template(actor=actor_of(user or self.alice), now=timezone.now(), name=name, task_prompt="Do it.")

    def steps(self, *failures):
        failures = failures or ("stop", "stop")
        return [{"template_id": self.templates[n].pk, "on_failure": how} for n, how in enumerate(failures)]

    def create(self, *failures, **fields):
        answer = self.post(PATH, {"name": "Release", "steps": self.steps(*failures), **fields})
        assert answer.status == 201, answer.raw
        return answer.body["pipeline"]


class PipelineTests(PipelinesTestCase):
    def test_a_pipeline_is_stored(self):
        since = mark()
        pipeline = self.create()
        now = pipeline["created_at"]
        assert pipeline == {
            "id": pipeline["id"],
            "name": "Release",
            "description": None,
            "steps": self.steps(),
            "created_by": pipeline["created_by"],
            "created_at": now,
            "updated_at": now,
            "use_count": 0,
            "last_used_at": None,
            "workspace_id": 1,
        }
        assert [frame["data"]["type"] for frame in frames(since)] == ["pipeline_created"]
        named = [{**step, "template_name": name} for step, name in zip(self.steps(), ("one", "two"), strict=True)]
        runs = {"total": 0, "completed": 0, "failed": 0, "running": 0}
        assert self.get(PATH, as_=self.vera).body == {"pipelines": [{**pipeline, "steps": named, "runs": runs}]}

    def test_a_failing_step_stops_unless_it_says_otherwise(self):
        ids = [{"template_id": template.pk} for template in self.templates]
        assert {step["on_failure"] for step in self.create(steps=ids)["steps"]} == {"stop"}

    def test_a_removed_template_is_unknown(self):
        self.create()
        delete_template(template=self.templates[0], actor=actor_of(self.alice), now=timezone.now())
        (pipeline,) = self.get(PATH).body["pipelines"]
        assert [step["template_name"] for step in pipeline["steps"]] == ["Unknown", "two"]

    def test_wrong_fields(self):
        foreign = self.template("foreign", self.charlie)
        one, few = self.steps()[:1], "steps: Pipeline needs at least 2 steps"
        for body, details in (
            ({}, ["name: Invalid input", "steps: Invalid input"]),
            ({"name": "x", "steps": one}, [few]),
            ({"name": "x", "steps": []}, [few]),
            ({"name": "", "steps": self.steps()}, ["name: Invalid input"]),
            ({"name": "x", "steps": one * 51}, ["steps: Invalid input"]),
            ({"name": "x", "steps": [*one, {"template_id": 0}]}, ["steps.1.template_id: Invalid input"]),
            ({"name": "x", "steps": [*one, {"template_id": 1, "on_failure": "x"}]},
             ["steps.1.on_failure: Invalid input"]),
        ):  # fmt: skip
            with self.subTest(body=body):
                assert self.post(PATH, body).body == {"error": "Validation failed", "details": details}
        for id in (999_999, foreign.pk, 2**53 - 1):
            answer = self.post(PATH, {"name": "x", "steps": [*one, {"template_id": id}]})
            assert (answer.status, answer.body) == (400, {"error": "One or more template IDs not found"})

    def test_a_pipeline_is_changed_or_used(self):
        id = self.create()["id"]
        changed = self.put(PATH, {"id": id, "name": "Ship", "steps": self.steps("stop", "continue", "stop")}).body
        assert (changed["pipeline"]["name"], len(changed["pipeline"]["steps"])) == ("Ship", 3)
        used = self.put(PATH, {"id": id}).body["pipeline"]
        assert (used["use_count"], used["last_used_at"], used["name"]) == (1, used["updated_at"], "Ship")

    def test_removing_takes_the_runs_along(self):
        id = self.create()["id"]
        self.post(RUN, {"action": "start", "pipeline_id": id})
        for wanted in (id, id, 999_999, "x", 1e30):
            assert self.delete(PATH, {"id": wanted}, as_=self.bob).body == {"success": True}
        assert self.get(PATH).body == {"pipelines": []}
        assert self.get(RUN).body == {"runs": []}

    def test_without_a_usable_id(self):
        for method, body, status, error in (
            ("PUT", b"", 400, "Invalid request body"),
            ("PUT", {"name": "x"}, 400, "Pipeline ID required"),
            ("PUT", {"id": 999_999}, 404, "Pipeline not found"),
            ("DELETE", b"", 400, "Request body required"),
            ("DELETE", {"id": ""}, 400, "Pipeline ID required"),
        ):
            with self.subTest(method=method, body=body):
                answer = self.call(method, PATH, body, as_=self.bob)
                assert (answer.status, answer.body) == (status, {"error": error})

    def test_another_workspace_sees_and_touches_nothing(self):
        id = self.create()["id"]
        run = self.post(RUN, {"action": "start", "pipeline_id": id}).body["run"]["id"]
        other = {"as_": self.charlie}
        assert self.get(PATH, **other).body == {"pipelines": []}
        assert self.put(PATH, {"id": id, "name": "x"}, **other).status == 404
        assert self.delete(PATH, {"id": id}, **other).body == {"success": True}
        assert self.post(RUN, {"action": "start", "pipeline_id": id}, **other).status == 404
        for action in ("advance", "cancel"):
            assert self.post(RUN, {"action": action, "run_id": run}, **other).status == 404
        assert self.get(RUN, **other).body == {"runs": []}
        assert self.get(f"{RUN}?id={run}", **other).status == 404
        assert self.get(PATH).body["pipelines"][0]["name"] == "Release"

    def test_the_number_of_queries_does_not_grow(self):
        for _ in range(2):
            for _ in range(3):
                self.post(RUN, {"action": "start", "pipeline_id": self.create()["id"]})
            self.get(PATH)
            with self.assertNumQueries(3):
                self.get(PATH)
            with self.assertNumQueries(1):
                self.get(RUN)


class PipelineRunTests(PipelinesTestCase):
    def start(self, *failures):
        return self.post(RUN, {"action": "start", "pipeline_id": self.create(*failures)["id"]})

    def advance(self, run, **sent):
        return self.post(RUN, {"action": "advance", "run_id": run["id"], **sent})

    def test_a_run_starts_with_its_first_step(self):
        pipeline = self.create()
        since = mark()
        answer = self.post(RUN, {"action": "start", "pipeline_id": pipeline["id"]})
        assert answer.status == 201
        run = answer.body["run"]
        first, second = run.pop("steps_snapshot")
        assert run == {
            "id": PipelineRun.objects.get().pk,
            "pipeline_id": pipeline["id"],
            "status": "running",
            "current_step": 0,
            "spawn": {"success": False, "error": NO_GATEWAY},
        }
        assert first == {
            "step_index": 0,
            "template_id": self.templates[0].pk,
            "template_name": "one",
            "on_failure": "stop",
            "status": "running",
            "spawn_id": None,
            "started_at": first["started_at"],
            "completed_at": None,
            "error": NO_GATEWAY,
        }
        assert first["started_at"]
        assert (second["status"], second["started_at"], second["error"]) == ("pending", None, None)
        told, again = (frame["data"] for frame in frames(since))
        assert (told["type"], told["data"]) == ("pipeline_started", {"run_id": run["id"]})
        assert again == {
            "type": "pipeline_started",
            "entity_type": "pipeline",
            "entity_id": pipeline["id"],
            "description": told["description"],
            "data": {"run_id": run["id"]},
            "workspace_id": 1,
        }
        assert [frame["type"] for frame in frames(since)] == ["activity.created"] * 2
        (listed,) = self.get(PATH).body["pipelines"]
        assert (listed["use_count"], bool(listed["last_used_at"])) == (1, True)
        assert listed["runs"] == {
            "total": 1, "completed": 0, "failed": 0, "running": 1, "pipeline_id": pipeline["id"],
        }  # fmt: skip

    def test_a_run_is_shown(self):
        run = self.start().body["run"]
        shown = self.get(f"{RUN}?id={run['id']}", as_=self.vera).body["run"]
        assert shown == {
            "id": run["id"],
            "pipeline_id": run["pipeline_id"],
            "status": "running",
            "current_step": 0,
            "steps_snapshot": run["steps_snapshot"],
            "started_at": shown["created_at"],
            "completed_at": None,
            "triggered_by": shown["triggered_by"],
            "created_at": shown["created_at"],
            "workspace_id": 1,
        }
        assert self.get(RUN).body == {"runs": [{**shown, "pipeline_name": "Release"}]}
        for query, n in (
            (f"pipeline_id={run['pipeline_id']}", 1), ("pipeline_id=999999", 0), ("pipeline_id=x", 0), ("limit=0", 0),
            ("limit=x", 1), (f"pipeline_id={2**80}", 0),
        ):  # fmt: skip
            assert len(self.get(f"{RUN}?{query}").body["runs"]) == n
        for id in ("999999", "x", str(2**80), "-1"):
            answer = self.get(f"{RUN}?id={id}")
            assert (answer.status, answer.body) == (404, {"error": "Run not found"})

    def test_the_newest_run_comes_first(self):
        ids = [self.start().body["run"]["id"] for _ in range(3)]
        assert [run["id"] for run in self.get(f"{RUN}?limit=2").body["runs"]] == ids[:0:-1]

    def test_step_by_step_to_the_end(self):
        run = self.start("stop", "stop").body["run"]
        since = mark()
        answer = self.advance(run)
        assert answer.status == 200
        moved = answer.body["run"]
        assert moved.keys() == {"id", "status", "current_step", "steps_snapshot", "spawn"}
        assert (moved["status"], moved["current_step"], moved["spawn"]["success"]) == ("running", 1, False)
        first, second = moved["steps_snapshot"]
        assert (first["status"], bool(first["completed_at"])) == ("completed", True)
        assert (second["status"], bool(second["started_at"])) == ("running", True)
        assert frames(since) == []
        ended = self.advance(run, success=True).body["run"]
        assert ended.keys() == {"id", "status", "steps_snapshot"}
        assert (ended["status"], [step["status"] for step in ended["steps_snapshot"]]) == (
            "completed", ["completed"] * 2,
        )  # fmt: skip
        (frame,) = frames(since)
        assert frame["data"].keys() == {"type", "entity_type", "entity_id", "description", "workspace_id"}
        assert (frame["type"], frame["data"]["type"]) == ("activity.created", "pipeline_completed")
        assert not Event.objects.filter(kind="activity.created", type="pipeline_completed").exists()
        shown = self.get(f"{RUN}?id={run['id']}").body["run"]
        assert (shown["status"], bool(shown["completed_at"])) == ("completed", True)
        answer = self.advance(run)
        assert (answer.status, answer.body) == (400, {"error": "Run is completed, not running"})

    def test_a_failure_stops_the_run(self):
        run = self.start("stop", "stop", "stop").body["run"]
        since = mark()
        failed = self.advance(run, success=False, error="no disk").body["run"]
        assert (failed["status"], failed.keys()) == ("failed", {"id", "status", "steps_snapshot"})
        first, *rest = failed["steps_snapshot"]
        assert (first["status"], first["error"], bool(first["completed_at"])) == ("failed", "no disk", True)
        assert [(step["status"], step["completed_at"]) for step in rest] == [("skipped", None)] * 2
        assert frames(since) == []

    def test_a_failure_may_be_passed_over(self):
        run = self.start("continue", "continue").body["run"]
        moved = self.advance(run, success=False).body["run"]
        assert (moved["status"], moved["steps_snapshot"][0]["status"]) == ("running", "failed")
        ended = self.advance(run, success=False).body["run"]
        assert (ended["status"], ended["steps_snapshot"][1]["status"]) == ("completed", "failed")

    def test_a_run_is_cancelled(self):
        run = self.start("stop", "stop", "stop").body["run"]
        self.advance(run)
        answer = self.post(RUN, {"action": "cancel", "run_id": run["id"]})
        cancelled = answer.body["run"]
        assert (answer.status, cancelled.keys()) == (200, {"id", "status", "steps_snapshot"})
        assert [(step["status"], bool(step["completed_at"])) for step in cancelled["steps_snapshot"]] == [
            ("completed", True), ("skipped", True), ("skipped", True),
        ]  # fmt: skip
        answer = self.post(RUN, {"action": "cancel", "run_id": run["id"]})
        assert (answer.status, answer.body) == (400, {"error": "Run is cancelled, cannot cancel"})

    def test_a_step_whose_template_is_gone_is_not_sent(self):
        pipeline = self.create()
        delete_template(template=self.templates[0], actor=actor_of(self.alice), now=timezone.now())
        run = self.post(RUN, {"action": "start", "pipeline_id": pipeline["id"]}).body["run"]
        assert run["spawn"] is None
        assert (run["steps_snapshot"][0]["template_name"], run["steps_snapshot"][0]["error"]) == ("Unknown", None)

    def test_a_pipeline_without_steps_does_not_start(self):
        id = self.create()["id"]
        self.put(PATH, {"id": id, "steps": []})
        answer = self.post(RUN, {"action": "start", "pipeline_id": id})
        assert (answer.status, answer.body) == (400, {"error": "Pipeline has no steps"})

    def test_what_cannot_be_done(self):
        unknown = "Invalid action. Use: start, advance, cancel"
        for body, status, error in (
            (b"", 400, "Invalid request body"),
            ({}, 400, unknown),
            ({"action": "jump"}, 400, unknown),
            ({"action": ["start"]}, 400, unknown),
            ({"action": "start"}, 404, "Pipeline not found"),
            ({"action": "start", "pipeline_id": 1e30}, 404, "Pipeline not found"),
            ({"action": "advance"}, 400, "run_id required"),
            ({"action": "cancel"}, 400, "run_id required"),
            ({"action": "advance", "run_id": 999_999}, 404, "Run not found"),
            ({"action": "cancel", "run_id": "x"}, 404, "Run not found"),
        ):
            with self.subTest(body=body):
                answer = self.post(RUN, body)
                assert (answer.status, answer.body) == (status, {"error": error})

    def test_strict_workspaces_send_no_steps(self):
        run = self.start().body["run"]
        Workspace.objects.filter(pk=self.home.pk).update(isolation=Workspace.Isolation.STRICT)
        for body in (
            {"action": "start", "pipeline_id": run["pipeline_id"]},
            {"action": "advance", "run_id": run["id"]},
        ):
            assert self.post(RUN, body).status == 403
        assert self.get(RUN).status == 200
        assert self.post(RUN, {"action": "cancel", "run_id": run["id"]}).status == 200
