from __future__ import annotations

from projects.models import Membership, Project
from projects.services import create_project
from tasks.models import Tally, Task
from tests.api.legacy.test_projects import KEYS, PATH
from tests.api.legacy.test_task_list import KEYS as TASK_KEYS
from tests.api.legacy.wire import mark, names
from tests.base import LegacyApiTestCase, actor_of
from tests.factories import make_agent, make_task

NOT_FOUND = (404, {"error": "Project not found"})


class ProjectTestCase(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        self.general_task = make_task()
        self.general = self.general_task.project
        self.web = create_project(actor=actor_of(self.bob), name="Web", prefix="WEB")
        self.path = f"{PATH}/{self.web.pk}"

    def patch(self, body, path=None, **options):
        answer = self.call("PATCH", path or self.path, body, **{"as_": self.bob, **options})
        return answer.status, answer.body

    def refused(self, body, *details):
        return self.patch(body) == (400, {"error": "Validation failed", "details": list(details)})


class OneProjectTests(ProjectTestCase):
    def test_it_is_shown_with_its_tasks_and_members(self):
        make_task(project_id=self.web.pk)
        self.post(f"{self.path}/agents", {"agent_name": "nova"})
        project = self.get(self.path, as_=self.vera).body["project"]
        assert list(project) == [*KEYS, "task_count", "assigned_agents"]
        assert (project["task_count"], project["assigned_agents"], project["ticket_counter"]) == (1, ["nova"], 1)

    def test_what_is_no_number_is_bad_input(self):
        for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/tasks"), ("GET", "/agents")):
            answer = self.call(method, f"{PATH}/abc{path}", as_=self.alice)
            assert (answer.status, answer.body) == (400, {"error": "Invalid project ID"})
        assert self.patch({"name": "x"}, f"{PATH}/abc") == (400, {"error": "Invalid project ID"})

    def test_what_is_not_there_or_anothers_is_not_found(self):
        theirs = create_project(actor=actor_of(self.charlie), name="Theirs", prefix="THEIRS")
        body = {"name": "x", "agent_name": "nova"}
        for id in (0, -1, 987_654, 2**63, 10**40, theirs.pk):
            for method, path in (
                ("GET", ""), ("DELETE", ""), ("DELETE", "?mode=delete"), ("GET", "/tasks"), ("GET", "/agents"),
                ("POST", "/agents"), ("DELETE", "/agents?agent_name=nova"),
            ):  # fmt: skip
                with self.subTest(id=id, method=method, path=path):
                    answer = self.call(method, f"{PATH}/{id}{path}", body, as_=self.alice)
                    assert (answer.status, answer.body) == NOT_FOUND
            assert self.patch({"name": "x"}, f"{PATH}/{id}") == NOT_FOUND
        assert Project.objects.filter(pk=theirs.pk, status="active").exists()


class ChangeProjectTests(ProjectTestCase):
    def test_every_field_can_be_changed(self):
        fields = {
            "name": "Shop",
            "description": "d",
            "ticket_prefix": "shop-1",
            "status": "archived",
            "github_repo": "o/r",
            "deadline": 1_800_000_000,
            "color": "#fff",
            "github_sync_enabled": True,
            "github_labels_initialized": 1,
            "github_default_branch": "trunk",
        }
        before = mark()
        status, body = self.patch(fields)
        project = body["project"]
        assert (status, list(project)) == (200, [*KEYS, "assigned_agents"])
        assert {key: project[key] for key in fields} == {
            **fields, "ticket_prefix": "SHOP1", "github_sync_enabled": 1, "github_labels_initialized": 1,
        }  # fmt: skip
        assert (project["slug"], project["assigned_agents"], names(before)) == ("web", [], [])
        nulls = dict.fromkeys(("description", "github_repo", "deadline", "color"))
        project = self.patch({**nulls, "github_sync_enabled": 0, "status": "active"})[1]["project"]
        assert {key: project[key] for key in nulls} == nulls
        assert (project["github_sync_enabled"], project["status"], project["name"]) == (0, "active", "Shop")

    def test_tickets_show_the_new_prefix(self):
        task = make_task(project_id=self.web.pk)
        self.patch({"ticketPrefix": "shop"})
        assert self.get(f"/api/tasks/{task.pk}").body["task"]["ticket_ref"] == "SHOP-001"

    def test_broken_rules_are_listed(self):
        for body, *details in (
            ({}, ": At least one field is required"),
            ({"nmae": "x"}, ": Invalid input"),
            ({"name": "x", "slug": "y"}, ": Invalid input"),
            ({"ticket_prefix": "A", "ticketPrefix": "A"}, ": Use only one ticket prefix field"),
            ({"name": ""}, "name: Project name cannot be empty"),
            ({"name": "x" * 201}, "name: Invalid input"),
            ({"name": None, "description": 5}, "name: Invalid input", "description: Invalid input"),
            ({"description": "x" * 5001}, "description: Invalid input"),
            ({"status": "done"}, "status: Invalid input"),
            ({"github_repo": "x" * 201}, "github_repo: Invalid input"),
            ({"color": "x" * 33, "deadline": "soon"}, "deadline: Invalid input", "color: Invalid input"),
            ({"github_sync_enabled": 2}, "github_sync_enabled: Invalid input"),
            ({"github_labels_initialized": "1"}, "github_labels_initialized: Invalid input"),
            ({"github_default_branch": ""}, "github_default_branch: Invalid input"),
            ({"assigned_agents": "nova"}, "assigned_agents: Invalid input"),
            ({"assigned_agents": ["", 5]}, "assigned_agents.0: Agent name cannot be empty",
             "assigned_agents.1: Invalid input"),
            ({"assigned_agents": ["nova", "nova"]}, "assigned_agents: Agent assignments must be unique"),
            ({"assigned_agents": [f"a{n}" for n in range(101)]},
             "assigned_agents: A project can have at most 100 assigned agents"),
        ):  # fmt: skip
            with self.subTest(body=str(body)[:80]):
                assert self.refused(body, *details)
        assert self.patch(b"{") == (400, {"error": "Invalid request body"})
        assert self.patch({"ticket_prefix": "--"}) == (400, {"error": "Invalid ticket prefix"})

    def test_a_prefix_is_taken_once_per_workspace(self):
        assert self.patch({"ticket_prefix": "task"}) == (409, {"error": "Ticket prefix already in use"})
        assert self.patch({"ticket_prefix": "web", "name": "same"})[0] == 200

    def test_the_default_project_stays_active(self):
        path = f"{PATH}/{self.general.pk}"
        error = (400, {"error": "Default project cannot be archived"})
        assert self.patch({"status": "archived", "name": "x"}, path) == error
        assert self.get(path).body["project"]["name"] == "General"
        assert self.patch({"name": "Anything"}, path)[0] == 200

    def test_members_are_replaced_and_who_stays_keeps_the_role(self):
        for name in ("nova", "vega", "lyra"):
            make_agent(name)
        Membership.objects.create(project=self.web, agent_name="nova", role="lead")
        Membership.objects.create(project=self.web, agent_name="gone")
        status, body = self.patch({"assigned_agents": ["vega", "nova"], "name": "Shop"})
        assert (status, body["project"]["assigned_agents"], body["project"]["name"]) == (200, ["nova", "vega"], "Shop")
        rows = self.get(f"{self.path}/agents").body["assignments"]
        assert [(row["agent_name"], row["role"]) for row in rows] == [("nova", "lead"), ("vega", "member")]
        assert self.patch({"assigned_agents": []})[1]["project"]["assigned_agents"] == []

    def test_unknown_agents_are_named_and_nothing_is_written(self):
        make_agent("nova"), make_agent("theirs", actor=actor_of(self.charlie))
        answer = self.patch({"assigned_agents": ["ghost", "nova", "theirs"], "name": "new"})
        assert answer == (400, {"error": "Unknown project agents", "details": ["ghost", "theirs"]})
        project = self.get(self.path).body["project"]
        assert (project["name"], project["assigned_agents"]) == ("Web", [])

    def test_a_refused_prefix_leaves_the_members(self):
        make_agent("nova")
        assert self.patch({"assigned_agents": ["nova"], "ticket_prefix": "TASK"})[0] == 409
        assert self.get(self.path).body["project"]["assigned_agents"] == []


class RemoveProjectTests(ProjectTestCase):
    def test_it_is_archived_unless_asked_otherwise(self):
        task = make_task(project_id=self.web.pk)
        answer = self.delete(self.path)
        assert (answer.status, answer.body) == (200, {"success": True, "mode": "archive"})
        assert self.get(self.path).body["project"]["status"] == "archived"
        assert self.get(f"/api/tasks/{task.pk}").body["task"]["ticket_ref"] == "WEB-001"
        assert (
            self.post("/api/tasks", {"title": "x", "project_id": self.web.pk}).body["task"]["project_id"] != self.web.pk
        )
        assert self.delete(f"{self.path}?mode=anything").body["mode"] == "archive"

    def test_deleted_its_tasks_go_on_in_general_with_new_numbers(self):
        first, second = make_task(project_id=self.web.pk), make_task(project_id=self.web.pk, priority=1)
        Membership.objects.create(project=self.web, agent_name="nova")
        answer = self.delete(f"{self.path}?mode=delete")
        assert (answer.status, answer.body) == (200, {"success": True, "mode": "delete"})
        assert self.get(self.path).status == 404
        refs = [self.get(f"/api/tasks/{task.pk}").body["task"]["ticket_ref"] for task in (first, second)]
        assert refs == ["TASK-002", "TASK-003"]
        assert make_task().ticket_ref == "TASK-004"
        assert self.get(f"{PATH}/{self.general.pk}").body["project"]["task_count"] == 4
        assert self.get("/api/tasks?priority=critical").body["total"] == 1
        assert Tally.objects.total(workspace_id=1) == Task.objects.count()

    def test_the_default_project_cannot_be_deleted(self):
        for query in ("", "?mode=archive", "?mode=delete"):
            answer = self.delete(f"{PATH}/{self.general.pk}{query}")
            assert (answer.status, answer.body) == (400, {"error": "Default project cannot be deleted"})

    def test_without_a_default_project_one_is_made_for_its_tasks(self):
        actor = actor_of(self.charlie)
        only = create_project(actor=actor, name="Only", prefix="TASK")
        task = make_task(actor=actor)
        assert task.project_id == only.pk
        assert self.delete(f"{PATH}/{only.pk}?mode=delete", as_=self.charlie).status == 200
        task.refresh_from_db()
        assert (task.project.slug, task.number) == ("general", 1)

    def test_an_operator_may_not(self):
        assert self.delete(self.path, as_=self.bob).body == {"error": "Requires admin role or higher"}


class ProjectTasksTests(ProjectTestCase):
    def test_all_its_tasks_newest_first(self):
        for n in range(60):
            make_task(f"{n}", project_id=self.web.pk)
        self.get(self.path, as_=self.vera)
        with self.assertNumQueries(2):
            answer = self.get(f"{self.path}/tasks", as_=self.vera).body
        assert list(answer) == ["project", "tasks"]
        assert (answer["project"]["name"], len(answer["tasks"])) == ("Web", 60)
        assert [task["title"] for task in answer["tasks"][:2]] == ["59", "58"]
        assert list(answer["tasks"][0])[: len(TASK_KEYS)] == TASK_KEYS

    def test_who_speaks_as_an_agent_sees_its_own(self):
        make_task("mine", project_id=self.web.pk, assigned_to="nova"), make_task("free", project_id=self.web.pk)
        rows = self.get(f"{self.path}/tasks", x_agent_name="nova").body["tasks"]
        assert [row["title"] for row in rows] == ["mine"]


class ProjectAgentsTests(ProjectTestCase):
    def setUp(self):
        super().setUp()
        self.path = f"{self.path}/agents"

    def test_an_agent_is_given_a_place_once(self):
        for role in ("lead", "other"):
            answer = self.post(self.path, {"agent_name": "nobody yet", "role": role})
            assert (answer.status, answer.body) == (201, {"success": True})
        self.post(self.path, {"agent_name": "nova"})
        answer = self.get(self.path, as_=self.vera).body
        first, second = answer["assignments"]
        assert list(first) == ["id", "project_id", "agent_name", "role", "assigned_at"]
        assert (first["agent_name"], first["role"], second["role"]) == ("nobody yet", "lead", "member")

    def test_and_taken_out_again(self):
        self.post(self.path, {"agent_name": "nova"})
        for _ in range(2):
            answer = self.delete(f"{self.path}?agent_name=nova", as_=self.bob)
            assert (answer.status, answer.body) == (200, {"success": True})
        assert self.get(self.path).body == {"assignments": []}

    def test_a_name_is_required(self):
        for body in ({}, {"agent_name": ""}, {"agent_name": 5}, {"agent_name": None}):
            answer = self.post(self.path, body)
            assert (answer.status, answer.body) == (400, {"error": "agent_name is required"})
        assert self.post(self.path, {"agent_name": "x" * 101}).status == 400
        assert self.post(self.path, {"agent_name": "x", "role": 5}).status == 400
        assert self.post(self.path, b"").body == {"error": "Invalid request body"}
        answer = self.delete(self.path, {"agent_name": "nova"})
        assert (answer.status, answer.body) == (400, {"error": "agent_name query parameter is required"})
