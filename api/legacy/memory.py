"""The memory browser. No folder can be set yet, so each route answers as the contract does without one."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import limits
from api.schemas import FREE, TEXT, has, many
from core.errors import Invalid, Unavailable
from core.ratelimit import Limit

from .answers import ERROR
from .base import LegacyView
from .docs import describe

NOT_CONFIGURED = {"error": "Memory directory not configured"}
NO_MEMORY = "A memory folder cannot be connected to this server yet"
PROCESSES = ("reflect", "reweave", "generate-moc", "gap-detect", "consolidate")


class Memory(LegacyView):
    route = "memory"
    is_connected = False
    limited = frozenset({"GET", "POST", "DELETE"})

    def check_rate(self, limit: Limit, key: str) -> None:
        super().check_rate(limits.READ if self.request.method == "GET" else limit, key)

    @describe(
        "Files of the memory folder.", query=("action", "path", "depth", "query"), answers={200: FREE, 500: ERROR}
    )
    def get(self, request: Request) -> Response:
        action = self.query("action")
        if action == "tree":
            return Response({"tree": []})
        if action == "search":
            if not self.query("query"):
                raise Invalid("Query required")
            return Response({"query": self.query("query"), "results": []})
        if action == "content" and self.query("path"):
            return Response(NOT_CONFIGURED, status=500)
        raise Invalid("Invalid action")

    @describe("Save or create a file.", body=has(action=TEXT, path=TEXT), answers={200: FREE, 500: ERROR})
    def post(self, request: Request) -> Response:
        return self._change(("save", "create"))

    @describe("Delete a file.", body=has(action=TEXT, path=TEXT), answers={200: FREE, 500: ERROR})
    def delete(self, request: Request) -> Response:
        return self._change(("delete",))

    def _change(self, actions: tuple[str, ...]) -> Response:
        sent = self.sent_object()
        if not isinstance(sent.get("path"), str) or not sent["path"]:
            raise Invalid("Path is required")
        if sent.get("action") not in actions:
            raise Invalid("Invalid action")
        return Response(NOT_CONFIGURED, status=500)


class MemorySearch(LegacyView):
    route = "memory-search"
    is_connected = False

    @describe("Search the memory folder.", query=("q", "limit"), answers={200: has(results=many(FREE))})
    def get(self, request: Request) -> Response:
        if not self.query("q"):
            raise Invalid("Query required")
        return Response({"query": self.query("q"), "results": []})

    @describe("Rebuild the index.", body=has(action=TEXT), answers={200: FREE, 500: ERROR})
    def post(self, request: Request) -> Response:
        sent = self.sent()
        if not isinstance(sent, dict) or sent.get("action") != "rebuild":
            raise Invalid("Invalid action")
        return Response(NOT_CONFIGURED, status=500)


class MemoryHealth(LegacyView):
    route = "memory-health"
    is_connected = False

    @describe("How well the memory is kept.", answers={200: FREE, 500: ERROR})
    def get(self, request: Request) -> Response:
        raise Unavailable(NO_MEMORY)


class MemoryLinks(LegacyView):
    route = "memory-links"
    is_connected = False

    @describe("Links between files.", query=("file",), answers={200: FREE, 500: ERROR})
    def get(self, request: Request) -> Response:
        raise Unavailable(NO_MEMORY)


class MemoryContext(LegacyView):
    route = "memory-context"
    is_connected = False

    @describe("What an agent should know of the memory.", answers={200: FREE, 500: ERROR})
    def get(self, request: Request) -> Response:
        raise Unavailable(NO_MEMORY)


class MemoryProcess(LegacyView):
    route = "memory-process"
    is_connected = False

    @describe("Work through the memory.", body=has(action=TEXT), answers={200: FREE, 500: ERROR})
    def post(self, request: Request) -> Response:
        sent = self.sent()
        if not isinstance(sent, dict) or sent.get("action") not in PROCESSES:
            raise Invalid(f"Invalid action. Use: {', '.join(PROCESSES)}")
        return Response(NOT_CONFIGURED, status=500)
