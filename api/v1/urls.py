"""`/api/v1/*`. A trailing slash is the same address."""

from __future__ import annotations

import re

from django.urls import URLPattern, re_path
from django.urls.resolvers import RegexPattern

from . import (
    agents,
    alerts,
    approvals,
    documents,
    health,
    heartbeats,
    inboxes,
    messages,
    notifications,
    openapi,
    permissions,
    policy,
    runs,
    spawn_requests,
    stats,
    streams,
    task,
    tasks,
    timeline,
    tokens,
    tool_calls,
    transcripts,
    transitions,
    webhook_deliveries,
    webhooks,
    workspaces,
)
from .base import V1View
from .unknown import unknown_path


def at(route: str, view: type[V1View]) -> URLPattern:
    """`tasks/<id>/messages`, each `<name>` being one segment."""
    pattern = "/".join(f"(?P{part}[^/]+)" if part.startswith("<") else re.escape(part) for part in route.split("/"))
    return URLPattern(RegexPattern(rf"^{pattern}/?\Z"), view.as_view(), name=f"v1-{view.route}")


urlpatterns = [
    at("openapi.json", openapi.OpenApi),
    at("health", health.Health),
    at("auth/token", tokens.Token),
    at("tasks", tasks.Tasks),
    at("tasks/<id>", task.OneTask),
    at("tasks/<id>/transition", transitions.Transition),
    at("tasks/<id>/transitions", transitions.Transitions),
    at("tasks/<id>/messages", messages.Messages),
    at("documents/<id>", documents.OneDocument),
    at("agents", agents.Agents),
    at("agents/<id>", agents.OneAgent),
    at("agents/<id>/control", agents.Control),
    at("agents/<id>/heartbeat", heartbeats.Heartbeat),
    at("agents/<id>/stream", streams.Stream),
    at("agents/<id>/log", transcripts.Log),
    at("agents/<id>/log/<entry>", transcripts.LogEntry),
    at("agents/<id>/messages", inboxes.AgentMessages),
    at("agents/<id>/inbox", inboxes.AgentInbox),
    at("agents/<id>/sessions", transcripts.Sessions),
    at("agents/<id>/todos", transcripts.AgentTodos),
    at("agents/<id>/delegations", transcripts.Delegations),
    at("notifications", notifications.Notifications),
    at("notifications/<id>/ack", notifications.Acknowledgement),
    at("alerts", alerts.Alerts),
    at("alerts/<id>/acknowledge", alerts.AcknowledgeAlert),
    at("alerts/<id>/resolve", alerts.ResolveAlert),
    at("stats/overview", stats.Overview),
    at("stats/agents/<id>/costs", stats.AgentCosts),
    at("events/timeline", timeline.Timeline),
    at("events/run", runs.Runs),
    at("events/run/<id>", runs.OneRun),
    at("events/tool-call", tool_calls.ToolCalls),
    at("events/tool-call/<id>", tool_calls.OneToolCall),
    at("approvals", approvals.Approvals),
    at("approvals/pending", approvals.PendingApprovals),
    at("approvals/<id>", approvals.OneApproval),
    at("approvals/<id>/decide", approvals.Decide),
    at("approvals/<id>/cancel", approvals.Cancel),
    at("permissions", permissions.Permissions),
    at("permissions/<id>", permissions.OnePermission),
    at("permissions/<id>/respond", permissions.RespondPermission),
    at("policy/evaluate", policy.Evaluate),
    at("policy/active", policy.ActivePolicy),
    at("spawn-requests", spawn_requests.SpawnRequests),
    at("spawn-requests/<id>/respond", spawn_requests.SpawnResponse),
    at("workspaces/<id>/reset", workspaces.WorkspaceReset),
    at("webhooks", webhooks.Webhooks),
    at("webhooks/<id>", webhooks.OneWebhook),
    at("webhooks/<id>/deliveries", webhook_deliveries.WebhookDeliveries),
    at("webhooks/<id>/deliveries/<attempt>/retry", webhook_deliveries.DeliveryRetry),
    at("webhooks/<id>/replay", webhook_deliveries.WebhookReplay),
    at("webhooks/<id>/test", webhook_deliveries.WebhookTest),
    re_path("", unknown_path),
]
