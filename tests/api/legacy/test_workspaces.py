from __future__ import annotations

from datetime import timedelta

from accounts.models import ApiKey, Tenant, User, Workspace
from activity.models import Event
from agents.models import Agent
from chat.models import LONGEST_KEY
from chat.services import Words, say
from core.actors import Role, system
from projects.models import Project
from tasks.models import Tally, Task
from tests.base import LegacyApiTestCase
from tests.factories import make_agent, make_task
from tokens.models import Rollup, TokenUsage
from tokens.services import Report, book

PATH = "/api/workspaces"
KEYS = ["id", "slug", "name", "tenant_id", "brand", "isolation", "created_at", "updated_at"]


class WorkspaceTests(LegacyApiTestCase):
    def make(self, **body):
        answer = self.post(PATH, {"name": "Apollo", **body}, as_=self.alice)
        assert answer.status == 201, answer.body
        return answer.body["workspace"]

    def audited(self):
        return list(Event.objects.audit(1).values_list("type", flat=True))

    def test_the_list_shows_the_tenants_own_with_the_default_first(self):
        self.make()
        body = self.get(PATH, as_=self.vera).body
        assert list(body) == ["workspaces", "active_workspace_id", "tenant_id"]
        assert [row["slug"] for row in body["workspaces"]] == ["default", "apollo"]
        assert (list(body["workspaces"][0]), body["active_workspace_id"], body["tenant_id"]) == (KEYS, 1, 1)
        assert [row["slug"] for row in self.get(PATH, as_=self.charlie).body["workspaces"]] == ["elsewhere"]

    def test_a_new_workspace_gets_its_slug_from_its_name(self):
        made = self.make(name="Apollo & Co", brand="Moon", isolation="strict")
        assert (made["slug"], made["brand"], made["isolation"], made["tenant_id"]) == ("apollo-co", "Moon", "strict", 1)
        assert self.make(slug="Own One", brand=None)["slug"] == "own-one"
        assert self.audited() == ["workspace_created"] * 2
        assert self.heard()[-1] == "workspace.changed"

    def test_a_slug_is_taken_once(self):
        self.make()
        answer = self.post(PATH, {"name": "apollo"}, as_=self.alice)
        assert (answer.status, answer.body) == (409, {"error": "Workspace slug already exists"})
        # Slugs are unique over all tenants.
        assert self.post(PATH, {"name": "Elsewhere"}, as_=self.alice).status == 409

    def test_bad_bodies_are_told_apart(self):
        for body, error in (
            (b"{", {"error": "Invalid request body"}),
            ({"name": "***"}, {"error": "Invalid slug"}),
            ({}, {"error": "Validation failed", "details": ["name: Invalid input"]}),
            ({"name": ""}, {"error": "Validation failed", "details": ["name: Name is required"]}),
            ({"name": "x" * 201}, {"error": "Validation failed", "details": ["name: Invalid input"]}),
            ({"name": "x", "brand": ""}, {"error": "Validation failed", "details": ["brand: Brand cannot be empty"]}),
            ({"name": "x", "brand": 5}, {"error": "Validation failed", "details": ["brand: Invalid input"]}),
            ({"name": "x", "isolation": "no"}, {"error": "Validation failed", "details": ["isolation: Invalid input"]}),
        ):
            answer = self.post(PATH, body, as_=self.alice)
            assert (answer.status, answer.body) == (400, error)

    def test_one_shows_its_agents_number(self):
        make_agent()
        shown = self.get(f"{PATH}/1", as_=self.vera).body["workspace"]
        assert (list(shown), shown["agent_count"]) == ([*KEYS, "agent_count"], 1)

    def test_foreign_and_impossible_ids_are_not_found(self):
        for key in (self.elsewhere.pk, 999, "abc", "-1", "9" * 30, 2**63):
            for method, body in (("GET", None), ("PUT", {"name": "x"}), ("DELETE", None)):
                answer = self.call(method, f"{PATH}/{key}", body, as_=self.alice)
                assert (answer.status, answer.body) == (404, {"error": "Workspace not found"})

    def test_a_change_keeps_the_slug(self):
        id = self.make(brand="Moon")["id"]
        changed = self.put(f"{PATH}/{id}", {"name": "Artemis", "isolation": "strict"}, as_=self.alice).body["workspace"]
        assert (changed["name"], changed["slug"], changed["brand"]) == ("Artemis", "apollo", "Moon")
        assert changed["isolation"] == "strict"
        assert self.put(f"{PATH}/{id}", {"name": "A", "brand": None}, as_=self.alice).body["workspace"]["brand"] is None
        assert self.put(f"{PATH}/{id}", {"brand": "x"}, as_=self.alice).status == 400
        assert self.audited()[0] == "workspace_updated"

    def test_the_default_one_stays(self):
        answer = self.delete(f"{PATH}/1")
        assert (answer.status, answer.body) == (400, {"error": "Cannot delete the default workspace"})
        # A tenant's only workspace is its default one.
        assert self.delete(f"{PATH}/{self.elsewhere.pk}", as_=self.charlie).status == 400

    def test_a_new_workspace_takes_tasks_at_once(self):
        home = Workspace.objects.get(pk=self.make()["id"])
        pat = self._person("pat", "operator", home)
        self.keys[pat] = self.issue(home)
        task = self.post("/api/tasks", {"title": "First"}, as_=pat)
        assert (task.status, task.body["task"]["ticket_ref"]) == (201, "TASK-001")

    def issue(self, workspace, role=Role.OPERATOR, **options):
        from accounts.services import issue_key

        return issue_key(actor=system(workspace.pk), name="k", role=role, workspace=workspace, **options)[1]

    def test_a_callers_workspace_must_belong_to_its_tenant(self):
        Workspace.objects.filter(pk=1).update(tenant=Tenant.objects.create(slug="t", display_name="T"))
        answer = self.get(PATH, as_="test-admin-key")
        assert (answer.status, answer.body) == (403, {"error": "Workspace not accessible for tenant"})
        assert self.audited() == ["tenant_access_denied"]


class DissolvingTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        self.apollo = Workspace.objects.create(tenant_id=1, slug="apollo", name="Apollo")
        self.there = system(self.apollo.pk)

    def dissolve(self):
        answer = self.delete(f"{PATH}/{self.apollo.pk}")
        assert (answer.status, answer.body) == (200, {"success": True, "deleted": "Apollo", "agents_moved_to": 1})
        assert not Workspace.objects.filter(pk=self.apollo.pk).exists()

    def test_agents_users_projects_and_tasks_move_and_nothing_is_lost(self):
        make_task("Here", assigned_to="nova")
        mine = make_task("There", actor=self.there, assigned_to="nova")
        make_agent("nova")
        moved = make_agent("nova", actor=self.there)
        pat = self._person("pat", "operator", self.apollo)
        self.dissolve()
        moved.refresh_from_db()
        mine.refresh_from_db()
        assert (moved.workspace_id, moved.name, moved.slug, moved.handle) == (1, "nova-2", "nova-2", "nova-2")
        assert (mine.workspace_id, mine.assigned_to) == (1, "nova-2")
        assert User.objects.get(pk=pat.pk).workspace_id == 1
        assert set(Project.objects.values_list("slug", "ticket_prefix", "workspace_id")) == {
            ("general", "TASK", 1), ("general-2", "TASK2", 1),
        }  # fmt: skip
        assert self.get("/api/tasks").body["total"] == 2 == Task.objects.filter(workspace_id=1).count()
        assert Tally.objects.total(workspace_id=1) == 2
        assert self.get(f"/api/tasks/{mine.pk}").body["task"]["ticket_ref"] == "TASK2-001"
        assert Agent.objects.filter(workspace_id=1).count() == 2

    def test_what_was_said_in_both_is_counted_together(self):
        make_agent("nova"), make_agent("nova", actor=self.there)
        for actor, key in ((system(1), "plan"), (self.there, "plan"), (self.there, "x" * LONGEST_KEY)):
            say(actor=actor, now=self.now, words=Words("Hello", key, to="vega"))
            say(actor=actor, now=self.now, words=Words("Hello", key, to="nova"))
        self.dissolve()
        assert self.get("/api/chat/messages").body["total"] == 6
        totals = {name: self.get(f"/api/chat/messages?to_agent={name}").body["total"] for name in ("nova", "nova-2")}
        assert totals == {"nova": 1, "nova-2": 2}
        keys = {row["conversation_id"] for row in self.get("/api/chat/conversations").body["conversations"]}
        assert keys == {"plan", "plan-2", "x" * LONGEST_KEY}

    def test_what_was_spent_is_added_up(self):
        make_agent("nova"), make_agent("nova", actor=self.there)
        now = self.now
        book([Report(id, "gpt-4.1", "nova:cli", 10, 1) for id in (1, self.apollo.pk)], now=now)
        book([Report(self.apollo.pk, "gpt-4.1", "nova:cli", 5, 1)], now=now - timedelta(days=40))
        self.dissolve()
        sums = Rollup.objects.filter(workspace_id=1)
        total = sums.filter(dimension="total")
        assert sorted(total.values_list("input_tokens", "requests")) == [(5, 1), (20, 2)]
        by_agent = sums.filter(dimension="agent").values_list("key", "input_tokens")
        assert sorted(by_agent) == [("nova", 10), ("nova-2", 5), ("nova-2", 10)]
        assert TokenUsage.objects.filter(workspace_id=1).count() == 3
        assert not Rollup.objects.exclude(workspace_id=1).exists()

    def test_an_agents_key_goes_on_working_and_a_key_for_the_workspace_ends(self):
        from accounts.services import issue_key

        agent = make_agent("scout", actor=self.there)
        own = issue_key(
            actor=self.there, name="own", role=Role.OPERATOR, workspace=self.apollo, agent=(agent.pk, "scout")
        )[1]
        wide = issue_key(actor=self.there, name="wide", role=Role.ADMIN, workspace=self.apollo)[1]
        self.dissolve()
        assert self.post("/api/agents/scout/heartbeat", {}, as_=own).status == 200
        assert self.get("/api/tasks", as_=wide).status == 401
        assert ApiKey.objects.get(name="wide").revoked_at is not None

    def test_it_is_written_into_the_audit_log(self):
        self.dissolve()
        row = Event.objects.audit(1).first()
        assert (row.type, row.subject) == ("workspace_deleted", f"workspace:{self.apollo.pk}")
        assert row.data["detail"] == {"name": "Apollo", "moved_to": 1, "renamed_agents": {}}
        assert self.delete(f"{PATH}/{self.apollo.pk}").status == 404
