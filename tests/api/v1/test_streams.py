from __future__ import annotations

from datetime import timedelta

from activity.models import Event
from agents.models import Agent, Mandate
from core.actors import system
from governance.models import Alert
from tests.factories import make_agent
from tests.transcripts.base import StreamTestCase, text
from tokens.models import Run, ToolCall
from transcripts.models import Entry, Session

TOKEN = "ghp_" + "a1" * 18
DONE = {"type": "agent_done", "role": "coder", "cost": 0.25}


class StreamTests(StreamTestCase):
    def test_what_is_said_is_told_in_order_and_stands_in_the_log(self) -> None:
        texts = [f"piece {n} " for n in range(100)]
        answer = self.taken(*(text(words, seq=n) for n, words in enumerate(texts)))
        assert answer.body["accepted"] == 100
        told = Event.objects.filter(kind="agent.text").order_by("id")
        assert [(event.data or {})["text"] for event in told] == texts
        assert told[99].pk == answer.body["lastEventId"]
        assert {event.agent_id for event in told} == {self.jordan.pk}
        assert [entry["text"] for entry in self.log()] == texts

    def test_a_full_batch_takes_few_statements(self) -> None:
        token = self.token(self.jordan)
        self.taken(text("warm", seq=0), as_=token)
        body = {"sessionKey": "main", "events": [text("a word " * 9, seq=n) for n in range(1, 101)]}
        with self.assertNumQueries(14):
            self.client.post(
                "/api/v1/agents/jordan/stream", body, "application/json", headers={"Authorization": f"Bearer {token}"}
            )

    def test_a_batch_that_is_sent_again_is_answered_alike_and_taken_once(self) -> None:
        batch = [text("hello", seq=1), {"type": "agent_text", "seq": 2}, DONE | {"seq": 3}]
        first, second = self.stream(*batch), self.stream(*batch)
        assert first.body == second.body
        assert first.body["accepted"] == 2
        assert first.body["rejected"] == [{"index": 1, "message": "text: is required"}]
        assert (Entry.objects.count(), len(self.events("agent.done"))) == (1, 1)
        # What was wrong with it was mended.
        assert self.stream(*batch[:1], text("there", seq=2)).body["accepted"] == 2
        assert [entry["text"] for entry in self.log()] == ["hello", "there"]

    def test_numbers_count_within_their_session(self) -> None:
        self.taken(text("a", seq=1), key="one")
        self.taken(text("b", seq=1), key="two")
        self.taken(text("a", seq=1), text("a", seq=1), text("c", seq=2), key="one")
        assert [entry["text"] for entry in self.log()] == ["a", "b", "c"]
        sessions = self.ask("GET", "/agents/jordan/sessions").body["sessions"]
        assert {session["sessionKey"] for session in sessions} == {"one", "two"}

    def test_batches_may_come_in_any_order(self) -> None:
        self.taken(text("later", seq=5))
        self.taken(text("earlier", seq=3), text("between", seq=4))
        self.taken(text("later", seq=5), text("first", seq=0))
        assert [entry["text"] for entry in self.log()] == ["later", "earlier", "between", "first"]
        assert Session.objects.get().seen == [[0, 0], [3, 5]]

    def test_an_item_without_a_number_is_always_new(self) -> None:
        self.taken(text("again"), text("again"))
        assert len(self.log()) == 2

    def test_what_is_wrong_is_refused_by_its_place_and_the_rest_is_taken(self) -> None:
        rejected = self.rejected(
            text("one"),
            "not an object",
            text("x" * 32_769),
            text("é" * 16_385),
            {"type": "agent_text", "text": 7},
            {"type": "agent_tool", "tool": "read", "input": []},
            {"type": "agent_tool", "tool": "read", "input": {"x": "y" * 70_000}},
            {"type": "agent_tool_result", "tool": "read", "result": ["a"]},
            {"type": "agent_todos", "todos": [{"content": "x", "status": "pending"}] * 101},
            {"type": "agent_todos", "todos": [{"content": "x", "status": "later"}]},
            {"type": "agent_done", "role": "coder", "cost": True},
            {"type": "delegation_update", "delegationId": "d", "status": "lost", "toRole": "x"},
            {"type": "agent_spawn_request", "request": {"agents": []}},
            {"type": "agent_removed"},
            {"type": "agent_dance"},
            {"no": "type"},
            text("seq", seq=1.5),
            text("run", runId="run_999"),
            text("run", runId="task_1"),
            None,
            text("two"),
        )
        assert [entry["text"] for entry in self.log()] == ["one", "two"]
        assert set(rejected) == set(range(1, 20))
        assert rejected[1] == "must be an object"
        assert rejected[2] == rejected[3] == "text: must be at most 32 KiB"
        assert "64 KiB" in rejected[6]
        assert rejected[7] == "result: must be a string or an object"
        assert rejected[13] == "type: agent_removed is told by the server itself"
        assert rejected[14].startswith("type: must be one of agent_session")
        assert rejected[15] == "type: is required"
        assert rejected[17] == "runId: the agent has no run run_999"

    def test_a_batch_that_is_none_is_refused(self) -> None:
        path = "/agents/jordan/stream"
        for body in (
            {}, {"sessionKey": "s"}, {"sessionKey": "s", "events": []},
            {"sessionKey": "s", "events": [text("x")] * 101},
            {"sessionKey": "", "events": [text("x")]}, {"sessionKey": 5, "events": [text("x")]},
            {"sessionKey": "s" * 129, "events": [text("x")]}, {"sessionKey": "s", "events": {"a": 1}},
        ):  # fmt: skip
            with self.subTest(body=str(body)[:60]):
                self.refused(self.ask("POST", path, body, as_=self.jordan), 400, "VALIDATION_ERROR")
        self.refused(self.ask("POST", path, b"[", as_=self.jordan), 400, "INVALID_JSON")
        huge = {"sessionKey": "s", "events": [text("x" * 30_000)] * 75}
        self.refused(self.ask("POST", path, huge, as_=self.jordan), 413, "PAYLOAD_TOO_LARGE")

    def test_presence_follows_what_the_agent_does(self) -> None:
        for item, shown in (
            ({"type": "agent_working"}, "busy"),
            (DONE, "idle"),
            ({"type": "agent_error", "error": "no disk"}, "error"),
        ):
            self.taken(item)
            assert self.presence() == shown
        self.taken({"type": "agent_working"}, text("x"), DONE)
        assert self.presence() == "idle"
        assert Agent.objects.get(pk=self.jordan.pk).last_seen is not None
        moved = [(data["was"], data["status"]) for data in self.events("agent.presence_changed")]
        assert moved == [("offline", "busy"), ("busy", "idle"), ("idle", "error"), ("error", "idle")]

    def test_who_is_stopped_looks_stopped_whatever_it_says(self) -> None:
        Mandate.objects.filter(agent=self.jordan).update(control=Mandate.Control.PAUSED)
        Agent.objects.filter(pk=self.jordan.pk).update(status="idle")
        self.taken({"type": "agent_working"}, text("still talking"))
        assert self.presence() == "idle"
        assert len(self.log()) == 1

    def test_an_agent_in_quarantine_is_not_heard(self) -> None:
        Mandate.objects.filter(agent=self.jordan).update(control=Mandate.Control.QUARANTINED)
        self.refused(self.stream(text("x")), 403, "AGENT_QUARANTINED")
        assert self.ask("GET", "/agents/jordan/inbox", as_=self.jordan).status == 200

    def test_sessions_todos_and_delegations_are_kept(self) -> None:
        run = self.new_run()
        todos = [{"content": "Read", "status": "completed"}, {"content": "Write", "status": "in_progress"}]
        self.taken(
            {"type": "agent_session", "sessionId": "abc"},
            {"type": "agent_todos", "todos": todos[:1]},
            {"type": "agent_todos", "todos": todos},
            {"type": "delegation_update", "delegationId": "d1", "status": "pending", "toRole": "tester"},
            {"type": "delegation_update", "delegationId": "d1", "status": "done", "toRole": "tester"},
            text("x", runId=run),
        )
        [session] = self.ask("GET", "/agents/jordan/sessions").body["sessions"]
        assert (session["sessionId"], session["runId"]) == ("abc", run)
        assert self.ask("GET", "/agents/jordan/todos").body["todos"] == todos
        [one] = self.ask("GET", "/agents/jordan/delegations").body["delegations"]
        assert (one["delegationId"], one["status"], one["toRole"]) == ("d1", "done", "tester")

    def test_delegations_are_a_tree(self) -> None:
        sam = self.agent("sam")
        part = {"type": "delegation_update", "status": "running", "toRole": "x"}
        self.taken(
            {**part, "delegationId": "whole", "toAgentId": "sam"},
            {**part, "delegationId": "part", "parentDelegationId": "whole"},
            {**part, "delegationId": "round", "parentDelegationId": "trip"},
            {**part, "delegationId": "trip", "parentDelegationId": "round"},
        )
        self.taken({**part, "delegationId": "further", "toAgentId": "jordan"}, as_=sam, agent="sam")
        shown = self.ask("GET", "/agents/jordan/delegations").body["delegations"]
        names = {one["delegationId"]: sorted(each["delegationId"] for each in one["delegations"]) for one in shown}
        assert names["whole"] == ["further", "part"]
        assert sorted({"round", "trip"} & set(names)) != []
        assert self.rejected({**part, "delegationId": "d", "toAgentId": "nobody"}) == {
            0: "toAgentId: there is no agent nobody"
        }

    def test_texts_lose_their_secrets_also_over_the_end_of_a_piece(self) -> None:
        self.taken(
            text(f"mine is {TOKEN}."),
            {"type": "agent_tool", "tool": "exec", "input": {"command": f"curl {TOKEN}", "password": "hunter2!"}},
            {"type": "agent_tool_result", "tool": "exec", "result": {"out": TOKEN}},
            {"type": "agent_error", "error": TOKEN},
            text(f"another is {TOKEN[:20]}"), text(TOKEN[20:]), text(" and no more"),
        )  # fmt: skip
        stored = "".join(entry["text"] for entry in self.log())
        told = str([event.data for event in Event.objects.all()])
        for found in (stored, told):
            assert TOKEN[:12] not in found
            assert TOKEN[20:] not in found
            assert "hunter2" not in found
        assert stored.endswith("another is [REDACTED] and no more")

    def test_large_results_are_cut(self) -> None:
        self.taken(
            {"type": "agent_tool_result", "tool": "read", "result": "é" * 20_000},
            {"type": "agent_tool_result", "tool": "read", "result": {"text": "x" * 100_000}},
            {"type": "agent_tool_result", "tool": "read", "result": {"text": "short"}, "isError": True},
        )
        first, second, third = self.events("agent.tool_result")
        assert (first["truncated"], second["truncated"], third["truncated"]) == (True, True, False)
        assert len(first["result"].encode()) == 16 * 1024
        assert (third["result"], third["is_error"]) == ({"text": "short"}, True)

    def test_a_tool_within_a_run_is_one_of_its_calls(self) -> None:
        run = self.new_run()
        use = {"type": "agent_tool", "tool": "read", "input": {"path": "a.py"}, "toolUseId": "u1", "runId": run}
        self.taken(use, {**use, "toolUseId": "u2"})
        result = {"type": "agent_tool_result", "tool": "read", "result": "text", "toolUseId": "u1", "runId": run}
        self.taken(result, {**result, "toolUseId": "u2", "isError": True, "result": "no such file"})
        calls = ToolCall.objects.order_by("id")
        assert [(call.tool_name, call.status, call.error) for call in calls] == [
            ("read", "SUCCESS", None), ("read", "FAILED", "no such file"),
        ]  # fmt: skip
        self.taken(use | {"toolUseId": ""}, use | {"runId": None})
        assert ToolCall.objects.count() == 3

    def test_an_unapproved_dangerous_tool_is_told_of_unless_somebody_permitted_it(self) -> None:
        run = self.new_run()
        use = {"type": "agent_tool", "tool": "deploy", "input": {"to": "staging"}, "toolUseId": "u1", "runId": run}
        wish = {"agentId": "jordan", "tool": "deploy", "input": {"to": "staging"}, "toolUseId": "u1"}
        asked = self.ask("POST", "/permissions", wish, as_=self.jordan).body
        self.ask("POST", f"/permissions/{asked['requestId']}/respond", {"approved": True})
        self.taken(use)
        assert not Alert.objects.filter(type="POLICY_VIOLATION").exists()
        self.taken({**use, "toolUseId": "u2"})
        assert Alert.objects.filter(type="POLICY_VIOLATION").count() == 1

    def test_the_end_of_a_run_is_told_once_whoever_tells_it_first(self) -> None:
        end = {"status": "COMPLETED", "costUsd": 0.5}
        first, second = self.new_run(), self.new_run()
        self.taken({**DONE, "runId": first}, {**DONE, "runId": first})
        self.ask("PATCH", f"/events/run/{first}", end, as_=self.jordan)
        self.ask("PATCH", f"/events/run/{second}", end, as_=self.jordan)
        self.taken({**DONE, "runId": second})
        assert [data["run_id"] for data in self.events("agent.done")] == [int(first.removeprefix("run_"))]
        told = {data["run"]["id"]: data["run"]["done_told"] for data in self.events("run.completed")}
        assert [told[int(run.removeprefix("run_"))] for run in (first, second)] == [True, False]
        # What the agent says of its cost is for the eye.
        assert {run.cost_microusd for run in Run.objects.all()} == {500_000}

    def test_times_are_the_runners_unless_its_clock_is_far_off(self) -> None:
        an_hour_ago = int((self.now - timedelta(hours=1)).timestamp() * 1000)
        self.taken(text("a", ts=an_hour_ago), text("b", ts=0), text("c", ts=2**53))
        first, second, third = (entry["ts"] for entry in self.log())
        assert first == an_hour_ago
        assert min(second, third) > an_hour_ago + 3_000_000

    def test_an_agent_speaks_for_itself_alone_and_people_for_any(self) -> None:
        sam = self.agent("sam")
        self.refused(self.stream(text("x"), as_=sam), 403, "AGENT_MISMATCH")
        for path in ("log", "inbox", "sessions", "todos", "delegations"):
            self.refused(self.ask("GET", f"/agents/jordan/{path}", as_=sam), 403, "AGENT_MISMATCH")
        assert self.stream(text("for it"), as_=self.bob).status == 202
        self.refused(self.stream(text("x"), as_=self.vera), 403, "FORBIDDEN")
        self.refused(self.stream(text("x"), as_=self.charlie), 404, "NOT_FOUND")
        make_agent("lee", actor=system(self.elsewhere.pk))
        self.refused(self.stream(text("x"), agent="lee", as_=self.bob), 404, "NOT_FOUND")

    def test_another_agents_run_is_none_of_its_own(self) -> None:
        run = self.new_run(as_=self.agent("sam"))
        assert self.rejected(text("x", runId=run)) == {0: f"runId: the agent has no run {run}"}

    def test_a_call_with_a_key_that_comes_again_is_not_done_again(self) -> None:
        body = {"sessionKey": "main", "events": [text("once")]}
        for replayed in (None, "true"):
            answer = self.ask("POST", "/agents/jordan/stream", body, as_=self.jordan, x_idempotency_key="k1")
            assert answer.status == 202
            assert answer.headers.get("X-Idempotent-Replay") == replayed
        assert len(self.log()) == 1
