"""What can be called here: the catalogue of routes, and the project's own documents."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.legacy import TABLE, UNGUARDED
from core.clock import iso
from core.errors import Invalid, NotFound

from .answers import FREE, TEXT, WHOLE, has, many
from .base import LegacyView
from .docs import describe
from .schema import document

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "bench/README.md")


class Index(LegacyView):
    """Behind the gate, but without a role of its own."""

    route = "index"

    @describe("Every route with its methods and least roles.", answers={200: has(version=TEXT, endpoints=many(FREE))})
    def get(self, request: Request) -> Response:
        endpoints = _endpoints()
        return Response(
            {
                "version": settings.VERSION,
                "generated_at": iso(self.now),
                "total_endpoints": len(endpoints),
                "endpoints": endpoints,
                "event_stream": {
                    "path": "/api/events",
                    "protocol": "SSE",
                    "description": "Events of the workspace as they happen; resume with Last-Event-ID.",
                },
                "docs": {"openapi": "/api/docs", "tree": "/api/docs/tree", "search": "/api/docs/search"},
            }
        )


@lru_cache(maxsize=1)
def _endpoints() -> list[dict[str, Any]]:
    """From the same table that lets callers in and the same document that `/api/docs` shows."""
    found = []
    paths = document()["paths"]
    for route, pattern in sorted(_paths().items(), key=lambda item: item[1]):
        methods = TABLE[route]
        operations = paths.get(pattern, {})
        summary = next((operation["summary"] for operation in operations.values() if "summary" in operation), "")
        roles = [role.word for role in methods.values() if role is not None]
        least = "public" if route in UNGUARDED else min(roles, key=["viewer", "operator", "admin"].index, default="key")
        found.append(
            {
                "path": pattern,
                "methods": sorted(methods),
                "description": summary,
                "tag": pattern.split("/")[2],
                "auth": least,
            }
        )
    return found


def _paths() -> dict[str, str]:
    """Route name → `/api/tasks/{key}`."""
    patterns: dict[str, str] = {item.name: str(item.pattern) for item in import_module("api.legacy.urls").urlpatterns}
    return {name: f"/api/{text}".replace("<str:", "{").replace(">", "}") for name, text in patterns.items()}


def _documents() -> dict[str, Path]:
    return {name: path for name in DOCUMENTS if (path := settings.BASE_DIR / name).is_file()}


class DocsTree(LegacyView):
    route = "docs-tree"

    @describe("The project's documents.", answers={200: has(roots=many(TEXT), tree=many(FREE))})
    def get(self, request: Request) -> Response:
        tree = [
            {
                "path": name,
                "name": path.name,
                "type": "file",
                "size": path.stat().st_size,
                "modified": int(path.stat().st_mtime * 1000),
            }
            for name, path in _documents().items()
        ]
        return Response({"roots": sorted(_documents()), "tree": tree})


class DocsSearch(LegacyView):
    route = "docs-search"

    @describe("Lines of the documents.", query=("q",), answers={200: has(query=TEXT, results=many(FREE), count=WHOLE)})
    def get(self, request: Request) -> Response:
        query = self.query("q").strip()
        if not query:
            raise Invalid("Query required")
        results: list[dict[str, Any]] = []
        for name, path in _documents().items():
            matches = sum(query.lower() in line.lower() for line in path.read_text().splitlines())
            if matches:
                results.append({"path": name, "name": path.name, "matches": matches})
        results.sort(key=lambda result: -result["matches"])
        return Response({"query": query, "results": results, "count": len(results)})


class DocsContent(LegacyView):
    route = "docs-content"

    @describe("One document.", query=("path",), answers={200: has(content=TEXT, size=WHOLE, modified=WHOLE, path=TEXT)})
    def get(self, request: Request) -> Response:
        name = self.query("path")
        if not name:
            raise Invalid("Path required")
        path = _documents().get(name)
        if path is None:
            raise NotFound("File not found")
        content, about = path.read_text(), path.stat()
        modified = int(about.st_mtime * 1000)
        return Response({"content": content, "size": about.st_size, "modified": modified, "path": name})
