from __future__ import annotations

from agents.models import Agent
from tasks.models import Task
from tests.api.legacy.wire import frames, mark, names
from tests.base import LegacyApiTestCase, actor_of
from tests.factories import make_agent, make_task

PATH = "/api/agents"
KEYS = [
    "id", "name", "role", "session_key", "soul_content", "status", "last_seen", "last_activity", "created_at",
    "updated_at", "config", "workspace_id", "source", "content_hash", "workspace_path", "hidden", "working_memory",
    "runtime_type", "claude_base_session_id", "claude_base_session_created_at",
]  # fmt: skip
NO_TASKS = {"total": 0, "assigned": 0, "in_progress": 0, "quality_review": 0, "done": 0, "completed": 0}


class AgentListTests(LegacyApiTestCase):
    def test_agents_are_listed_newest_first_with_their_task_counts(self):
        make_agent("first"), make_agent("second")
        make_task(assigned_to="first")
        make_task(assigned_to="first", status=Task.Status.DONE)
        answer = self.get(PATH, as_=self.vera).body
        assert list(answer) == ["agents", "total", "page", "limit"]
        assert (answer["total"], answer["page"], answer["limit"]) == (2, 1, 50)
        second, first = answer["agents"]
        assert list(first) == [*KEYS, "taskStats"]
        assert first["name"] == "first"
        assert first["taskStats"] == {**NO_TASKS, "total": 2, "assigned": 1, "done": 1, "completed": 1}
        assert second["taskStats"] == NO_TASKS

    def test_types_are_the_contracts(self):
        make_agent(config={"openclawId": "jordan", "none": None})
        row = self.get(PATH).body["agents"][0]
        assert row["config"] == {"openclawId": "jordan", "none": None}
        assert (row["hidden"], row["working_memory"], row["source"]) == (0, "", "manual")
        assert (row["last_seen"], row["session_key"], row["runtime_type"]) == (None, None, None)
        assert 1_700_000_000 < row["created_at"] < 10_000_000_000

    def test_status_and_role_filter(self):
        make_agent("a", role="coder", status="idle"), make_agent("b", role="tester")
        for query, found in (
            ("status=idle", ["a"]),
            ("role=tester", ["b"]),
            ("status=what", []),
            ("status=", ["b", "a"]),
        ):
            with self.subTest(query=query):
                answer = self.get(f"{PATH}?{query}").body
                assert [agent["name"] for agent in answer["agents"]] == found
                assert answer["total"] == len(found)

    def test_hidden_agents_show_on_request_only(self):
        make_agent("ghost", hidden=True)
        assert self.get(PATH).body["total"] == 0
        assert self.get(f"{PATH}?show_hidden=true").body["agents"][0]["hidden"] == 1

    def test_pages(self):
        for n in range(3):
            make_agent(f"agent-{n}")
        for query, shown, page, limit in (
            ("limit=2", 2, 1, 2),
            ("limit=2&offset=2", 1, 2, 2),
            ("limit=0", 0, None, 0),
            ("limit=-1", 0, None, 0),
            ("limit=9999", 3, 1, 200),
            ("limit=junk&offset=junk", 3, 1, 50),
            ("limit=1.5", 1, 1, 1),
            ("limit=1&limit=2", 1, 1, 1),
            ("offset=-5", 3, 1, 50),
            ("offset=99999999999999999999999999", 0, 2**53 // 50 + 1, 50),
        ):
            with self.subTest(query=query):
                answer = self.get(f"{PATH}?{query}").body
                assert (len(answer["agents"]), answer["page"], answer["limit"]) == (shown, page, limit)
                assert answer["total"] == 3

    def test_an_outsider_sees_none(self):
        make_agent()
        assert self.get(PATH, as_=self.charlie).body["agents"] == []

    def test_a_longer_list_takes_no_more_queries(self):
        for n in range(6):
            make_agent(f"agent-{n}")
            make_task(assigned_to=f"agent-{n}")
            if n in (0, 5):
                self.get(PATH)
                with self.assertNumQueries(3):
                    self.get(PATH)


class CreateAgentTests(LegacyApiTestCase):
    def test_an_agent_is_added(self):
        answer = self.post(
            PATH,
            {
                "name": "nova",
                "role": "coder",
                "session_key": "s-1",
                "soul_content": "be kind",
                "status": "idle",
                "config": {"a": 1, "none": None},
                "gateway_config": {"b": 2},
                "openclaw_id": "nova-1",
                "runtime_type": "claude",
            },
        )
        assert answer.status == 201
        agent = answer.body["agent"]
        assert list(agent) == [*KEYS, "taskStats"]
        assert agent["taskStats"] == NO_TASKS
        assert agent["config"] == {"a": 1, "none": None, "b": 2, "openclawId": "nova-1"}
        assert [agent[key] for key in ("session_key", "soul_content", "status", "runtime_type")] == [
            "s-1", "be kind", "idle", "claude",
        ]  # fmt: skip

    def test_it_is_told(self):
        before = mark()
        agent = self.post(PATH, {"name": "nova", "role": "coder"}).body["agent"]
        assert names(before) == ["A:agent_created", "agent.created"]
        story, created = (frame["data"] for frame in frames(before))
        assert (story["actor"], story["description"]) == ("api", "Created agent: nova (coder)")
        assert story["data"] == {"name": "nova", "role": "coder", "status": "offline", "template": None}
        assert created == agent

    def test_a_template_fills_the_role(self):
        assert self.post(PATH, {"name": "nova", "template": "reviewer"}).body["agent"]["role"] == "reviewer"

    def test_an_unknown_template_is_ignored(self):
        answer = self.post(PATH, {"name": "nova", "template": "wizard"})
        assert (answer.status, answer.body) == (400, {"error": "Name and role are required"})

    def test_what_needs_a_gateway_is_said_to_be_left_out(self):
        answer = self.post(PATH, {"name": "nova", "role": "coder", "write_to_gateway": True})
        assert (answer.status, list(answer.body)) == (201, ["agent", "warning"])
        answer = self.post(PATH, {"name": "vega", "role": "coder", "provision_openclaw_workspace": True})
        assert (answer.status, list(answer.body)) == (502, ["error"])
        assert not Agent.objects.filter(name="vega").exists()

    def test_a_name_is_taken_once_per_workspace(self):
        make_agent("nova")
        answer = self.post(PATH, {"name": "nova", "role": "coder"})
        assert (answer.status, answer.body) == (409, {"error": "Agent name already exists"})
        assert self.post(PATH, {"name": "nova", "role": "coder"}, as_=self.charlie).status == 201

    def test_a_session_key_is_taken_once(self):
        make_agent("other", session_key="s-1")
        assert self.post(PATH, {"name": "nova", "role": "coder", "session_key": "s-1"}).status == 409

    def test_an_empty_session_key_is_none(self):
        for name in ("a", "b"):
            agent = self.post(PATH, {"name": name, "role": "coder", "session_key": ""}).body["agent"]
            assert agent["session_key"] is None

    def test_odd_configurations_are_kept_as_they_are(self):
        for n, config in enumerate(
            ({"openclawId": 5}, {"openclawId": ["x"]}, {"openclawId": None}, {"openclawId": "…"})
        ):
            with self.subTest(config=config):
                answer = self.post(PATH, {"name": f"nova-{n}", "role": "coder", "config": config})
                assert (answer.status, answer.body["agent"]["config"]) == (201, config)

    def test_broken_rules_are_listed_in_the_order_of_the_fields(self):
        fine = {"name": "nova", "role": "coder"}
        for body, details in (
            ({}, ["name: Invalid input"]),
            ({"name": "", "role": ""}, ["name: Name is required", "role: Role is required"]),
            ({**fine, "openclaw_id": "Not Kebab"}, ["openclaw_id: openclaw_id must be kebab-case"]),
            (
                {**fine, "status": "active", "runtime_type": "x"},
                ["status: Invalid input", "runtime_type: Invalid input"],
            ),
            ({**fine, "status": []}, ["status: Invalid input"]),
            (
                {**fine, "config": 1, "gateway_config": "x", "write_to_gateway": "true"},
                ["config: Invalid input", "gateway_config: Invalid input", "write_to_gateway: Invalid input"],
            ),
            ({**fine, "soul_content": "x" * 50_001}, ["soul_content: Invalid input"]),
            ({**fine, "openclaw_workspace_path": ""}, ["openclaw_workspace_path: Invalid input"]),
        ):
            with self.subTest(body=str(body)[:80]):
                answer = self.post(PATH, body)
                assert answer.status == 400
                assert answer.body == {"error": "Validation failed", "details": details}


class UpdateAgentByNameTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        self.agent = make_agent("nova", config={"a": 1})

    def test_the_given_fields_are_set(self):
        answer = self.put(
            PATH, {"name": "nova", "config": {"b": 2}, "role": "tester", "session_key": "s", "runtime_type": "codex"}
        )
        assert (answer.status, answer.body) == (200, {"success": True})
        agent = Agent.objects.get(pk=self.agent.pk)
        assert (agent.config, agent.role, agent.session_key, agent.runtime_type) == ({"b": 2}, "tester", "s", "codex")
        assert agent.last_seen is None

    def test_a_status_is_a_sign_of_life_and_told_when_it_changed(self):
        before = mark()
        self.put(PATH, {"name": "nova", "status": "busy", "last_activity": "building"})
        assert Agent.objects.get(pk=self.agent.pk).last_seen is not None
        assert names(before) == ["A:agent_status_change", "agent.updated"]
        story, updated = (frame["data"] for frame in frames(before))
        assert (story["actor"], story["description"]) == ("nova", "Agent status changed to busy")
        assert story["data"] == {"oldStatus": "offline", "newStatus": "busy", "last_activity": "building"}
        assert updated.pop("updated_at")
        assert updated == {
            "id": self.agent.pk, "name": "nova", "status": "busy", "last_activity": "building", "workspace_id": 1,
        }  # fmt: skip

    def test_the_same_status_tells_no_story(self):
        before = mark()
        self.put(PATH, {"name": "nova", "status": "offline"})
        assert names(before) == ["agent.updated"]

    def test_any_word_is_a_status(self):
        assert self.put(PATH, {"name": "nova", "status": "active"}).status == 200

    def test_null_and_empty_clear_the_runtime(self):
        for nothing in (None, ""):
            Agent.objects.update(runtime_type="codex")
            assert self.put(PATH, {"name": "nova", "runtime_type": nothing}).status == 200
            assert Agent.objects.get(pk=self.agent.pk).runtime_type is None

    def test_a_taken_session_key_is_a_conflict(self):
        make_agent("other", session_key="s")
        assert self.put(PATH, {"name": "nova", "session_key": "s"}).status == 409

    def test_its_own_session_key_is_none(self):
        Agent.objects.filter(pk=self.agent.pk).update(session_key="s")
        assert self.put(PATH, {"name": "nova", "session_key": "s"}).status == 200

    def test_unknown_and_foreign_agents_are_not_found(self):
        make_agent("theirs", actor=actor_of(self.charlie))
        for name in ("nobody", "theirs", "Nova"):
            answer = self.put(PATH, {"name": name, "status": "idle"})
            assert (answer.status, answer.body) == (404, {"error": "Agent not found"})

    def test_bad_input_is_told_apart(self):
        for body, error in (
            (b"{", "Invalid request body"),
            ({}, "Agent name is required"),
            ({"name": 5, "status": "idle"}, "Agent name is required"),
            ({"name": "nova"}, "No fields to update"),
            ({"name": "nova", "unknown": 1}, "No fields to update"),
            ({"name": "nova", "runtime_type": "x"}, "Invalid runtime_type"),
            ({"name": "nova", "runtime_type": ["x"]}, "Invalid runtime_type"),
            ({"name": "nova", "status": 5}, "Validation failed"),
            ({"name": "nova", "config": "x"}, "Validation failed"),
        ):
            with self.subTest(body=body):
                answer = self.put(PATH, body)
                assert (answer.status, answer.body["error"]) == (400, error)


class OneAgentTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        self.agent = make_agent("nova", config={"a": 1, "b": 1})

    def test_it_is_found_by_number_or_exact_name(self):
        for key in (self.agent.pk, f"0{self.agent.pk}", "nova"):
            answer = self.get(f"{PATH}/{key}", as_=self.vera)
            assert list(answer.body["agent"]) == KEYS
            assert answer.body["agent"]["id"] == self.agent.pk

    def test_a_name_may_have_slashes(self):
        agent = make_agent("team/bot 1")
        path = "/api/agents/team%2Fbot%201"
        assert self.get(path).body["agent"]["id"] == agent.pk
        assert self.post(f"{path}/heartbeat").body["agent"] == "team/bot 1"
        assert self.get(f"{path}/memory").body["agent"]["name"] == "team/bot 1"
        assert self.get("/api/agents/team%2Fnobody").body == {"error": "Agent not found"}
        assert self.get(f"{path}/").status == 308
        assert self.delete(path).body["deleted"] == "team/bot 1"

    def test_what_is_not_there_is_not_found(self):
        theirs = make_agent("theirs", actor=actor_of(self.charlie))
        for key in ("Nova", "0", "-1", "theirs", theirs.pk, "9" * 30, "9" * 3000, "%00", "nova%20"):
            for method in ("GET", "PUT", "DELETE"):
                with self.subTest(key=key, method=method):
                    answer = self.call(method, f"{PATH}/{key}", {}, as_=self.alice)
                    assert (answer.status, answer.body) == (404, {"error": "Agent not found"})

    def test_configuration_is_merged_and_the_role_set(self):
        before = mark()
        answer = self.put(f"{PATH}/nova", {"role": "tester", "gateway_config": {"b": 2, "c": 3}, "name": "ignored"})
        assert answer.status == 200
        assert list(answer.body) == ["success", "agent"]
        assert list(answer.body["agent"]) == KEYS
        assert (answer.body["agent"]["config"], answer.body["agent"]["role"]) == ({"a": 1, "b": 2, "c": 3}, "tester")
        assert names(before) == ["A:agent_config_updated", "agent.updated"]
        story, updated = (frame["data"] for frame in frames(before))
        assert story["data"] == {"fields": ["b", "c"], "write_to_gateway": False}
        assert updated.keys() == {"id", "name", "config", "updated_at", "workspace_id"}

    def test_an_empty_object_changes_nothing_and_is_fine(self):
        answer = self.put(f"{PATH}/{self.agent.pk}", {})
        assert (answer.status, answer.body["agent"]["role"]) == (200, "coder")

    def test_bad_configuration_is_refused(self):
        for body in ({"role": 5}, {"gateway_config": []}, {"role": "x" * 101}, [], b"x"):
            with self.subTest(body=body):
                assert self.put(f"{PATH}/nova", body).status == 400

    def test_an_agent_is_removed_with_its_connections(self):
        self.post("/api/connect", {"tool_name": "t", "agent_name": "nova"})
        before = mark()
        answer = self.delete(f"{PATH}/nova")
        assert (answer.status, answer.body) == (
            200,
            {"success": True, "deleted": "nova", "remove_workspace": False},
        )
        assert names(before) == ["A:agent_deleted", "agent.deleted"]
        assert frames(before)[1]["data"] == {"id": self.agent.pk, "name": "nova", "workspace_id": 1}
        assert self.get("/api/connect").body == {"connections": []}
        assert self.delete(f"{PATH}/nova").status == 404

    def test_the_body_of_a_removal_may_be_anything(self):
        assert self.delete(f"{PATH}/nova", b"{").status == 200

    def test_removing_the_workspace_is_echoed_and_none_was_there(self):
        body = self.delete(f"{PATH}/nova", {"remove_workspace": True}).body
        assert list(body) == ["success", "deleted", "remove_workspace", "warning"]
        assert body["remove_workspace"] is True

    def test_writing_to_a_gateway_fails_and_changes_nothing(self):
        before = mark()
        answer = self.put(f"{PATH}/nova", {"role": "tester", "write_to_gateway": True})
        assert answer.status == 502
        assert answer.body["error"].startswith("Save failed: unable to update gateway config: ")
        assert names(before) == []
        assert self.put(f"{PATH}/nova", {"role": "tester", "write_to_gateway": False}).status == 200

    def test_the_removed_agents_keys_are_dead(self):
        from accounts.services import issue_key
        from core.actors import Role, system

        key = issue_key(
            actor=system(1), name="k", role=Role.VIEWER, workspace=self.home, agent=(self.agent.pk, "nova")
        )[1]
        assert self.get("/api/tasks", as_=key).status == 200
        self.delete(f"{PATH}/nova")
        assert self.get("/api/tasks", as_=key).status == 401
