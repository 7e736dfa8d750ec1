from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

from django.test import override_settings

from activity.audit import record_audit
from activity.models import Event
from chat.models import Conversation, Message
from core.actors import system
from system.search.indexing import index_news, rebuild
from tasks.models import Task
from tasks.services import delete_task, update_task
from tests.base import LegacyApiTestCase, actor_of
from tests.factories import make_agent, make_task
from webhooks.models import Webhook
from workflows.models import Pipeline


class SearchTests(LegacyApiTestCase):
    def find(self, text, as_=None, **query):
        more = "".join(f"&{name}={value}" for name, value in query.items())
        answer = self.get(f"/api/search?q={quote(text)}{more}", as_=as_ or self.vera)
        assert answer.status == 200, answer.body
        return answer.body

    def titles(self, text, **query):
        """Before and after the index has taken in what is new, the answer is the same."""
        before = [row["title"] for row in self.find(text, **query)["results"]]
        index_news(now=self.now)
        assert [row["title"] for row in self.find(text, **query)["results"]] == before
        return before

    def test_a_task_is_found_by_any_part_of_its_title_description_or_assignee(self):
        make_task("Fix the Login page", description="Users see a BLANK screen", assigned_to="nova")
        for text in ("login", "LOGIN", "ogi", "fix the log", "blank scr", "nov", "lo", "n p"):
            assert self.titles(text, type="task") == ["Fix the Login page"], text
        for text in ("logout", "fix  the", "page login", "zz"):
            assert self.titles(text, type="task") == [], text

    def test_shapes_are_the_contracts(self):
        task = make_task("Fix login", description=f"{'a' * 50}needle{'b' * 100}", assigned_to="nova")
        row = self.find("needle", type="task")["results"][0]
        assert row == {
            "type": "task", "id": task.pk, "title": "Fix login", "subtitle": "assigned · nova",
            "excerpt": f"...{'a' * 40}needle{'b' * 80}...", "created_at": int(task.created_at.timestamp()),
            "relevance": 1,
        }  # fmt: skip
        assert list(row) == ["type", "id", "title", "subtitle", "excerpt", "created_at", "relevance"]
        make_task("Bare login")
        bare = self.find("Bare")["results"][0]
        assert (bare["subtitle"], bare["relevance"], "excerpt" in bare) == ("inbox ", 2, False)
        assert list(self.find("login")) == ["query", "count", "results"]

    def test_titles_come_first_then_the_newest(self):
        now = self.now
        for days, title, text in ((1, "Old rocket", ""), (0, "Other", "a rocket"), (3, "Oldest rocket", "")):
            task = make_task(title, description=text)
            Task.objects.filter(pk=task.pk).update(created_at=now - timedelta(days=days))
        assert self.titles("rocket", type="task") == ["Old rocket", "Oldest rocket", "Other"]
        body = self.find("rocket", type="task", limit=2)
        assert (body["count"], len(body["results"])) == (2, 2)

    def test_each_type_is_found(self):
        now, at = self.now, {"created_at": self.now, "updated_at": self.now}
        make_agent("rocketeer", role="pilot")
        Webhook.objects.create(workspace=self.home, name="rocket hook", url="https://e.com", created_by="x", **at)
        Pipeline.objects.create(workspace=self.home, name="launch", description="the rocket", created_by="x", **at)
        talk = Conversation.objects.create(workspace=self.home, key="c1", created_at=now, last_message_at=now)
        Message.objects.create(
            workspace=self.home, conversation=talk, from_agent="nova", content="a rocket!", created_at=now
        )
        record_audit("settings_update", actor=system(1), at=now, detail={"key": "rocket"})
        rows = {row["type"]: row for row in self.find("rocket", as_=self.alice)["results"]}
        assert set(rows) == {"agent", "activity", "webhook", "pipeline", "message", "audit"}
        assert (rows["agent"]["subtitle"], rows["agent"]["excerpt"], rows["agent"]["relevance"]) == (
            "pilot · offline", None, 2,
        )  # fmt: skip
        assert (rows["activity"]["title"], rows["activity"]["subtitle"]) == (
            "Created agent: rocketeer (pilot)", "by system",
        )  # fmt: skip
        assert "excerpt" not in rows["activity"]
        assert (rows["webhook"]["subtitle"], rows["webhook"]["relevance"]) == ("https://e.com", 2)
        assert (rows["pipeline"]["excerpt"], "subtitle" in rows["pipeline"]) == ("the rocket", False)
        assert (rows["message"]["title"], rows["message"]["subtitle"]) == ("nova → all", "c1")
        assert (rows["audit"]["title"], rows["audit"]["excerpt"]) == ("settings_update", '{"key":"rocket"}')

    def test_the_audit_log_is_for_administrators(self):
        record_audit("settings_update", actor=system(1), at=self.now, detail="secret plan")
        for person, n in ((self.vera, 0), (self.bob, 0), (self.alice, 1)):
            assert self.find("secret plan", as_=person)["count"] == n
            assert self.find("secret plan", as_=person, type="audit")["count"] == n

    def test_other_workspaces_find_nothing(self):
        make_task("Fix login"), make_agent("login-bot")
        index_news(now=self.now)
        assert self.find("login", as_=self.charlie) == {"query": "login", "count": 0, "results": []}

    def test_what_changes_or_goes_is_found_as_it_is_now(self):
        task = make_task("Paint the fence", description="in green")
        index_news(now=self.now)
        update_task(
            task=task, actor=actor_of(self.bob), now=self.now, changes={"description": "in yellow"}, sent={}
        )  # fmt: skip
        assert self.titles("green", type="task") == []
        assert self.titles("yellow", type="task") == ["Paint the fence"]
        delete_task(task=task, actor=actor_of(self.alice), now=self.now)
        assert self.titles("fence", type="task") == []

    def test_activities_that_the_log_forgot_are_gone(self):
        make_task("Rocket one")
        assert self.find("Created task: Rocket", type="activity")["count"] == 1
        index_news(now=self.now)
        Event.objects.all().delete()
        assert self.find("Created task: Rocket", type="activity")["count"] == 0

    def test_what_was_written_past_the_log_is_found_after_a_rebuild(self):
        task = make_task("One")
        index_news(now=self.now)
        Task.objects.filter(pk=task.pk).update(title="Hidden treasure")
        rebuild(now=self.now)
        assert self.titles("treasure") == ["Hidden treasure"]

    def test_special_characters_mean_themselves(self):
        make_task('100% "quoted" a_b \\ back AND NEAR(x)')
        make_task("100 quoted aXb")
        for text in ("100%", '"quoted"', "a_b", "\\ b", "NEAR(x)", "D N", '% "'):
            assert self.titles(text, type="task") == ['100% "quoted" a_b \\ back AND NEAR(x)'], text
        for text in (
            "*",
            '"',
            "' OR 1=1 --",
            "\0\0\0",
            "\ud83d\ude80".encode("utf-16", "surrogatepass").decode("utf-16"),
        ):
            assert self.get(f"/api/search?q={quote(text * 3)}").status == 200, text

    def test_odd_queries(self):
        for query in ("", "q=", "q=a", "q=%20a%20", "type=task"):
            answer = self.get(f"/api/search?{query}")
            assert (answer.status, answer.body) == (400, {"error": "Query must be at least 2 characters"})
        make_task("Fix login")
        for more in ("limit=junk", "limit=-1", "limit=0", "limit=999999999999999999999", "type=planet"):
            assert self.get(f"/api/search?q=login&{more}").status == 200, more
        assert self.get(f"/api/search?q={'x' * 60_000}").body["count"] == 0
        assert self.find("  login ")["query"] == "login"

    @override_settings(RATE_LIMITS_OFF=False)
    def test_it_is_a_heavy_question(self):
        statuses = [self.get("/api/search?q=login").status for _ in range(11)]
        assert statuses == [200] * 10 + [429]
