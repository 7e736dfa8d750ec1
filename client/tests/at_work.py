"""Streams, inboxes and permissions, by the rules of the contract."""

from __future__ import annotations

import time
from typing import Any

Answer = tuple[int, Any]


class AtWork:
    """`decide` is what becomes of a permission that is asked for, by its tool; without it, it waits."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []
        self.seen: set[tuple[str, int]] = set()
        self.batches: list[int] = []
        self.inbox: list[dict[str, Any]] = []
        self.orders: list[dict[str, Any]] = []
        self.standing = "ACTIVE"
        self.permissions: dict[str, dict[str, Any]] = {}
        self.decide: dict[str, dict[str, Any]] = {}

    @property
    def texts(self) -> list[str]:
        return [item["text"] for item in self.items if item["type"] == "agent_text"]

    def of(self, type: str) -> list[dict[str, Any]]:
        return [item for item in self.items if item["type"] == type]

    def say(self, text: str) -> None:
        self.inbox.append({"id": self._place(), "text": text, "author": "Olga", "createdAt": "2026-02-01T10:00:00Z"})

    def order(self, action: str, reason: str = "because") -> None:
        known = {"reason": reason, "requestId": None, "createdAt": "2026-02-01T10:00:00Z"}
        self.orders.append({"id": self._place(), "action": action, **known})

    def take_stream(self, actor: str, asked: Any, id: str) -> Answer:
        key, sent = asked.body["sessionKey"], asked.body["events"]
        if not 1 <= len(sent) <= 100:
            return 400, {"error": {"code": "VALIDATION_ERROR", "message": "events: 1 to 100"}}
        rejected = []
        self.batches.append(len(sent))
        for index, item in enumerate(sent):
            if item.get("text") == "refuse me":
                rejected.append({"index": index, "message": "text: cannot be taken"})
            elif (key, item["seq"]) not in self.seen:
                self.seen.add((key, item["seq"]))
                self.items.append(item)
        return 202, {"accepted": len(sent) - len(rejected), "rejected": rejected, "lastEventId": len(self.items)}

    def read_log(self, actor: str, asked: Any, id: str) -> Answer:
        rest = {"hidden": False, "isError": False, "toolUseId": None, "sessionKey": "s-1", "runId": None}
        entries = [
            {"id": f"entry_{number}", "ts": item.get("ts", 0), "kind": item["type"].removeprefix("agent_"), **rest}
            | {"text": item.get("text", ""), "tool": item.get("tool"), "author": item.get("author")}
            for number, item in enumerate(self.items, 1)
        ]
        return 200, {"entries": entries[-int(asked.query.get("limit", ["50"])[0]) :], "hasMore": False}

    def hear(self, actor: str, asked: Any, id: str) -> Answer:
        self.say(asked.body["text"])
        return 201, {"message": self.inbox[-1]}

    def read_inbox(self, actor: str, asked: Any, id: str) -> Answer:
        query = {name: int(values[0]) for name, values in asked.query.items()}
        after = query.get("after")
        messages = [one for one in self.inbox if one["id"] > (after or 0)]
        orders = [one for one in self.orders if after is not None and one["id"] > after]
        last = max([after or 0, self._place() - 1])
        if after is not None and not messages and not orders:
            time.sleep(0.005)  # a short wait in the place of a long one
        return 200, {"messages": messages, "controls": orders, "lastId": last, "agentStatus": self.standing}

    def ask_permission(self, actor: str, asked: Any) -> Answer:
        id = f"perm_{len(self.permissions) + 1}"
        known = {"status": "PENDING", "approved": None, "updatedInput": None, "reason": None, "riskLevel": "YELLOW"}
        known["expiresAt"] = "2026-02-01T10:05:00Z"
        self.permissions[id] = {"requestId": id, **asked.body, **known, **self.decide.get(asked.body["tool"], {})}
        return 201, self.permissions[id]

    def read_permission(self, actor: str, asked: Any, id: str) -> Answer:
        time.sleep(0.005)
        return 200, self.permissions[id]

    def list_permissions(self, actor: str, asked: Any) -> Answer:
        wanted = [word for text in asked.query.get("status", []) for word in text.split(",")]
        found = [one for one in self.permissions.values() if not wanted or one["status"] in wanted]
        return 200, {"permissions": found, "total": len(found), "hasMore": False}

    def respond(self, actor: str, asked: Any, id: str) -> Answer:
        one = self.permissions[id]
        if one["status"] != "PENDING":
            error = {"code": "ALREADY_DECIDED", "message": f"The permission request is {one['status']} already"}
            return 409, {"error": error}
        approved = asked.body["approved"]
        given = {"reason": asked.body.get("reason"), "updatedInput": asked.body.get("updatedInput")}
        one.update(status="APPROVED" if approved else "DENIED", approved=approved, **given)
        return 200, one

    def withdraw(self, actor: str, asked: Any, id: str) -> Answer:
        self.permissions[id].update(status="CANCELED")
        return 200, self.permissions[id]

    def _place(self) -> int:
        return len(self.inbox) + len(self.orders) + 1
