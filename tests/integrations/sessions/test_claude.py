from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from django.test import override_settings

from integrations.models import LocalSession, SessionFile
from integrations.sessions import scanning
from integrations.sessions.scanning import is_anything_new, scan
from tests.base import BaseTestCase
from tokens.models import Rollup, TokenUsage

NOW = datetime(2031, 1, 1, 0, 10, tzinfo=UTC)
FIRST, LATER = "2031-01-01T00:00:00.000Z", "2031-01-01T00:00:05.000Z"
USAGE = {
    "input_tokens": 1000,
    "output_tokens": 100,
    "cache_read_input_tokens": 10000,
    "cache_creation_input_tokens": 2000,
}
ASKED = {
    "type": "user", "sessionId": "cs-1", "timestamp": FIRST, "cwd": "/srv/pond", "gitBranch": "main",
    "message": {"role": "user", "content": "count ducks"},
}  # fmt: skip


def answer(id: str = "m1", at: str = LATER, usage: dict[str, int] = USAGE, **more: object) -> dict[str, object]:
    message = {
        "id": id,
        "model": "claude-sonnet-4-6",
        "usage": usage,
        "content": [{"type": "tool_use", "name": "Bash"}],
    }
    return {"type": "assistant", "timestamp": at, "message": message, **more}


SIDE = {
    "type": "assistant", "isSidechain": True, "timestamp": "2031-01-01T00:00:09.000Z",
    "message": {"usage": {"input_tokens": 9}},
}  # fmt: skip


class ScanTestCase(BaseTestCase):
    def setUp(self):
        super().setUp()
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = Path(folder.name)
        settings = override_settings(CLAUDE_HOME=self.home / "claude", CODEX_HOME=self.home / "codex")
        settings.enable()
        self.addCleanup(settings.disable)
        self.addCleanup(scanning.forget)

    def write(self, *lines: object, file: str = "-srv-pond/a.jsonl", mode: str = "a", at: datetime = NOW) -> Path:
        path = self.home / "claude" / "projects" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open(mode) as stream:
            for line in lines:
                stream.write(line if isinstance(line, str) else json.dumps(line) + "\n")
        self.touched = getattr(self, "touched", 0) + 1
        stamp = (at - timedelta(minutes=5)).timestamp() + self.touched / 1000
        os.utime(path, (stamp, stamp))
        return path

    def booked(self) -> tuple[int, int, int]:
        """Tokens in, tokens out and cost of all usage rows, which the sums agree with."""
        rows = TokenUsage.objects.values_list("input_tokens", "output_tokens", "cost_microusd")
        found = tuple(sum(column) for column in zip(*rows, strict=True)) or (0, 0, 0)
        totals = Rollup.objects.filter(dimension="total").values_list("input_tokens", "output_tokens", "cost_microusd")
        assert (tuple(sum(column) for column in zip(*totals, strict=True)) or (0, 0, 0)) == found
        return found


