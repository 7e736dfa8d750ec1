from __future__ import annotations

from projects.models import Membership, Project
from projects.services import create_project
from tests.api.legacy.wire import mark, names
from tests.base import LegacyApiTestCase, actor_of
from tests.factories import make_task

PATH = "/api/projects"
KEYS = [
    "id", "workspace_id", "name", "slug", "description", "ticket_prefix", "ticket_counter", "status", "github_repo",
    "deadline", "color", "github_sync_enabled", "github_labels_initialized", "github_default_branch", "created_at",
    "updated_at",
]  # fmt: skip


class ProjectTests(LegacyApiTestCase):
    def test_projects_are_listed_by_name_with_tasks_and_members(self):
        make_task(), make_task()
        web = create_project(actor=actor_of(self.bob), name="A first", prefix="WEB")
        Membership.objects.create(project=web, agent_name="nova")
        rows = self.get(PATH, as_=self.vera).body["projects"]
        assert [list(row) for row in rows] == [[*KEYS, "task_count", "assigned_agents"]] * 2
        assert [(row["name"], row["task_count"], row["assigned_agents"]) for row in rows] == [
            ("A first", 0, ["nova"]), ("General", 2, []),
        ]  # fmt: skip

    def test_archived_ones_show_on_request_only(self):
        web = create_project(actor=actor_of(self.bob), name="Web", prefix="WEB")
        Project.objects.filter(pk=web.pk).update(status="archived")
        assert self.get(PATH).body["projects"] == []
        assert len(self.get(f"{PATH}?includeArchived=1").body["projects"]) == 1

    def test_a_name_is_enough(self):
        before = mark()
        answer = self.post(PATH, {"name": " Web shop "})
        project = answer.body["project"]
        assert (answer.status, list(project)) == (201, KEYS)
        assert (project["name"], project["slug"], project["ticket_prefix"]) == ("Web shop", "web-shop", "WEBSH")
        assert names(before) == []

    def test_slug_prefix_and_color_may_be_given(self):
        project = self.post(PATH, {"name": "Web", "slug": "w", "ticketPrefix": "w1", "color": "#fff"}).body["project"]
        assert (project["slug"], project["ticket_prefix"], project["color"]) == ("w", "W1", "#fff")

    def test_slug_and_prefix_are_taken_once_per_workspace(self):
        self.post(PATH, {"name": "Web", "slug": "web", "ticket_prefix": "WEB"})
        for body in ({"slug": "web", "ticket_prefix": "X"}, {"slug": "x", "ticket_prefix": "WEB"}):
            answer = self.post(PATH, {"name": "Other", **body})
            assert (answer.status, answer.body) == (409, {"error": "Project slug or ticket prefix already exists"})
        assert self.post(PATH, {"name": "Web"}, as_=self.charlie).status == 201

    def test_bad_input_is_told_apart(self):
        for body, error in (
            (b"{", "Invalid request body"),
            ({}, "Project name is required"),
            ({"name": " "}, "Project name is required"),
            ({"name": 5}, "Project name is required"),
            ({"name": "Web", "slug": "…"}, "Invalid project slug"),
            ({"name": "Web", "slug": ["x"]}, "Invalid project slug"),
            ({"name": "Web", "ticket_prefix": "--"}, "Invalid ticket prefix"),
            ({"name": "Web", "ticket_prefix": 5}, "Invalid ticket prefix"),
            ({"name": "…"}, "Invalid project slug"),
            ({"name": "Web", "deadline": 10**18}, "Invalid deadline"),
        ):
            with self.subTest(body=body):
                answer = self.post(PATH, body)
                assert (answer.status, answer.body) == (400, {"error": error})

    def test_an_outsider_sees_none(self):
        create_project(actor=actor_of(self.bob), name="Web", prefix="WEB")
        assert self.get(PATH, as_=self.charlie).body == {"projects": []}

    def test_the_number_of_queries_does_not_grow_with_the_list(self):
        for n in range(1, 6):
            create_project(actor=actor_of(self.bob), name=f"Web {n}", prefix=f"WEB{n}")
            self.get(PATH)
            with self.assertNumQueries(3):
                self.get(PATH)
