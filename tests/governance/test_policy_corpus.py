from __future__ import annotations

from unittest import TestCase

from governance.policy import Decision, Grant

from .policy_cases import ROLES, ask, corpus

LINES = corpus()


class CorpusTests(TestCase):
    def test_there_are_enough_different_lines(self) -> None:
        assert len({(line.kind, line.text) for line in LINES}) == len(LINES) >= 900

    def test_every_line_is_judged_as_labelled(self) -> None:
        for line in LINES:
            with self.subTest(kind=line.kind, text=line.text):
                verdict = ask(line.action)
                assert verdict.decision == line.decision, verdict
                if line.decision == "DENY":
                    label = line.label + line.text if line.label.endswith(":") else line.label
                    assert label in verdict.violations, verdict
                else:
                    assert verdict.risk.name == line.label, verdict

    def test_nothing_that_is_blocked_is_allowed_to_anybody(self) -> None:
        for line in LINES:
            if line.decision != "ALLOW":
                for agent in ROLES:
                    with self.subTest(kind=line.kind, text=line.text, role=agent.role):
                        assert ask(line.action, agent).decision != Decision.ALLOW

    def test_no_approval_lifts_what_is_denied(self) -> None:
        for line in LINES:
            if line.decision != "DENY":
                continue
            action = line.action
            payload = {"type": action.type, "tool": action.tool, "command": action.command, "path": action.path}
            grant = Grant("approval_1", "TOOL_EXEC", "jordan", payload=payload, summary=line.text)
            with self.subTest(kind=line.kind, text=line.text):
                assert ask(action, grants=(grant,), approval_id="approval_1").decision == Decision.DENY

    def test_a_denied_command_stays_denied_in_the_arguments_of_any_tool(self) -> None:
        for line in LINES:
            if line.kind == "command" and line.decision == "DENY":
                for name in ("bash", "think", "unheard_of", "read"):
                    with self.subTest(text=line.text, tool=name):
                        hidden = type(line.action)(
                            line.action.type, tool=name, command="ls", args={"command": line.text}
                        )
                        assert ask(hidden).decision == Decision.DENY
