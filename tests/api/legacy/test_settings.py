from __future__ import annotations

from activity.models import Event
from system import lookup
from tests.base import LegacyApiTestCase

PATH = "/api/settings"
KEYS = ["key", "value", "description", "category", "updated_by", "updated_at", "is_default"]


class SettingsTests(LegacyApiTestCase):
    def line(self, key):
        lines = self.get(PATH, as_=self.alice).body["settings"]
        return next((line for line in lines if line["key"] == key), None)

    def set(self, values, **options):
        return self.put(PATH, {"settings": values}, **{"as_": self.alice, **options})

    def audit(self, action):
        return [event.data["detail"] for event in Event.objects.audit(self.home.pk).filter(type=action)]

    def test_all_settings_have_defaults_and_are_grouped(self):
        body = self.get(PATH, as_=self.alice).body
        assert all(list(line) == KEYS for line in body["settings"])
        values = {line["key"]: line["value"] for line in body["settings"]}
        assert len(values) == 22
        assert values["retention.activities_days"] == "90"
        assert values["retention.audit_log_days"] == "365"
        assert values["gateway.port"] == "18789"
        assert values["general.backup_retention_count"] == "10"
        assert values["onboarding.completed_steps"] == "[]"
        assert list(body["grouped"]) == ["retention", "gateway", "chat", "general", "onboarding"]
        assert sum(map(len, body["grouped"].values())) == 22
        assert self.line("subscription.codex_plan")["category"] == "general"
        assert self.line("general.site_name") == {
            "key": "general.site_name",
            "value": "Mission Control",
            "description": "Name of this deployment",
            "category": "general",
            "updated_by": None,
            "updated_at": None,
            "is_default": True,
        }

    def test_what_was_set_is_shown_with_who_set_it(self):
        answer = self.set({"general.site_name": "Ground", "general.auto_backup": True})
        assert (answer.status, answer.body) == (
            200,
            {"updated": ["general.site_name", "general.auto_backup"], "count": 2},
        )
        line = self.line("general.site_name")
        assert (line["value"], line["updated_by"], line["is_default"]) == ("Ground", "api", False)
        assert abs(line["updated_at"] - self.now.timestamp()) < 5
        assert self.line("general.auto_backup")["value"] == "true"

    def test_an_unlisted_setting_shows_once_it_is_set(self):
        assert self.line("general.task_dispatch") is None
        self.set({"general.task_dispatch": False})
        assert self.line("general.task_dispatch")["category"] == "general"

    def test_unknown_keys_are_custom_and_come_last(self):
        self.set({"my.key": "x"})
        lines = self.get(PATH, as_=self.alice).body["settings"]
        assert lines[-1]["key"] == "my.key"
        assert (lines[-1]["category"], lines[-1]["description"]) == ("custom", "")

    def test_values_become_text(self):
        self.set({"a": 5, "b": 1.0, "c": 0.5, "d": None, "e": {"x": [1]}, "f": False, "g": ""})
        values = {line["key"]: line["value"] for line in self.get(PATH, as_=self.alice).body["grouped"]["custom"]}
        assert values == {"a": "5", "b": "1", "c": "0.5", "d": "null", "e": '{"x":[1]}', "f": "false", "g": ""}

    def test_nothing_to_set_changes_nothing(self):
        answer = self.set({})
        assert (answer.status, answer.body) == (200, {"updated": [], "count": 0})
        assert self.audit("settings_update") == []

    def test_the_audit_log_knows_old_and_new(self):
        self.set({"general.site_name": "One"})
        self.set({"general.site_name": "Two", "other": "x"}, user_agent="tests")
        newest, oldest = Event.objects.audit(self.home.pk).filter(type="settings_update")
        assert oldest.data["detail"] == {
            "updated_keys": ["general.site_name"],
            "changes": {"general.site_name": {"old": None, "new": "One"}},
        }
        assert newest.data["detail"]["changes"] == {
            "general.site_name": {"old": "One", "new": "Two"},
            "other": {"old": None, "new": "x"},
        }
        assert newest.data["user_agent"] == "tests"

    def test_a_secret_is_not_written_into_the_audit_log(self):
        self.set({"custom.api_key": "hush", "custom.password": "hush"})
        self.delete(PATH, {"key": "custom.api_key"})
        assert "hush" not in str(self.audit("settings_update") + self.audit("settings_reset"))

    def test_bad_bodies(self):
        for body, error in (
            (b"{", {"error": "Invalid request body"}),
            (b"", {"error": "Invalid request body"}),
            ([], {"error": "Validation failed", "details": [": Invalid input"]}),
            ({}, {"error": "Validation failed", "details": ["settings: Invalid input"]}),
            ({"settings": [1]}, {"error": "Validation failed", "details": ["settings: Invalid input"]}),
            ({"settings": None}, {"error": "Validation failed", "details": ["settings: Invalid input"]}),
            ({"settings": {"": "x"}}, {"error": "Validation failed", "details": ["settings: Invalid input"]}),
        ):
            with self.subTest(body=body):
                answer = self.put(PATH, body, as_=self.alice)
                assert (answer.status, answer.body) == (400, error)

    def test_too_long_keys_and_values_are_refused(self):
        assert self.set({"k" * 201: "x"}).status == 400
        assert self.set({"k" * 200: "x" * 100_000, "g": "\0"}).status == 200
        answer = self.set({"fine": "x", "big": "x" * 100_001})
        assert answer.body["details"] == ["settings.big: Invalid input"]
        assert self.line("fine") is None

    def test_a_reset_returns_to_the_default(self):
        self.set({"general.site_name": "One"})
        answer = self.delete(PATH, {"key": "general.site_name"})
        assert (answer.status, answer.body) == (
            200,
            {"reset": "general.site_name", "default_value": "Mission Control"},
        )
        assert self.line("general.site_name")["is_default"]
        assert self.audit("settings_reset") == [{"key": "general.site_name", "old_value": "One"}]

    def test_a_custom_setting_has_no_default(self):
        self.set({"mine": "1"})
        assert self.delete(PATH, {"key": "mine"}).body == {"reset": "mine", "default_value": None}
        assert self.line("mine") is None

    def test_what_cannot_be_reset(self):
        for body, status, error in (
            (b"", 400, "Request body required"),
            (b"{", 400, "Request body required"),
            ({}, 400, "key parameter required"),
            ({"key": ""}, 400, "key parameter required"),
            ({"key": 5}, 400, "key parameter required"),
            ([], 400, "key parameter required"),
            ({"key": "general.site_name"}, 404, "Setting not found or already at default"),
            ({"key": "k" * 5000}, 404, "Setting not found or already at default"),
        ):
            with self.subTest(body=body):
                answer = self.delete(PATH, body)
                assert (answer.status, answer.body) == (status, {"error": error})

    def test_settings_belong_to_the_deployment(self):
        self.set({"general.site_name": "One"})
        lines = self.get(PATH, as_=self.charlie).body["settings"]
        assert next(line["value"] for line in lines if line["key"] == "general.site_name") == "One"

    def test_the_number_of_queries_does_not_grow(self):
        self.set({f"k{n}": n for n in range(50)})
        self.get(PATH, as_=self.alice)
        with self.assertNumQueries(1):
            self.get(PATH, as_=self.alice)


class LookupTests(LegacyApiTestCase):
    def test_the_product_reads_what_was_set(self):
        assert (lookup.value("general.site_name"), lookup.flag("general.auto_backup")) == ("Mission Control", False)
        self.put(PATH, {"settings": {"general.auto_backup": True}}, as_=self.alice)
        assert lookup.flag("general.auto_backup")
        self.delete(PATH, {"key": "general.auto_backup"})
        assert not lookup.flag("general.auto_backup")

    def test_a_number_that_is_none_is_the_default(self):
        for text, number in (("3", 3), ("0", 1), ("5000", 1000), ("many", 10), ("", 10)):
            self.put(PATH, {"settings": {"general.backup_retention_count": text}}, as_=self.alice)
            assert lookup.number("general.backup_retention_count", low=1, high=1000) == number

    def test_it_asks_the_database_once_in_a_while(self):
        lookup.value("general.site_name")
        with self.assertNumQueries(0):
            lookup.value("general.auto_backup")
            lookup.value("unknown")
