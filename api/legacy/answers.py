"""Answers, and the bodies that are read by hand, as JSON Schema: the source of `/api/docs`.

The conformance test compares real answers with these, so that the document cannot drift from the code.
"""

from __future__ import annotations

from api.schemas import FLAG, FREE, NUMBER, TEXT, WHOLE, Schema, has, many, maybe
from realtime.wire.legacy import AGENT_KEYS, STATUS_WORDS
from tasks.models import PRIORITIES

ERROR = has("details", error=TEXT, details=many(TEXT))
STATUS: Schema = {"type": "string", "enum": sorted(set(STATUS_WORDS.values()))}
PRIORITY: Schema = {"type": "string", "enum": list(PRIORITIES.values())}

BARE_TASK = {
    "id": WHOLE,
    "title": TEXT,
    "description": maybe(TEXT),
    "status": STATUS,
    "priority": PRIORITY,
    "assigned_to": maybe(TEXT),
    "created_by": TEXT,
    "created_at": WHOLE,
    "updated_at": WHOLE,
    "due_date": maybe(WHOLE),
    "estimated_hours": maybe(NUMBER),
    "actual_hours": maybe(NUMBER),
    "tags": many(TEXT),
    "metadata": FREE,
    "workspace_id": WHOLE,
    "project_id": maybe(WHOLE),
    "project_ticket_no": maybe(WHOLE),
    "outcome": maybe(TEXT),
    "error_message": maybe(TEXT),
    "resolution": maybe(TEXT),
    "feedback_rating": maybe(WHOLE),
    "feedback_notes": maybe(TEXT),
    "retry_count": WHOLE,
    "completed_at": maybe(WHOLE),
    "github_issue_number": maybe(WHOLE),
    "github_repo": maybe(TEXT),
    "github_synced_at": maybe(WHOLE),
    "github_branch": maybe(TEXT),
    "github_pr_number": maybe(WHOLE),
    "github_pr_state": maybe(TEXT),
    "dispatch_attempts": WHOLE,
}
OF_PROJECT = {"project_name": TEXT, "project_prefix": TEXT, "ticket_ref": TEXT}
TASK = has("project_name", "project_prefix", "ticket_ref", **BARE_TASK, **OF_PROJECT)
LISTED_TASK = has(**BARE_TASK, **OF_PROJECT, comment_count=WHOLE)

NOT_TEXT: dict[str, Schema] = {
    "id": WHOLE,
    "created_at": WHOLE,
    "updated_at": WHOLE,
    "workspace_id": WHOLE,
    "hidden": WHOLE,
    "config": FREE,
    "last_seen": maybe(WHOLE),
}
AGENT = {name: NOT_TEXT.get(name, maybe(TEXT)) for name in AGENT_KEYS}
TASK_STATS = has(**dict.fromkeys(("total", "assigned", "in_progress", "quality_review", "done", "completed"), WHOLE))
LISTED_AGENT = has(**AGENT, taskStats=TASK_STATS)

USER = has(
    id=WHOLE,
    username=TEXT,
    display_name=TEXT,
    role=TEXT,
    provider=TEXT,
    email=maybe(TEXT),
    avatar_url=maybe(TEXT),
    workspace_id=WHOLE,
    tenant_id=WHOLE,
)
COMMENT = has(
    id=WHOLE,
    task_id=WHOLE,
    author=TEXT,
    content=TEXT,
    created_at=WHOLE,
    parent_id=maybe(WHOLE),
    mentions=many(TEXT),
    workspace_id=WHOLE,
    replies=many(FREE),
)
CONNECTION = has(
    id=WHOLE,
    agent_id=WHOLE,
    tool_name=TEXT,
    tool_version=maybe(TEXT),
    connection_id=TEXT,
    status=TEXT,
    last_heartbeat=maybe(WHOLE),
    metadata=maybe(TEXT),
    created_at=WHOLE,
    updated_at=WHOLE,
    workspace_id=WHOLE,
    agent_name=TEXT,
    agent_status=TEXT,
    agent_role=TEXT,
)
TOKEN_RECORD = has(
    "duration",
    id=TEXT,
    model=TEXT,
    sessionId=TEXT,
    agentName=TEXT,
    timestamp=WHOLE,
    inputTokens=WHOLE,
    outputTokens=WHOLE,
    totalTokens=WHOLE,
    cost=NUMBER,
    operation=TEXT,
    taskId=maybe(WHOLE),
    workspaceId=WHOLE,
    duration=NUMBER,
)
ACTIVITY = has(
    id=WHOLE,
    type=TEXT,
    entity_type=TEXT,
    entity_id=WHOLE,
    actor=TEXT,
    description=TEXT,
    data=maybe(FREE),
    created_at=WHOLE,
    workspace_id=WHOLE,
    entity=maybe(FREE),
)
NOTIFICATION = has(
    id=WHOLE,
    recipient=TEXT,
    type=TEXT,
    title=TEXT,
    message=TEXT,
    source_type=maybe(TEXT),
    source_id=maybe(WHOLE),
    read_at=maybe(WHOLE),
    delivered_at=maybe(WHOLE),
    created_at=WHOLE,
    workspace_id=WHOLE,
    source=maybe(FREE),
)
PROJECT = has("task_count", "assigned_agents", id=WHOLE, name=TEXT, slug=TEXT, ticket_prefix=TEXT, status=TEXT)
REVIEW = has(id=WHOLE, task_id=WHOLE, reviewer=TEXT, status=TEXT, notes=TEXT, created_at=WHOLE, workspace_id=WHOLE)
WORK_GROUP = has(type=TEXT, count=WHOLE, items=many(FREE))
PAGED = {"total": WHOLE, "page": maybe(WHOLE), "limit": WHOLE}