class ClaudeScanTests(ScanTestCase):
    def test_a_session_with_its_figures(self):
        self.write({"type": "summary", "summary": "x"}, ASKED, answer(), SIDE, "not json\n")
        assert str(scan(now=NOW)) == "Scanned 1 session(s), 1 active"
        row = LocalSession.objects.get()
        assert (row.session_id, row.project_slug, row.project_path) == ("cs-1", "-srv-pond", "/srv/pond")
        assert (row.user_messages, row.assistant_messages, row.tool_uses) == (1, 1, 1)
        assert (row.input_tokens, row.output_tokens, row.cost_microusd) == (13000, 100, 15000)
        assert (row.git_branch, row.model, row.last_user_prompt) == ("main", "claude-sonnet-4-6", "count ducks")
        assert self.booked() == (13000, 100, 15000)
        usage = TokenUsage.objects.get()
        assert (usage.agent_name, usage.session_id, usage.model) == (
            "-srv-pond",
            "-srv-pond:claude-code",
            "claude-sonnet-4-6",
        )
        assert usage.at == datetime(2031, 1, 1, 0, 0, 5, tzinfo=UTC)

    def test_what_was_counted_is_not_counted_again(self):
        self.write(ASKED, answer())
        scan(now=NOW)
        assert not is_anything_new(NOW)
        scanning.forget()  # a new process
        assert not is_anything_new(NOW)
        scan(now=NOW)
        self.write(answer("m2"))
        assert is_anything_new(NOW)
        scan(now=NOW)
        assert self.booked() == (26000, 200, 30000)
        assert LocalSession.objects.get().assistant_messages == 2

    def test_lines_of_one_message_count_once(self):
        growing = USAGE | {"output_tokens": 7}
        self.write(ASKED, answer(usage=growing, requestId="r"), answer(requestId="r"), answer(requestId="r"))
        scan(now=NOW)
        row = LocalSession.objects.get()
        assert (row.assistant_messages, row.tool_uses, row.output_tokens) == (1, 3, 100)
        assert self.booked()[1] == 100

    def test_a_line_that_is_being_written_waits_for_its_end(self):
        whole = json.dumps(answer())
        self.write(ASKED, whole[:50])
        scan(now=NOW)
        assert self.booked() == (0, 0, 0)
        self.write(whole[50:] + "\n")
        scan(now=NOW)
        assert self.booked() == (13000, 100, 15000)

    def test_a_file_that_was_replaced_is_read_anew_and_paid_for_once(self):
        self.write(ASKED, answer(), answer("m2"))
        scan(now=NOW)
        self.write(ASKED | {"cwd": "/srv/lake"}, answer(), answer("m3"), mode="w")
        scan(now=NOW)
        assert LocalSession.objects.get().assistant_messages == 2
        assert self.booked()[1] == 300

    def test_a_file_that_was_cut_off(self):
        path = self.write(ASKED, answer())
        scan(now=NOW)
        path.write_text("")
        self.write(ASKED)
        scan(now=NOW)
        assert LocalSession.objects.get().assistant_messages == 0
        assert self.booked()[1] == 100

    def test_a_session_that_was_continued_in_a_copy_is_paid_for_once(self):
        self.write(ASKED, answer())
        scan(now=NOW)
        self.write(ASKED | {"sessionId": "cs-2"}, answer(), answer("m9"), file="-srv-pond/b.jsonl")
        scan(now=NOW)
        assert LocalSession.objects.count() == 2
        assert self.booked()[1] == 200

    def test_usage_is_booked_in_its_hour(self):
        self.write(ASKED, answer(), answer("m2", at="2030-12-31T21:30:00Z"))
        scan(now=NOW)
        hours = Rollup.objects.filter(dimension="total").order_by("starts").values_list("starts", "output_tokens")
        midnight = int(datetime(2031, 1, 1, tzinfo=UTC).timestamp())
        assert list(hours) == [(midnight - 3 * 3600, 100), (midnight, 100)]

    def test_a_session_whose_log_has_gone_goes_too_unless_all_are_gone(self):
        self.write(ASKED, answer())
        other = self.write(ASKED | {"sessionId": "cs-2"}, file="-srv-lake/b.jsonl")
        scan(now=NOW)
        other.unlink()
        assert scan(now=NOW).removed == 1
        assert [row.session_id for row in LocalSession.objects.all()] == ["cs-1"]
        (self.home / "claude").rename(self.home / "elsewhere")
        assert scan(now=NOW).sessions == 1
        assert self.booked()[1] == 100

    def test_what_is_no_log_of_a_session_is_passed_over(self):
        self.write({"type": "summary", "sessionId": "cs-0"}, file="p/nothing-said.jsonl")
        self.write(ASKED | {"sessionId": None}, file="p/nameless.jsonl")
        self.write("[1, 2]\n", '"text"\n', "\n", "{\n", file="p/odd.jsonl")
        self.write(ASKED, file="p/deeper/one.jsonl")
        self.write(ASKED, file="p/notes.txt")
        outside = self.write(ASKED, file="../../outside.jsonl")
        (self.home / "claude/projects/p/link.jsonl").symlink_to(outside)
        (self.home / "claude/projects/linked").symlink_to(self.home)
        scan(now=NOW)
        assert not LocalSession.objects.exists()
        assert not SessionFile.objects.filter(path__contains="link").exists()

    def test_odd_values_do_no_harm(self):
        odd = {"input_tokens": -5, "output_tokens": "many", "cache_read_input_tokens": 10**40}
        self.write(
            ASKED | {"cwd": 7, "gitBranch": "x" * 999, "timestamp": "yesterday", "message": {"content": "a\0b"}},
            answer(usage=odd, at="9999-12-31T23:59:59Z"),  # type: ignore[arg-type]
            {"type": "assistant", "message": {"usage": [], "content": "text", "model": ["m"]}},
            {"type": "assistant", "message": "text"},
        )
        scan(now=NOW)
        row = LocalSession.objects.get()
        assert (row.input_tokens, row.output_tokens, row.last_user_prompt) == (0, 0, "ab")
        assert row.last_message_at is not None and row.last_message_at <= NOW

    def test_a_line_of_absurd_length_is_passed_over(self):
        with self.settings(MAX_SESSION_FILE_BYTES=10**9):
            path = self.write(ASKED, answer())
            with path.open("a") as stream:
                stream.write('{"type":"assistant","message":{"content":"' + "x" * (20 * 1024 * 1024))
            scan(now=NOW)
            self.write("x" * 100 + '"}}\n', answer("m2"))
            scan(now=NOW)
        assert LocalSession.objects.get().assistant_messages == 2

    def test_a_new_file_beyond_the_limit_is_passed_over(self):
        with self.settings(MAX_SESSION_FILE_BYTES=100):
            self.write(ASKED, answer())
            scan(now=NOW)
            assert not LocalSession.objects.exists()
            assert not is_anything_new(NOW)

    def test_a_file_that_may_not_be_read_is_told_of_once(self):
        path = self.write(ASKED, answer())
        path.unlink()
        os.mkfifo(path.with_name("pipe.jsonl"))
        self.write(ASKED, file="-srv-lake/b.jsonl")
        scan(now=NOW)
        assert [row.project_slug for row in LocalSession.objects.all()] == ["-srv-lake"]
        assert not is_anything_new(NOW)


