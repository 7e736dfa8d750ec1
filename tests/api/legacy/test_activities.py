from __future__ import annotations

from datetime import timedelta

from activity.models import Event
from tests.base import LegacyApiTestCase, actor_of
from tests.factories import make_agent, make_task

PATH = "/api/activities"
KEYS = [
    "id", "type", "entity_type", "entity_id", "actor", "description", "data", "created_at", "workspace_id", "entity",
]  # fmt: skip


class ActivityListTests(LegacyApiTestCase):
    def ask(self, query="", **options):
        return self.get(f"{PATH}?{query}", **options).body

    def test_stories_are_listed_newest_first_with_their_entities(self):
        agent = make_agent("nova")
        task = make_task("Fix login", actor=actor_of(self.alice))
        comment = self.post(f"/api/tasks/{task.pk}/comments", {"content": "x" * 150}).body["comment"]
        answer = self.ask(as_=self.vera)
        assert list(answer) == ["activities", "total", "hasMore"]
        assert (answer["total"], answer["hasMore"]) == (3, False)
        assert all(list(row) == KEYS for row in answer["activities"])
        told, created, registered = answer["activities"]
        assert told["entity"] == {
            "type": "comment",
            "id": comment["id"],
            "content": "x" * 150,
            "task_id": task.pk,
            "task_title": "Fix login",
            "content_preview": "x" * 100,
        }
        assert created["entity"] == {"type": "task", "id": task.pk, "title": "Fix login", "status": "inbox"}
        assert registered["entity"] == {
            "type": "agent", "id": agent.pk, "name": "nova", "role": "coder", "status": "offline",
        }  # fmt: skip
        assert (created["type"], created["entity_type"], created["entity_id"]) == ("task_created", "task", task.pk)
        assert (created["actor"], created["description"]) == ("Alice", "Created task: Fix login")
        assert created["data"] == {"title": "Fix login", "status": "inbox", "priority": "medium", "assigned_to": None}
        assert 1_700_000_000 < created["created_at"] < 10_000_000_000

    def test_what_is_gone_has_no_entity(self):
        task = make_task()
        self.delete(f"/api/tasks/{task.pk}")
        assert [row["entity"] for row in self.ask()["activities"]] == [None, None]

    def test_filters(self):
        make_agent("nova"), make_task(actor=actor_of(self.alice)), make_task(actor=actor_of(self.bob))
        for query, total in (
            ("type=task_created", 2),
            ("type=task_created,%20agent_created", 3),
            ("type=what", 0),
            ("type=" + ",".join(["task_created"] * 2000), 2),
            ("actor=Alice", 1),
            ("actor=alice", 0),
            ("entity_type=task", 2),
            ("entity_type=agent", 1),
            ("entity_type=tas", 0),
            ("entity_type=%25", 0),
            ("type=&actor=&since=&entity_type=", 3),
            ("since=junk", 3),
            ("since=-1", 3),
            (f"since={10**30}", 0),
        ):
            with self.subTest(query=query[:60]):
                assert self.ask(query)["total"] == total

    def test_since_is_exclusive(self):
        make_task()
        at = self.ask()["activities"][0]["created_at"]
        assert self.ask(f"since={at}")["total"] == 0
        assert self.ask(f"since={at - 1}")["total"] == 1

    def test_pages(self):
        for n in range(3):
            make_task(f"{n}")
        for query, shown, more in (
            ("limit=2", 2, True),
            ("limit=2&offset=2", 1, False),
            ("limit=3", 3, False),
            ("limit=junk&offset=-1", 3, False),
            ("limit=0", 0, True),
            (f"offset={10**30}", 0, False),
        ):
            with self.subTest(query=query):
                answer = self.ask(query)
                assert (len(answer["activities"]), answer["total"], answer["hasMore"]) == (shown, 3, more)

    def test_at_most_five_hundred_are_shown(self):
        row = {"kind": "activity.created", "at": self.now, "workspace_id": 1, "actor": "x", "subject": "task:1"}
        Event.objects.bulk_create(Event(**row, type="task_created", description="x") for _ in range(501))
        assert len(self.ask("limit=9999")["activities"]) == 500

    def test_an_outsider_sees_none(self):
        make_task()
        assert self.ask(as_=self.charlie) == {"activities": [], "total": 0, "hasMore": False}

    def test_the_number_of_queries_does_not_grow_with_the_list(self):
        for n in (1, 6):
            for i in range(n):
                make_agent(f"{n}-{i}"), self.post(f"/api/tasks/{make_task().pk}/comments", {"content": "x"})
            self.get(PATH)
            with self.assertNumQueries(5):
                self.get(PATH)


class ActivityStatsTests(LegacyApiTestCase):
    def test_counts_by_type_actor_and_hour(self):
        make_task(actor=actor_of(self.alice)), make_task(actor=actor_of(self.alice)), make_agent()
        answer = self.get(f"{PATH}?stats", as_=self.vera).body
        assert list(answer) == ["timeframe", "activityByType", "topActors", "timeline"]
        assert answer["timeframe"] == "24 hours"
        assert answer["activityByType"] == [{"type": "task_created", "count": 2}, {"type": "agent_created", "count": 1}]
        assert answer["topActors"] == [
            {"actor": "Alice", "activity_count": 2}, {"actor": "system", "activity_count": 1},
        ]  # fmt: skip
        (hour,) = answer["timeline"]
        assert (hour["timestamp"] % 3600, hour["count"]) == (0, 3)
        assert hour["hour"].endswith(":00:00.000Z")

    def test_hours_choose_the_window(self):
        make_task()
        Event.objects.update(at=self.now - timedelta(hours=30))
        assert self.get(f"{PATH}?stats=1").body["activityByType"] == []
        answer = self.get(f"{PATH}?stats=1&hours=48").body
        assert (answer["timeframe"], len(answer["activityByType"])) == ("48 hours", 1)

    def test_junk_hours_are_a_day(self):
        for text in ("junk", "", "0", "-1", f"{10**30}"):
            assert self.get(f"{PATH}?stats&hours={text}").status == 200
