"""What agents have said and done: their logs, sessions, lists of things to do, and what they handed on."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from agents.models import Agent
from api.schemas import FLAG, has, many, maybe
from core.clock import milliseconds
from transcripts.models import Entry, Session, Todos
from transcripts.services.handing_on import Node, delegations_of
from transcripts.services.keeping import hide_entry

from .base import V1View
from .body import Flag, Shape
from .docs.schema import MOMENT, ref
from .docs.words import before, describe
from .ids import row_id, shown
from .listing import older, page_of
from .out import moment
from .policy import find_own_agent

SESSIONS_AT_MOST = 100


def entry_out(row: Entry) -> dict[str, Any]:
    return {
        "id": shown("entry", row.pk),
        "ts": milliseconds(row.at),
        "kind": row.kind,
        "text": row.text,
        "hidden": row.hidden,
        "tool": row.tool or None,
        "toolUseId": row.tool_use_id or None,
        "isError": row.is_error,
        "author": row.author or None,
        "sessionKey": row.session_key or None,
        "runId": shown("run", row.run_id),
    }


class Log(V1View):
    route = "agent-log"

    @describe(
        "What an agent said and did: the newest, in the order in which it was.",
        query=before("entry"),
        answers={200: has(entries=many(ref("LogEntry")), hasMore=FLAG)},
        note="An agent reads its own alone.",
    )
    def get(self, request: Request, id: str) -> Response:
        rows = Entry.objects.of(find_own_agent(self, id).pk)
        limit = page_of(request.query_params).limit
        found = list(older(rows, request.query_params, "entry", at="at")[: limit + 1])
        return Response({"entries": [entry_out(row) for row in found[:limit][::-1]], "hasMore": len(found) > limit})


class Sight(Shape):
    hidden: Flag


class LogEntry(V1View):
    route = "agent-log-entry"

    @describe(
        "Hide an entry of an agent's log, or show it again.", body=Sight, answers={200: has(entry=ref("LogEntry"))}
    )
    def patch(self, request: Request, id: str, entry: str) -> Response:
        agent = find_own_agent(self, id)
        number, want = row_id("entry", entry), self.read(Sight)
        row = hide_entry(agent=agent, entry_id=number, hidden=want.hidden, actor=self.actor, now=self.now)
        return Response({"entry": entry_out(row)})


class Sessions(V1View):
    route = "agent-sessions"

    @describe(
        "The sessions of an agent, the one last heard of first.",
        answers={200: has(sessions=many(ref("Session")))},
        note="An agent reads its own alone.",
    )
    def get(self, request: Request, id: str) -> Response:
        rows = Session.objects.filter(agent=find_own_agent(self, id)).order_by("-last_at", "-id")
        return Response({"sessions": [_session_out(row) for row in rows[:SESSIONS_AT_MOST]]})


def _session_out(row: Session) -> dict[str, Any]:
    return {
        "sessionKey": row.key,
        "sessionId": row.session_id or None,
        "runId": shown("run", row.run_id),
        "startedAt": moment(row.started_at),
        "lastContactAt": moment(row.last_at),
    }


class AgentTodos(V1View):
    route = "agent-todos"

    @describe(
        "What an agent means to do, as it last said.",
        answers={200: has(todos=many(ref("TodoShown")), updatedAt=maybe(MOMENT))},
        note="An agent reads its own alone.",
    )
    def get(self, request: Request, id: str) -> Response:
        found = Todos.objects.filter(agent=find_own_agent(self, id)).first()
        return Response(
            {"todos": found.items if found else [], "updatedAt": moment(found.updated_at if found else None)}
        )


class Delegations(V1View):
    route = "agent-delegations"

    @describe(
        "What an agent has handed on, and what was handed on from there.",
        answers={200: has(delegations=many(ref("Delegation")))},
        note="An agent reads its own alone.",
    )
    def get(self, request: Request, id: str) -> Response:
        agent: Agent = find_own_agent(self, id)
        return Response({"delegations": [_node_out(node) for node in delegations_of(agent)]})


def _node_out(node: Node) -> dict[str, Any]:
    row = node.row
    return {
        "delegationId": row.delegation_id,
        "agentId": row.agent.slug,
        "toRole": row.to_role,
        "toAgentId": row.to_agent.slug if row.to_agent else None,
        "status": row.status,
        "createdAt": moment(row.created_at),
        "updatedAt": moment(row.updated_at),
        "delegations": [_node_out(each) for each in node.below],
    }
