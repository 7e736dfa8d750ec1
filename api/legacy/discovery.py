"""What can be called here: the catalogue of routes, and the project's own documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from api.schemas import FREE, TEXT, WHOLE, has, many
from core.clock import iso
from core.errors import Invalid, NotFound

from .base import LegacyView
from .catalogue import endpoints
from .docs import describe

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "bench/README.md", "docs/api.md")


class Index(LegacyView):
    route = "index"

    @describe("Every route with its methods and least roles.", answers={200: has(version=TEXT, endpoints=many(FREE))})
    def get(self, request: Request) -> Response:
        shown = [
            {
                "path": endpoint.path,
                "methods": sorted(endpoint.roles),
                "description": endpoint.summary,
                "tag": endpoint.tag,
                "auth": endpoint.least,
                "connected": endpoint.is_connected,
            }
            for endpoint in endpoints()
        ]
        return Response(
            {
                "version": settings.VERSION,
                "generated_at": iso(self.now),
                "total_endpoints": len(shown),
                "endpoints": shown,
                "event_stream": {
                    "path": "/api/events",
                    "protocol": "SSE",
                    "description": "Events of the workspace as they happen; resume with Last-Event-ID.",
                },
                "docs": {"openapi": "/api/docs", "tree": "/api/docs/tree", "search": "/api/docs/search"},
            }
        )


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
