from __future__ import annotations

from datetime import timedelta

from accounts.models import ApiKey
from activity.audit import Origin, record_audit
from activity.models import Event
from core.actors import system
from tests.base import LegacyApiTestCase, actor_of
from tests.factories import make_agent

PATH = "/api/audit"
KEYS = [
    "id", "action", "actor", "actor_id", "target_type", "target_id", "detail", "ip_address", "user_agent",
    "created_at", "workspace_id",
]  # fmt: skip


class AuditTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        Event.objects.all().delete()

    def happen(self, action="login", *, by=None, ago=0, **options):
        record_audit(action, actor=by or actor_of(self.alice), at=self.now - timedelta(seconds=ago), **options)

    def ask(self, query="", **options):
        return self.get(f"{PATH}{query}", **{"as_": self.alice, **options}).body

    def actions(self, query=""):
        return [event["action"] for event in self.ask(query)["events"]]

    def test_a_row_has_all_columns(self):
        self.happen(
            "user_create", target=("user", 5), detail={"username": "x"}, origin=Origin("10.0.0.1", "curl"), ago=10
        )
        body = self.ask()
        (row,) = body["events"]
        assert list(row) == KEYS
        assert (row["action"], row["actor"], row["actor_id"]) == ("user_create", "alice", self.alice.pk)
        assert (row["target_type"], row["target_id"], row["detail"]) == ("user", 5, {"username": "x"})
        assert (row["ip_address"], row["user_agent"], row["workspace_id"]) == ("10.0.0.1", "curl", self.home.pk)
        assert abs(row["created_at"] - self.now.timestamp() + 10) < 5
        assert (body["total"], body["limit"], body["offset"]) == (1, 1000, 0)

    def test_what_is_not_known_is_null(self):
        self.happen("auto_backup", by=system(self.home.pk, "scheduler"), detail="A sentence")
        (row,) = self.ask()["events"]
        assert row["detail"] == "A sentence"
        assert {name for name in KEYS if row[name] is None} == {
            "actor_id", "target_type", "target_id", "ip_address", "user_agent",
        }  # fmt: skip

    def test_a_key_is_not_taken_for_a_person(self):
        path = f"/api/agents/{make_agent('nova').pk}/keys"
        made = self.post(path, {"scopes": ["admin"]}, as_=self.alice).body
        for key in (made["api_key"], "test-admin-key", self.keys[self.alice]):
            self.put("/api/settings", {"settings": {"general.site_name": "Fleet"}}, as_=key)
        own = ApiKey.objects.get(user=None, agent_id=None, name=self.alice.display_name)
        assert [(row["actor"], row["actor_id"]) for row in self.ask("?action=settings_update")["events"]] == [
            ("api", -own.pk), ("api", 0), ("agent:nova", -made["key"]["id"]),
        ]  # fmt: skip

    def test_newest_first_in_pages(self):
        for n, action in enumerate(("login", "logout", "profile_update")):
            self.happen(action, ago=100 - n)
        assert self.actions() == ["profile_update", "logout", "login"]
        body = self.ask("?limit=1&offset=1")
        assert [event["action"] for event in body["events"]] == ["logout"]
        assert (body["total"], body["limit"], body["offset"]) == (3, 1, 1)

    def test_filters_are_exact(self):
        self.happen("login"), self.happen("login_failed"), self.happen("login", by=actor_of(self.bob))
        assert self.actions("?action=login") == ["login", "login"]
        assert self.actions("?actor=bob") == ["login"]
        assert self.actions("?actor=bob&action=logout") == self.actions("?actor=BOB") == []

    def test_since_and_until_include_their_second(self):
        for ago in (300, 200, 100):
            self.happen(ago=ago)
        stamps = [event["created_at"] for event in self.ask()["events"]]
        assert len(self.actions(f"?since={stamps[1]}")) == 2
        assert len(self.actions(f"?until={stamps[1]}")) == 2
        assert len(self.actions(f"?since={stamps[1]}&until={stamps[1]}")) == 1
        assert self.ask(f"?since={stamps[0] + 1}")["total"] == 0

    def test_odd_queries_are_no_failure(self):
        self.happen()
        for query, limit in (
            ("?limit=abc", 1000), ("?limit=99999", 10_000), ("?limit=0", 0), ("?limit=-5", 0), ("?limit=1.5", 1),
            ("?since=abc", 1000), ("?until=", 1000), ("?since=-1", 1000), ("?until=9e300", 1000),
            ("?since=1&since=9e9", 1000),
        ):  # fmt: skip
            with self.subTest(query=query):
                body = self.ask(query)
                assert body["limit"] == limit
                assert body["total"] == 1
        assert self.ask("?since=99999999999999999999")["total"] == 0
        assert self.ask("?offset=99999999999999999999")["events"] == []
        assert self.ask("?action=%00&actor=%F0%9F%98%80")["total"] == 0

    def test_an_outsider_sees_none_and_others_must_be_administrators(self):
        self.happen()
        assert self.ask(as_=self.charlie)["events"] == []
        for person in (self.bob, self.vera):
            answer = self.get(PATH, as_=person)
            assert (answer.status, answer.body) == (403, {"error": "Requires admin role or higher"})

    def test_two_queries_whatever_is_shown(self):
        for _ in range(5):
            self.happen()
        self.ask()
        with self.assertNumQueries(2):
            self.ask("?action=login&actor=alice&since=1")

    def test_each_question_is_answered_by_an_index(self):
        rows = Event.objects.audit(1)
        for found in (rows, rows.filter(type="login"), rows.filter(actor="x"), rows.filter(at__gte=self.now)):
            assert "event_audit" in found[:10].explain()
