from __future__ import annotations

from datetime import timedelta

from activity import retention
from activity.audit import record_audit
from activity.catalogue import Kind
from activity.models import Event, Reader
from activity.services import fact, record, story
from activity.vitals import worker_is_alive, worker_seen
from core import ages
from core.actors import system
from tests.base import BaseTestCase


class RetentionTests(BaseTestCase):
    def setUp(self):
        super().setUp()
        Event.objects.all().delete()
        Reader.objects.all().delete()

    def happen(self, days_ago):
        event = fact(Kind.TASK_DELETED, actor=system(1), subject="task:1", data={"id": 1, "title": "x"})
        record(event, at=self.now - timedelta(days=days_ago))
        return event.id

    def tell(self, days_ago):
        told = story("task_created", by="x", subject="task:1", workspace_id=1, description="x")
        record(told, at=self.now - timedelta(days=days_ago))
        return told.id

    def audit(self, days_ago):
        record_audit("login", actor=system(1), at=self.now - timedelta(days=days_ago))
        return Event.objects.order_by("-id").values_list("id", flat=True).first()

    def speak(self, minutes_ago, kind=Kind.AGENT_TEXT):
        data = {"id": 1, "slug": "nova", "name": "Nova"}
        event = fact(kind, actor=system(1), subject="agent:1", agent_id=1, data=data)
        record(event, at=self.now - timedelta(minutes=minutes_ago))
        return event.id

    def test_what_agents_said_goes_after_an_hour_and_nothing_else(self):
        kept = [self.happen(2), self.speak(120, Kind.AGENT_DONE)]
        for minutes in range(61, 461):
            self.speak(minutes)
        kept += [self.speak(59), self.speak(0, Kind.AGENT_TODOS), self.tell(2)]
        # Whoever reads the log has not come so far.
        Reader.objects.create(name="slow", position=1)
        assert retention.forget_transient(now=self.now) == 400
        assert self.left() == kept
        assert retention.forget_transient(now=self.now) == 0

    def prune(self, part="events", days=90):
        return retention.prune(part, before=self.now - timedelta(days=days))

    def left(self):
        return list(Event.objects.order_by("id").values_list("id", flat=True))

    def test_old_events_go_and_new_ones_stay(self):
        self.happen(100), self.happen(91)
        fresh = self.happen(89)
        assert self.prune() == 2
        assert self.left() == [fresh]

    def test_each_part_of_the_log_has_its_own_age(self):
        self.audit(400), self.happen(100), self.tell(100)
        audit, fact, told = self.audit(300), self.happen(80), self.tell(80)
        assert retention.prune_all(now=self.now) == 3
        assert self.left() == [audit, fact, told]

    def test_a_part_that_is_kept_for_ever_does_not_hold_the_others_back(self):
        told = self.tell(900)
        self.happen(800)
        with self.settings(RETAIN_DAYS={"activities": 0, "audit": 365}):
            assert retention.prune_all(now=self.now) == 1
        assert self.left() == [told]

    def test_what_a_reader_has_not_read_stays(self):
        self.happen(100)
        read, unread = self.happen(99), self.happen(98)
        Reader.objects.create(name="slow", position=read)
        Reader.objects.create(name="quick", position=unread)
        assert self.prune() == 2
        assert self.left() == [unread]

    def test_the_workers_sign_of_life_holds_nothing_back(self):
        worker_seen(now=self.now)
        self.happen(100)
        assert self.prune() == 1

    def test_more_than_a_batch_goes_in_one_run(self):
        for name, number in (("FIRST", 2), ("LEAST", 1), ("MOST", 2)):
            self.addCleanup(setattr, ages, name, getattr(ages, name))
            setattr(ages, name, number)
        kept = [self.audit(100)]
        for _ in range(5):
            self.happen(100)
            kept.append(self.audit(100))
        assert self.prune() == 5
        assert self.left() == kept

    def test_what_would_go_is_counted_without_touching_it(self):
        self.tell(100), self.tell(95), self.happen(95), self.tell(5)
        before = self.now - timedelta(days=90)
        assert (retention.stale("activities", before=before), retention.stale("audit", before=before)) == (2, 0)
        assert Event.objects.count() == 4

    def test_an_empty_log_has_nothing_to_forget(self):
        assert self.prune() == 0

    def test_the_job_follows_the_setting(self):
        self.happen(5)
        assert retention.prune_all(now=self.now) == 0
        with self.settings(RETAIN_EVENTS_DAYS=0):
            assert retention.prune_all(now=self.now) == 0
        with self.settings(RETAIN_EVENTS_DAYS=4):
            assert retention.prune_all(now=self.now) == 1


class VitalsTests(BaseTestCase):
    def test_the_worker_lives_a_minute_from_its_last_sign(self):
        assert not worker_is_alive(now=self.now)
        worker_seen(now=self.now - timedelta(seconds=59))
        assert worker_is_alive(now=self.now)
        worker_seen(now=self.now - timedelta(seconds=61))
        assert not worker_is_alive(now=self.now)
