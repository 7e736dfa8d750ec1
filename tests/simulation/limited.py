from collections import Counter

from aiohttp import web

from simulation.limits import CHANGES, POLLS
from tests.simulation.standin import StandIn

LIMITED = ("/api/tasks", "/api/quality-review", "/api/notifications", "/api/projects")


class Limited(StandIn):
    """Counts as the product does: changes together, polls by agent, and those in nobody's name together."""

    def __init__(self) -> None:
        super().__init__()
        self.counted: Counter[str] = Counter()
        self.fault = self.limit

    def limit(self, request: web.Request) -> web.Response | None:
        if request.path == "/api/tasks/queue":
            key, allowed = f"poll:{request.headers.get('x-agent-name')}", POLLS
        elif request.method != "GET" and request.path.startswith(LIMITED):
            key, allowed = "changes", CHANGES
        else:
            return None
        self.counted[key] += 1
        return web.json_response({"error": "Too many requests."}, status=429) if self.counted[key] > allowed else None
