"""Sessions of agents: those connected, and those of coding tools on this machine. Those that a gateway would run can be
named, and it is said that none is connected."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import DEFAULT_WORKSPACE
from api.schemas import FLAG, FREE, TEXT, WHOLE, has, many, maybe
from core.clock import milliseconds
from core.errors import Invalid, Unavailable
from core.money import dollars
from integrations.models import LocalSession
from integrations.sessions.transcript import newest_messages
from system import gateway, sessions

from .answers import ERROR
from .base import LegacyView, whole
from .docs import describe

KEY = re.compile(r"[A-Za-z0-9:_.-]+\Z")
CONTEXT = 35_000
LONGEST_LABEL, LONGEST_PROMPT = 100, 6000
THINKING = ("off", "minimal", "low", "medium", "high", "xhigh")
VERBOSE = ("off", "on", "full")
REASONING = ("off", "on", "stream")
CONTROLS = ("monitor", "pause", "terminate")
KINDS = ("claude-code", "codex-cli", "opencode")
TRANSCRIPT, TRANSCRIPT_CAP = 40, 200
# Of the sessions of local tools.
LOCAL = 50
LOCALLY = {
    "userMessages": WHOLE, "assistantMessages": WHOLE, "toolUses": WHOLE, "estimatedCost": {"type": "number"},
    "lastUserPrompt": maybe(TEXT), "workingDir": maybe(TEXT), "totalTokens": WHOLE,
}  # fmt: skip
SESSION = has(
    *LOCALLY,
    id=TEXT, key=TEXT, agent=TEXT, kind=TEXT, age=TEXT, model=TEXT, tokens=TEXT, channel=TEXT, flags=many(TEXT),
    active=FLAG, startTime=WHOLE, lastActivity=WHOLE, source={"type": "string", "enum": ["gateway", "local"]},
    **LOCALLY,
)  # fmt: skip
DONE = has(success=FLAG, sessionKey=TEXT, result=FREE)
CONTINUE = has(kind={"type": "string", "enum": list(KINDS)}, id=TEXT, prompt=TEXT)


def _one_of(words: tuple[str, ...], what: str) -> Callable[[dict[str, Any]], str | None]:
    def check(sent: dict[str, Any]) -> str | None:
        return None if sent.get("level") in words else f"Invalid {what} level. Must be: {', '.join(words)}"

    return check


def _label(sent: dict[str, Any]) -> str | None:
    label = sent.get("label")
    good = isinstance(label, str) and len(label) <= LONGEST_LABEL
    return None if good else f"Label must be a string up to {LONGEST_LABEL} characters"


# What can be set, and what is wrong with the body that sets it.
SETTINGS: dict[str, Callable[[dict[str, Any]], str | None]] = {
    "set-thinking": _one_of(THINKING, "thinking"),
    "set-verbose": _one_of(VERBOSE, "verbose"),
    "set-reasoning": _one_of(REASONING, "reasoning"),
    "set-label": _label,
}


class _SessionView(LegacyView):
    is_global = True

    def handle_exception(self, error: Exception) -> Response:
        """What the gateway says is a failure of the server here, as it always was."""
        if isinstance(error, Unavailable):
            return Response({"error": error.message}, status=500)
        return super().handle_exception(error)


def _key_in(sent: dict[str, Any]) -> str:
    key = sent.get("sessionKey")
    if not (isinstance(key, str) and KEY.match(key)):
        raise Invalid("Invalid session key")
    return key


class Sessions(_SessionView):
    route = "sessions"
    limited = frozenset({"POST", "DELETE"})

    @describe("Open sessions, the newest 100.", answers={200: has(sessions=many(SESSION))})
    def get(self, request: Request) -> Response:
        now = self.now
        shown = [_out(row, milliseconds(now)) for row in sessions.newest(self.actor.workspace_id, now=now)]
        if self.actor.workspace_id == DEFAULT_WORKSPACE:
            local = LocalSession.objects.order_by("-last_message_at", "-id")[:LOCAL]
            shown += [_local(row, milliseconds(now), row.is_active(now)) for row in local]
        shown.sort(key=lambda row: -row["lastActivity"])
        return Response({"sessions": shown[: sessions.NEWEST]})

    @describe(
        "Set how a session thinks, reports or is called.",
        body=has("level", "label", sessionKey=TEXT, level=TEXT, label=TEXT),
        query=("action",),
        answers={200: has(success=FLAG, action=TEXT, sessionKey=TEXT, result=FREE), 500: ERROR},
    )
    def post(self, request: Request) -> Response:
        sent = self.sent_object()
        key, action = _key_in(sent), self.query("action")
        if action not in SETTINGS:
            raise Invalid(f"Invalid action. Must be: {', '.join(SETTINGS)}")
        if wrong := SETTINGS[action](sent):
            raise Invalid(wrong)
        gateway.control(session=key, action=action)

    @describe("End a session.", body=has(sessionKey=TEXT), answers={200: DONE, 500: ERROR})
    def delete(self, request: Request) -> Response:
        gateway.control(session=_key_in(self.sent_object()), action="delete")


class Control(_SessionView):
    route = "session-control"
    limited = frozenset({"POST"})

    @describe(
        "Watch, pause or end a session.",
        body=has(action={"type": "string", "enum": list(CONTROLS)}),
        answers={200: has(success=FLAG, action=TEXT, session=TEXT, result=FREE), 500: ERROR},
    )
    def post(self, request: Request, key: str) -> Response:
        if not KEY.match(key):
            raise Invalid("Invalid session id")
        action = self.sent_object().get("action")
        if action not in CONTROLS:
            raise Invalid(f"Invalid action. Must be: {', '.join(CONTROLS)}")
        gateway.control(session=key, action=action)


class Continue(_SessionView):
    route = "session-continue"

    @describe(
        "Say something to a session of a local tool.",
        body=CONTINUE,
        answers={200: has(ok=FLAG, reply=TEXT), 500: ERROR},
    )
    def post(self, request: Request) -> Response:
        sent = self.sent_object()
        kind, id, prompt = sent.get("kind"), sent.get("id"), sent.get("prompt")
        if kind not in KINDS:
            raise Invalid("Invalid kind")
        if not (isinstance(id, str) and KEY.match(id)):
            raise Invalid("Invalid session id")
        if not (isinstance(prompt, str) and prompt.strip() and len(prompt) <= LONGEST_PROMPT):
            raise Invalid(f"prompt is required (max {LONGEST_PROMPT} chars)")
        gateway.resume(kind=kind)


class Transcript(_SessionView):
    route = "session-transcript"

    @describe(
        "What was said in a session, oldest first.",
        query=("kind", "id", "limit"),
        answers={200: has(messages=many(has("timestamp", role=TEXT, parts=many(FREE), timestamp=TEXT)))},
    )
    def get(self, request: Request) -> Response:
        if not (self.query("kind") and self.query("id")):
            raise Invalid("kind and id are required")
        limit = min(max(whole(self.query("limit"), TRANSCRIPT), 1), TRANSCRIPT_CAP)
        if self.actor.workspace_id != DEFAULT_WORKSPACE:
            return Response({"messages": []})
        messages = newest_messages(tool=self.query("kind"), session_id=self.query("id"), limit=limit)
        return Response({"messages": messages})


def _out(row: sessions.Session, now: int) -> dict[str, Any]:
    heard = milliseconds(row.heard)
    return {
        "id": row.id,
        "key": row.key,
        "agent": row.agent,
        "kind": row.kind,
        "age": _age(now - heard),
        "model": row.model,
        "tokens": f"{_figure(row.tokens)}/{_figure(CONTEXT)} ({round(100 * row.tokens / CONTEXT)}%)",
        "channel": "cli",
        "flags": [],
        "active": row.active,
        "startTime": milliseconds(row.began),
        "lastActivity": heard,
        "source": "gateway",
    }


def _local(row: LocalSession, now: int, is_active: bool) -> dict[str, Any]:
    """Those at work are heard of now. What a gateway's sessions do not tell stands at the end."""
    heard = now if is_active else milliseconds(row.last_message_at) if row.last_message_at else 0
    total = {} if row.tool == LocalSession.Tool.CLAUDE else {"totalTokens": row.input_tokens + row.output_tokens}
    return {
        "id": row.session_id,
        "key": row.project_slug,
        "agent": row.project_slug,
        "kind": row.tool,
        "age": _age(now - heard) if heard else "-",
        "model": row.model or sessions.UNKNOWN_MODEL,
        "tokens": f"{_figure(row.input_tokens)}/{_figure(row.output_tokens)}",
        "channel": "local",
        "flags": [row.git_branch] if row.git_branch else [],
        "active": is_active,
        "startTime": milliseconds(row.first_message_at) if row.first_message_at else 0,
        "lastActivity": heard,
        "source": "local",
        "userMessages": row.user_messages,
        "assistantMessages": row.assistant_messages,
        "toolUses": row.tool_uses,
        "estimatedCost": dollars(row.cost_microusd, 4),
        "lastUserPrompt": row.last_user_prompt,
        "workingDir": row.project_path,
        **total,
    }


def _age(milliseconds: int) -> str:
    minutes = milliseconds // 60_000
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"{minutes}m"
    return f"{minutes // 60}h" if minutes < 24 * 60 else f"{minutes // (24 * 60)}d"


def _figure(n: int) -> str:
    if n >= 1_000_000:
        return f"{n / 1_000_000:.1f}m"
    return f"{(n + 500) // 1000}k" if n >= 1000 else str(n)
