from __future__ import annotations

from datetime import timedelta

from django.test import override_settings

from core.rows import fresh, insert
from tests.transcripts.base import StreamTestCase, text
from transcripts import retention
from transcripts.models import Entry, Message, Session, SpawnRequest
from transcripts.services.spawning import expire_requests
from transcripts.services.telling import send_message


class RetentionTests(StreamTestCase):
    def enter(self, n: int, *, days_ago: float = 0) -> None:
        at = self.now - timedelta(days=days_ago)
        row = {"workspace_id": 1, "agent_id": self.jordan.pk, "kind": "text", "at": at}
        insert([fresh(Entry, **row, text=f"{days_ago} {i}") for i in range(n)])

    def test_an_agent_keeps_its_newest_entries(self) -> None:
        self.enter(500)
        sam = self.agent("sam")
        self.taken(text("the only one"), as_=sam, agent="sam")
        with override_settings(TRANSCRIPT_ENTRIES=100):
            assert retention.forget_old(now=self.now) == 400
        assert [row.text for row in Entry.objects.of(self.jordan.pk)[:1]] == ["0 499"]
        assert Entry.objects.of(self.jordan.pk).count() == 100
        assert Entry.objects.of(sam.pk).count() == 1

    def test_what_is_old_goes(self) -> None:
        self.enter(3, days_ago=31)
        self.enter(2, days_ago=29)
        actor = self.actor_of(self.bob)
        send_message(agent=self.jordan, text="x", actor=actor, now=self.now - timedelta(days=31))
        send_message(agent=self.jordan, text="y", actor=actor, now=self.now)
        self.taken(text("z"))
        Session.objects.update(last_at=self.now - timedelta(days=91))
        with override_settings(RETAIN_TRANSCRIPTS_DAYS=30):
            retention.forget_old(now=self.now)
        assert Entry.objects.count() == 2 + 1 + 1
        assert [message.text for message in Message.objects.all()] == ["y"]
        assert not Session.objects.exists()

    def test_wishes_that_nobody_answers_expire(self) -> None:
        wish = {"agents": [{"name": "a"}], "reason": "x"}
        self.taken(*({"type": "agent_spawn_request", "request": wish} for _ in range(2)))
        old = SpawnRequest.objects.earliest("id")
        SpawnRequest.objects.filter(pk=old.pk).update(expires_at=self.now - timedelta(seconds=1))
        assert expire_requests(now=self.now) == 1
        assert [row.status for row in SpawnRequest.objects.order_by("id")] == ["expired", "pending"]
        assert [data["request"]["status"] for data in self.events("spawn.resolved")] == ["expired"]

    def actor_of(self, user: object) -> object:
        from core.actors import Actor, Role

        return Actor("user", 1, "bob", "Bob", Role.OPERATOR, self.home.pk)
