"""What was handed on, as a tree: the parts of a delegation, and what whoever got it has handed on in turn."""

from __future__ import annotations

from dataclasses import dataclass, field

from agents.models import Agent
from transcripts.models import Delegation

DEEPEST, NEWEST = 6, 200


@dataclass(slots=True)
class Node:
    row: Delegation
    below: list[Node] = field(default_factory=list)


def delegations_of(agent: Agent) -> list[Node]:
    """The newest first at every level, with one query for each level of agents."""
    roots, seen, level = _forest([agent.pk]).get(agent.pk, []), {agent.pk}, [agent.pk]
    nodes = _all(roots)
    for _ in range(DEEPEST):
        level = sorted({node.row.to_agent_id for node in nodes if node.row.to_agent_id} - seen)
        if not level:
            break
        seen |= set(level)
        trees = _forest(level)
        for node in nodes:
            node.below += trees.pop(node.row.to_agent_id or 0, [])
        nodes = [node for tree in _grown(nodes, level) for node in tree]
    return roots


def _forest(agents: list[int]) -> dict[int, list[Node]]:
    """By agent, those that are no part of another one."""
    rows = Delegation.objects.filter(agent_id__in=agents).select_related("agent", "to_agent").order_by("-id")[:NEWEST]
    nodes = {(row.agent_id, row.delegation_id): Node(row) for row in rows}
    roots: dict[int, list[Node]] = {}
    for (agent_id, own), node in nodes.items():
        above = nodes.get((agent_id, node.row.parent)) if node.row.parent not in ("", own) else None
        if above is None or _is_within(node, above):
            roots.setdefault(agent_id, []).append(node)
        else:
            above.below.append(node)
    return roots


def _is_within(node: Node, above: Node) -> bool:
    return any(each is above for each in _all([node]))


def _all(nodes: list[Node]) -> list[Node]:
    return [each for node in nodes for each in (node, *_all(node.below))]


def _grown(nodes: list[Node], agents: list[int]) -> list[list[Node]]:
    return [_all([each for each in node.below if each.row.agent_id in agents]) for node in nodes]