class CodexScanTests(ScanTestCase):
    def test_totals_of_a_session_that_grows(self):
        path = self.home / "codex/sessions/2031/01/01/rollout-x.jsonl"
        path.parent.mkdir(parents=True)

        def count(tokens_in: int, cached: int, out: int) -> str:
            total = {"input_tokens": tokens_in, "cached_input_tokens": cached, "output_tokens": out}
            payload = {"type": "token_count", "info": {"total_token_usage": total}}
            return json.dumps({"timestamp": LATER, "type": "event_msg", "payload": payload}) + "\n"

        def said(role: str) -> str:
            payload = {"type": "message", "role": role, "content": [{"type": "input_text", "text": "count ducks"}]}
            return json.dumps({"timestamp": FIRST, "type": "response_item", "payload": payload}) + "\n"

        meta = {
            "timestamp": FIRST,
            "type": "session_meta",
            "payload": {"id": "cx-1", "cwd": "/srv/pond", "model": "gpt-5"},
        }
        path.write_text(json.dumps(meta) + "\n" + said("user") + said("assistant") + count(1000, 400, 50))
        scan(now=NOW)
        row = LocalSession.objects.get()
        assert (row.tool, row.session_id, row.project_slug, row.model) == ("codex-cli", "cx-1", "pond", "gpt-5")
        assert (row.user_messages, row.assistant_messages) == (1, 1)
        assert (row.input_tokens, row.output_tokens) == (1000, 50)
        with path.open("a") as stream:
            stream.write(count(1500, 400, 80) + count(1500, 400, 80))
        scan(now=NOW)
        row.refresh_from_db()
        assert (row.input_tokens, row.output_tokens) == (1500, 80)
        assert self.booked()[:2] == (1500, 80)
