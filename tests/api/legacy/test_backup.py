from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from unittest import skipUnless
from unittest.mock import patch

from django.conf import settings
from django.db import connection
from django.test import override_settings

from activity.leases import lease
from activity.models import Event
from system.copying import CopyFailed
from system.services.backups import let_go_of_old
from tests.base import LegacyApiTestCase, forget_rates

PATH = "/api/backup"
NAME = re.compile(r"mc-backup-\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d(-\d+)?\.db")
FOLDER = Path(settings.DATA_DIR) / "backups"


class BackupTests(LegacyApiTestCase):
    def setUp(self):
        super().setUp()
        shutil.rmtree(FOLDER, ignore_errors=True)
        self.addCleanup(shutil.rmtree, FOLDER, ignore_errors=True)

    def make(self, query="", **options):
        return self.post(f"{PATH}{query}", **{"as_": self.alice, **options})

    def listed(self):
        return self.get(PATH, as_=self.alice).body["backups"]

    def files(self):
        return sorted(path.name for path in FOLDER.iterdir())

    def test_there_is_none_at_first(self):
        assert self.listed() == []

    def test_a_backup_is_made_and_listed(self):
        answer = self.make()
        assert (answer.status, answer.body["success"]) == (200, True)
        backup = answer.body["backup"]
        assert list(backup) == ["name", "size", "created_at"]
        assert NAME.fullmatch(backup["name"])
        assert backup["size"] == (FOLDER / backup["name"]).stat().st_size > 0
        assert abs(backup["created_at"] - self.now.timestamp()) < 10
        assert self.listed() == [backup]
        audit = Event.objects.audit(self.home.pk).get(type="backup_create")
        assert audit.data["detail"]["name"] == backup["name"]

    def test_it_belongs_to_its_owner_alone(self):
        name = self.make().body["backup"]["name"]
        assert (FOLDER / name).stat().st_mode & 0o077 == FOLDER.stat().st_mode & 0o077 == 0

    @skipUnless(connection.vendor == "sqlite", "a dump is looked at by pg_restore")
    def test_it_is_a_whole_database(self):
        name = self.make().body["backup"]["name"]
        with closing(sqlite3.connect(":memory:")) as database:
            database.deserialize(gzip.decompress((FOLDER / name).read_bytes()))
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert database.execute("SELECT count(*) FROM django_migrations").fetchone()[0] > 10

    def test_its_checksum_stands_beside_it_and_goes_with_it(self):
        name = self.make().body["backup"]["name"]
        digest = hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()
        assert (FOLDER / f"{name}.sha256").read_text() == f"{digest}  {name}\n"
        assert [backup["name"] for backup in self.listed()] == [name]
        self.delete(PATH, {"name": name})
        assert self.files() == []

    def grow_old(self, name, days):
        moment = self.now.timestamp() - days * 86400
        os.utime(FOLDER / name, (moment, moment))

    def test_those_beyond_the_age_go_but_never_the_newest(self):
        names = [self.make().body["backup"]["name"] for _ in range(3)]
        for name, days in zip(names, (30, 20, 10), strict=True):
            self.grow_old(name, days)
        assert let_go_of_old(now=self.now) == []
        self.put("/api/settings", {"settings": {"general.backup_retention_days": "14"}}, as_=self.alice)
        assert sorted(let_go_of_old(now=self.now)) == sorted(names[:2])
        assert self.files() == [names[2], f"{names[2]}.sha256"]
        self.grow_old(names[2], 100)
        assert let_go_of_old(now=self.now) == []

    def test_the_daily_clean_up_lets_old_ones_go_too(self):
        names = [self.make().body["backup"]["name"] for _ in range(2)]
        self.grow_old(names[0], 3)
        self.put("/api/settings", {"settings": {"general.backup_retention_days": "2"}}, as_=self.alice)
        assert self.post("/api/scheduler", {"task_id": "auto_cleanup"}, as_=self.alice).body["ok"]
        assert [backup["name"] for backup in self.listed()] == names[1:]

    def test_what_a_killed_process_left_is_removed_by_the_next_one(self):
        FOLDER.mkdir(parents=True)
        for name, hours in ((".1-1.partial", 2), (".1-1.copy.partial", 2), (".2-2.partial", 0)):
            (FOLDER / name).write_text("half")
            os.utime(FOLDER / name, (self.now.timestamp() - hours * 3600,) * 2)
        name = self.make().body["backup"]["name"]
        assert self.files() == [".2-2.partial", name, f"{name}.sha256"]

    def test_two_of_one_second_have_two_names_and_the_newest_comes_first(self):
        names = [self.make().body["backup"]["name"] for _ in range(4)]
        assert len(set(names)) == 4
        assert [backup["name"] for backup in self.listed()] == names[::-1]

    def test_as_many_are_kept_as_the_setting_says(self):
        for _ in range(12):
            forget_rates()
            newest = self.make().body["backup"]["name"]
        assert len(self.listed()) == 10
        self.put("/api/settings", {"settings": {"general.backup_retention_count": "2"}}, as_=self.alice)
        assert newest in self.files()
        forget_rates()
        newest = self.make().body["backup"]["name"]
        assert len(self.listed()) == 2
        assert self.listed()[0]["name"] == newest

    def test_a_failure_leaves_nothing_behind(self):
        def fail(target):
            target.write_bytes(b"half")
            raise CopyFailed("the disk is full")

        with patch("system.copying.copy_database", fail):
            answer = self.make()
        assert (answer.status, answer.body) == (500, {"error": "Backup failed"})
        assert self.files() == []
        assert self.make().status == 200

    def test_a_folder_that_cannot_be_made_is_a_failure(self):
        FOLDER.write_text("in the way")
        self.addCleanup(FOLDER.unlink)
        assert self.make().body == {"error": "Backup failed"}
        assert self.listed() == []

    def test_two_are_not_made_at_once(self):
        with lease("backup", now=self.now, seconds=60):
            assert self.make().status == 409

    def test_what_is_no_backup_is_not_listed(self):
        FOLDER.mkdir(parents=True)
        for name in ("notes.txt", "other.db", ".mc-backup-x.partial", "mc-backup-x.db.tmp"):
            (FOLDER / name).write_text("x")
        assert self.listed() == []
        assert self.delete(PATH, {"name": "other.db"}).status == 404

    def test_other_targets(self):
        answer = self.make("?target=gateway")
        assert (answer.status, answer.body) == (500, {"error": "Gateway backup failed"})
        answer = self.make("?target=moon")
        assert (answer.status, answer.body) == (400, {"error": "Invalid backup target"})

    def test_a_backup_is_deleted(self):
        name = self.make().body["backup"]["name"]
        answer = self.delete(PATH, {"name": name})
        assert (answer.status, answer.body) == (200, {"success": True})
        assert self.listed() == []
        assert Event.objects.audit(self.home.pk).get(type="backup_delete").data["detail"] == {"name": name}
        answer = self.delete(PATH, {"name": name})
        assert (answer.status, answer.body) == (404, {"error": "Backup not found"})

    def test_only_names_of_backups_are_taken(self):
        invalid, bad = "name: Invalid backup name", "name: Invalid input"
        for body, details in (
            ({"name": "../secret.db"}, [invalid]),
            ({"name": "a/b.db"}, [invalid]),
            ({"name": "a\\b.db"}, [invalid]),
            ({"name": "..db"}, [invalid]),
            ({"name": "../../etc/passwd"}, [bad, invalid]),
            ({"name": "mc-backup-x.db.gz"}, [bad]),
            ({"name": ""}, [bad]),
            ({"name": 5}, [bad]),
            ({"name": None}, [bad]),
            ({}, [bad]),
            ([], [": Invalid input"]),
            ({"name": "x.db", "force": True}, [": Invalid input"]),
        ):
            forget_rates()
            with self.subTest(body=body):
                answer = self.delete(PATH, body)
                assert answer.status == 400
                assert answer.body == {"error": "Validation failed", "details": details}
        forget_rates()
        for body in (b"", b"{", b"null"):
            answer = self.delete(PATH, body)
            assert (answer.status, answer.body) == (400, {"error": "Request body required"})

    def test_odd_names_are_not_found(self):
        for name in ("x" * 5000 + ".db", "\0.db", "é.db", "mc-backup-*.db"):
            assert self.delete(PATH, {"name": name}).status == 404, name

    @override_settings(RATE_LIMITS_OFF=True)
    def test_ten_changes_a_minute_each(self):
        for _ in range(10):
            assert self.delete(PATH, {"name": "x.db"}).status == 404
        answer = self.delete(PATH, {"name": "x.db"})
        assert (answer.status, answer.body["error"].startswith("Too many backup changes.")) == (429, True)
        assert self.delete(PATH, {"name": "x.db"}, as_=self.charlie).status == 404
        assert self.get(PATH, as_=self.alice).status == 200

    def test_a_strict_workspace_is_refused(self):
        self.elsewhere.isolation = "strict"
        self.elsewhere.save()
        for method in ("GET", "POST", "DELETE"):
            assert self.call(method, PATH, {"name": "x.db"}, as_=self.charlie).status == 403
        assert not os.path.exists(FOLDER)
