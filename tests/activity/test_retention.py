from __future__ import annotations

from datetime import timedelta

from activity import retention
from activity.catalogue import Kind
from activity.jobs import prune_the_log
from activity.models import Event, Reader
from activity.services import fact, record
from activity.vitals import worker_is_alive, worker_seen
from core.actors import system
from tests.base import BaseTestCase


class RetentionTests(BaseTestCase):
    def setUp(self):
        super().setUp()
        Event.objects.all().delete()

    def happen(self, days_ago):
        event = fact(Kind.TASK_DELETED, actor=system(1), subject="task:1", data={"id": 1, "title": "x"})
        record(event, at=self.now - timedelta(days=days_ago))
        return event.id

    def test_old_events_go_and_new_ones_stay(self):
        self.happen(100), self.happen(91)
        fresh = self.happen(89)
        assert retention.prune(before=self.now - timedelta(days=90)) == 2
        assert Event.objects.get().id == fresh

    def test_what_a_reader_has_not_read_stays(self):
        self.happen(100)
        read, unread = self.happen(99), self.happen(98)
        Reader.objects.create(name="slow", position=read)
        Reader.objects.create(name="quick", position=unread)
        assert retention.prune(before=self.now - timedelta(days=90)) == 2
        assert Event.objects.get().id == unread

    def test_the_workers_sign_of_life_holds_nothing_back(self):
        worker_seen(now=self.now)
        self.happen(100)
        assert retention.prune(before=self.now - timedelta(days=90)) == 1

    def test_more_than_a_batch_goes_in_one_run(self):
        before, retention.BATCH = retention.BATCH, 2
        self.addCleanup(setattr, retention, "BATCH", before)
        for _ in range(5):
            self.happen(100)
        assert retention.prune(before=self.now - timedelta(days=90)) == 5

    def test_the_job_follows_the_setting(self):
        self.happen(5)
        assert prune_the_log() == 0
        with self.settings(RETAIN_EVENTS_DAYS=4):
            assert prune_the_log() == 1


class VitalsTests(BaseTestCase):
    def test_the_worker_lives_a_minute_from_its_last_sign(self):
        assert not worker_is_alive(now=self.now)
        worker_seen(now=self.now - timedelta(seconds=59))
        assert worker_is_alive(now=self.now)
        worker_seen(now=self.now - timedelta(seconds=61))
        assert not worker_is_alive(now=self.now)
