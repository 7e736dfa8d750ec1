"""Agents that write JSON lines: system, assistant, user and result messages, and questions about tools."""

from __future__ import annotations

import json
import threading
from typing import Any

from missioncontrol_client.runner.process import Outcome

from .base import Adapter, Line
from .results import Usage, result_text

Json = dict[str, Any]
# What such agents call a list of things to do, and a part that they hand on.
TODO_TOOLS = {"todowrite", "todo_write", "write_todos", "update_todos", "todos", "update_plan"}
TASK_TOOLS = {"task", "agent", "delegate"}
# Tool uses whose results are waited for: beyond these the oldest are forgotten.
MOST_OPEN = 10_000


class StreamJson(Adapter):
    name = "stream-json"

    def __init__(self, line: Line) -> None:
        super().__init__(line)
        self._tools: dict[str, str] = {}
        self._parts: dict[str, str] = {}
        self._session = ""
        self._model = line.model or "unknown"
        self._usage = Usage()

    def hear(self, text: str) -> None:
        if not text.strip():
            return
        told = _object(text)
        if told is None or not isinstance(told.get("type"), str):
            self.line.voice.text(f"{text}\n")
        elif handler := _KINDS.get(told["type"]):
            handler(self, told)

    def message(self, text: str) -> str | None:
        content = [{"type": "text", "text": text}]
        told = {"type": "user", "message": {"role": "user", "content": content}, "session_id": self._session}
        return json.dumps({**told, "parent_tool_use_id": None}, ensure_ascii=False)

    def is_message(self, line: str) -> bool:
        told = _object(line)
        return told is not None and told.get("type") == "user"

    def end(self, outcome: Outcome) -> None:
        for id, role in self._parts.items():
            self.line.voice.delegation(id, role, "canceled")
        self.line.withdraw(None)
        if not self.line.voice.has_run and outcome.is_good:
            return
        super().end(outcome)

    def _system(self, told: Json) -> None:
        if told.get("subtype") != "init":
            return
        session = str(told.get("session_id") or "")
        if session and session != self._session:
            self._session = session
            self.line.voice.session(session)
        if not self.line.model and isinstance(told.get("model"), str):
            self._model = told["model"]
        self._be_in_run()

    def _assistant(self, told: Json) -> None:
        self._be_in_run()
        for block in _content(told):
            if block.get("type") == "text" and block.get("text"):
                self.line.voice.text(str(block["text"]))
            elif block.get("type") == "tool_use":
                self._use(block)

    def _use(self, block: Json) -> None:
        id, name = str(block.get("id") or ""), str(block.get("name") or "unknown")
        input = block.get("input")
        input = input if isinstance(input, dict) else {"value": input}
        self.line.voice.tool(name, input, id or None)
        if id:
            self._tools[id] = name
            if len(self._tools) > MOST_OPEN:
                del self._tools[next(iter(self._tools))]
        listed = input.get("todos") or input.get("plan")
        if name.lower() in TODO_TOOLS and isinstance(listed, list):
            self.line.voice.todos([_todo(one) for one in listed if isinstance(one, dict)])
        if name.lower() in TASK_TOOLS and id:
            self._parts[id] = str(input.get("subagent_type") or input.get("role") or name)
            self.line.voice.delegation(id, self._parts[id], "running")

    def _user(self, told: Json) -> None:
        for block in _content(told):
            if block.get("type") != "tool_result":
                continue
            id, is_error = str(block.get("tool_use_id") or ""), bool(block.get("is_error"))
            name = self._tools.pop(id, "unknown")
            text = result_text(block.get("content"))
            self.line.voice.tool_result(name, text, id or None, is_error=is_error)
            if role := self._parts.pop(id, None):
                self.line.voice.delegation(id, role, "failed" if is_error else "done")

    def _result(self, told: Json) -> None:
        self._be_in_run()
        cost, counts = self._usage.of(told)
        is_error = bool(told.get("is_error"))
        what = str(told.get("result") or told.get("subtype") or "failed") if is_error else None
        if what:
            self.line.voice.error(what)
        self.line.voice.end_run("FAILED" if is_error else "COMPLETED", cost_usd=cost, error=what, **counts)
        self.line.voice.done(cost or 0.0)
        if not self.line.stays:
            self.line.finish_input()

    def _control(self, told: Json) -> None:
        """A question of the agent. It is answered from another thread: the agent may say more meanwhile."""
        id, request = str(told.get("request_id") or ""), told.get("request")
        if not id or not isinstance(request, dict):
            return
        if request.get("subtype") == "can_use_tool":
            threading.Thread(target=self._may_use, args=(id, request), name="agent-asks", daemon=True).start()
        else:
            error = f"{request.get('subtype')} is not answered here"
            self._respond({"subtype": "error", "request_id": id, "error": error})

    def _may_use(self, id: str, request: Json) -> None:
        input = request.get("input")
        input = input if isinstance(input, dict) else {}
        decision = self.line.ask(str(request.get("tool_name") or "unknown"), input, f"{_ASKED}{id}")
        answer: Json = {"behavior": "allow", "updatedInput": decision.input}
        if not decision.approved:
            answer = {"behavior": "deny", "message": decision.reason or "Not permitted"}
        if decision.status != "CANCELED":
            self._respond({"subtype": "success", "request_id": id, "response": answer})

    def _cancel(self, told: Json) -> None:
        id = str(told.get("request_id") or "")
        threading.Thread(target=self.line.withdraw, args=(f"{_ASKED}{id}",), name="agent-cancels", daemon=True).start()

    def _respond(self, response: Json) -> None:
        self.line.write(json.dumps({"type": "control_response", "response": response}, ensure_ascii=False))

    def _be_in_run(self) -> None:
        if not self.line.voice.has_run:
            self.line.voice.working()
            self.line.voice.start_run(self._model)


_ASKED = "ask:"
_KINDS = {
    "system": StreamJson._system,
    "assistant": StreamJson._assistant,
    "user": StreamJson._user,
    "result": StreamJson._result,
    "control_request": StreamJson._control,
    "control_cancel_request": StreamJson._cancel,
}


def _object(line: str) -> Json | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _content(told: Json) -> list[Json]:
    message = told.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []


def _todo(one: Json) -> Json:
    return {"content": one.get("content") or one.get("step") or one.get("title"), "status": one.get("status")}