ANSWERS: dict[str, Schema] = {
    "Activities": has(
        "activities", "total", "hasMore", "timeframe", "activityByType", "topActors", "timeline",
        activities=many(ACTIVITY), total=WHOLE, hasMore=FLAG,
        timeframe=TEXT, activityByType=many(FREE), topActors=many(FREE), timeline=many(FREE),
    ),
    "AgentAnswer": has("warning", agent=LISTED_AGENT, warning=TEXT),
    "AgentDeleted": has("warning", success=FLAG, deleted=TEXT, remove_workspace=FLAG, warning=TEXT),
    "AgentUpdated": has(success=FLAG, agent=has(**AGENT)),
    "Agents": has(agents=many(LISTED_AGENT), **PAGED),
    "CommentAnswer": has("auto_assigned_to", comment=COMMENT, auto_assigned_to=TEXT),
    "Comments": has(comments=many(COMMENT), total=WHOLE),
    "Connected": has(
        connection_id=TEXT, agent_id=WHOLE, agent_name=TEXT, status=TEXT,
        sse_url=TEXT, heartbeat_url=TEXT, token_report_url=TEXT,
    ),
    "Connections": has(connections=many(CONNECTION)),
    "Disconnected": has(status=TEXT, connection_id=TEXT),
    "Free": FREE,
    "HeartbeatAnswer": has(
        "message", "work_items", "total_items", "token_recorded",
        status={"type": "string", "enum": ["HEARTBEAT_OK", "WORK_ITEMS_FOUND"]}, agent=TEXT, checked_at=WHOLE,
        message=TEXT, work_items=many(WORK_GROUP), total_items=WHOLE, token_recorded=FLAG,
    ),
    "ManyUpdated": has(success=FLAG, updated=WHOLE),
    "MarkedRead": has(success=FLAG, markedAsRead=WHOLE),
    "Notifications": has(notifications=many(NOTIFICATION), unreadCount=WHOLE, **PAGED),
    "Ok": has(ok=FLAG),
    "OneAgentAnswer": has(agent=has(**AGENT)),
    "ProfileAnswer": has(success=FLAG, user=USER),
    "ProjectAnswer": has(project=PROJECT),
    "Projects": has(projects=many(PROJECT)),
    "QueueAnswer": has(
        task={"anyOf": [has(**BARE_TASK), {"type": "null"}]},
        reason={"type": "string", "enum": ["continue_current", "at_capacity", "assigned", "no_tasks_available"]},
        agent=TEXT, timestamp=WHOLE,
    ),
    "ReviewStored": has(success=FLAG, id=WHOLE),
    "Reviews": has("reviews", "latest", reviews=many(REVIEW), latest=FREE),
    "Success": has(success=FLAG),
    "TaskAnswer": has("unchanged", task=TASK, unchanged=FLAG),
    "Tasks": has(tasks=many(LISTED_TASK), **PAGED),
    "TokenStored": has(success=FLAG, record=TOKEN_RECORD),
    "TokensAnswer": FREE,
    "TokensByAgent": has(agents=many(FREE), summary=FREE),
    "UserAnswer": has(user=USER),
    "LoginAnswer": has(
        "user", "token", "success", "pinRequired", user=USER, token=maybe(TEXT), success=FLAG, pinRequired=FLAG
    ),
}  # fmt: skip

SPENT = has("taskId", model=TEXT, inputTokens=WHOLE, outputTokens=WHOLE, taskId=WHOLE)
BODIES: dict[str, Schema] = {
    "AgentConfigure": has(
        "role", "gateway_config", "write_to_gateway", role=TEXT, gateway_config=FREE, write_to_gateway=FLAG
    ),
    "AgentRemove": has("remove_workspace", remove_workspace=FLAG),
    "AgentUpdate": has(
        "status", "last_activity", "config", "session_key", "soul_content", "role", "runtime_type",
        name=TEXT, status=TEXT, last_activity=TEXT, config=FREE, session_key=TEXT, soul_content=TEXT, role=TEXT,
        runtime_type=maybe(TEXT),
    ),
    "Disconnect": has(connection_id=TEXT),
    "Heartbeat": has("connection_id", "token_usage", connection_id=TEXT, token_usage=SPENT),
    "Login": has("username", "password", "pin", username=TEXT, password=TEXT, pin=TEXT),
    "MarkRead": has("ids", "recipient", "markAllRead", ids=many(WHOLE), recipient=TEXT, markAllRead=FLAG),
    "ProfileChange": has(
        "current_password", "new_password", "display_name", current_password=TEXT, new_password=TEXT, display_name=TEXT
    ),
    "ProjectFields": has("slug", "ticket_prefix", "color", name=TEXT, slug=TEXT, ticket_prefix=TEXT, color=TEXT),
    "TokenReport": has(
        "operation", "duration", "taskId",
        model={"type": "string", "minLength": 1, "maxLength": 200},
        sessionId={"type": "string", "minLength": 1, "maxLength": 512},
        inputTokens={"type": "integer", "minimum": 0}, outputTokens={"type": "integer", "minimum": 0},
        operation=TEXT, duration=NUMBER, taskId={"type": ["integer", "string", "null"]},
    ),
}  # fmt: skip
