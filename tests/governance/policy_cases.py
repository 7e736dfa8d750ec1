"""The agents and actions that the tests of the policy ask about, and the corpus of labelled ones."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from governance.policy import Action, ActionType, AgentFacts, Context, Policy, Verdict, evaluate

WORKSPACE = "/squad/jordan"
POLICY = Policy()
INTERN = AgentFacts("ivy", "INTERN", workspace_path=WORKSPACE, can_spawn=False)
SPECIALIST = AgentFacts("jordan", "SPECIALIST", workspace_path=WORKSPACE)
LEAD = AgentFacts("lee", "LEAD", workspace_path=WORKSPACE)
ROLES = (INTERN, SPECIALIST, LEAD)


@dataclass(frozen=True)
class Line:
    kind: str
    decision: str
    label: str
    text: str

    @property
    def action(self) -> Action:
        if self.kind == "command":
            return command(self.text)
        if self.kind == "write":
            return Action(ActionType.FILE_WRITE, path=self.text)
        if self.kind == "read":
            return tool("read", path=self.text)
        return Action(ActionType.NETWORK, domain=self.text)


def corpus() -> list[Line]:
    lines = (Path(__file__).parent / "policy_corpus.tsv").read_text().splitlines()
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    return [Line(kind, decision, label, json.loads(text)) for kind, decision, label, text in rows]


def command(text: str, **more: Any) -> Action:
    return Action(ActionType.TOOL_CALL, tool="exec", command=text, **more)


def tool(name: str, **more: Any) -> Action:
    return Action(ActionType.TOOL_CALL, tool=name, **more)


def ask(action: Action, agent: AgentFacts = SPECIALIST, policy: Policy = POLICY, **context: Any) -> Verdict:
    return evaluate(policy, agent, action, Context(**context))
