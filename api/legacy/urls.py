"""`/api/*`: no trailing slashes, case-sensitive."""

from __future__ import annotations

from django.urls import path

from . import (
    activities,
    agents,
    auth,
    comments,
    connections,
    notifications,
    projects,
    schema,
    tasks,
    tokens,
)

app_name = "legacy"

urlpatterns = [
    path("docs", schema.Docs.as_view(), name="docs"),
    path("health", schema.Health.as_view(), name="health"),
    path("events", schema.Events.as_view(), name="events"),
    path("auth/login", auth.Login.as_view(), name="login"),
    path("auth/logout", auth.Logout.as_view(), name="logout"),
    path("auth/me", auth.Me.as_view(), name="me"),
    path("connect", connections.Connect.as_view(), name="connect"),
    path("agents", agents.Agents.as_view(), name="agents"),
    path("agents/<str:key>", agents.OneAgent.as_view(), name="agent"),
    path("agents/<str:key>/heartbeat", agents.Heartbeat.as_view(), name="agent-heartbeat"),
    path("tasks", tasks.Tasks.as_view(), name="tasks"),
    path("tasks/queue", tasks.Queue.as_view(), name="task-queue"),
    path("tasks/<str:key>", tasks.OneTask.as_view(), name="task"),
    path("tasks/<str:key>/comments", comments.Comments.as_view(), name="task-comments"),
    path("quality-review", tasks.Reviews.as_view(), name="quality-review"),
    path("tokens", tokens.Tokens.as_view(), name="tokens"),
    path("tokens/by-agent", tokens.TokensByAgent.as_view(), name="tokens-by-agent"),
    path("projects", projects.Projects.as_view(), name="projects"),
    path("activities", activities.Activities.as_view(), name="activities"),
    path("notifications", notifications.Notifications.as_view(), name="notifications"),
]
