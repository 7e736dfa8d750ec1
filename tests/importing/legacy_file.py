"""Makes files like those of the existing server, as large as wanted."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

START = 1_770_000_000
TABLES = {
    "tenants": "slug, display_name",
    "workspaces": "slug, name, tenant_id, brand, isolation, created_at, updated_at",
    "users": "username UNIQUE, display_name, password_hash, role, provider, provider_user_id, email, avatar_url,"
    " is_approved, created_at, updated_at, workspace_id",
    "agents": "name, role, session_key, soul_content, status, last_seen, last_activity, created_at, updated_at, config,"
    " workspace_id, source, content_hash, workspace_path, hidden, working_memory, runtime_type",
    "agent_api_keys": "agent_id, workspace_id, name, key_hash, key_prefix, scopes, expires_at, revoked_at,"
    " last_used_at, created_by, created_at, updated_at",
    "projects": "workspace_id, name, slug, description, ticket_prefix, ticket_counter, status, created_at, updated_at,"
    " github_repo, deadline, color, metadata, github_sync_enabled, github_labels_initialized, github_default_branch",
    "project_agent_assignments": "project_id, agent_name, role, assigned_at",
    "tasks": "title, description, status, priority, assigned_to, created_by, created_at, updated_at, due_date,"
    " estimated_hours, actual_hours, tags, metadata, project_id, project_ticket_no, outcome, error_message, resolution,"
    " feedback_notes, feedback_rating, retry_count, completed_at, github_issue_number, github_synced_at,"
    " github_pr_number, github_repo, github_branch, github_pr_state, dispatch_attempts, workspace_id",
    "comments": "task_id, author, content, created_at, parent_id, mentions, workspace_id",
    "task_subscriptions": "task_id, agent_name, created_at",
    "quality_reviews": "task_id, reviewer, status, notes, created_at, workspace_id",
    "activities": "type, entity_type, entity_id, actor, description, data, created_at, workspace_id",
    "notifications": "recipient, type, title, message, source_type, source_id, read_at, delivered_at, created_at,"
    " workspace_id",
    "token_usage": "model, session_id, input_tokens, output_tokens, created_at, workspace_id, task_id, cost_usd,"
    " agent_name",
    "webhooks": "name, url, secret, events, enabled, last_fired_at, last_status, created_by, created_at, updated_at,"
    " consecutive_failures, workspace_id",
    "alert_rules": "name, description, enabled, entity_type, condition_field, condition_operator, condition_value,"
    " action_type, action_config, cooldown_minutes, last_triggered_at, trigger_count, created_by, created_at,"
    " updated_at, workspace_id",
    "workflow_templates": "name, description, model, task_prompt, timeout_seconds, agent_role, tags, created_by,"
    " created_at, updated_at, last_used_at, use_count, workspace_id",
    "workflow_pipelines": "name, description, steps, created_by, created_at, updated_at, use_count, last_used_at,"
    " workspace_id",
    "messages": "conversation_id, from_agent, to_agent, content, message_type, metadata, read_at, created_at,"
    " workspace_id",
}


class LegacyFile:
    def __init__(self, path: Path, *, without: Iterable[str] = ()) -> None:
        """`without` names tables, or columns as `table.column`, that an older version lacks."""
        self.path = path
        self.without = set(without)
        self.database = sqlite3.connect(path)
        for table, columns in TABLES.items():
            if table not in self.without:
                kept = [name for name in columns.split(", ") if f"{table}.{name.split()[0]}" not in self.without]
                self.database.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, {', '.join(kept)})")

    def add(self, table: str, **values: Any) -> None:
        self.add_many(table, list(values), [tuple(values.values())])

    def add_many(self, table: str, columns: list[str], rows: Iterable[tuple[Any, ...]]) -> None:
        marks = ", ".join("?" * len(columns))
        self.database.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)
        self.database.commit()


def fill(file: LegacyFile, *, tasks: int, usage: int, activities: int, agents: int = 200) -> None:
    """A large one."""
    rng = random.Random(5)
    span = 60 * 86400
    file.add("workspaces", id=1, slug="default", name="Default", tenant_id=1)
    file.add("projects", id=1, workspace_id=1, name="General", slug="general", ticket_prefix="TASK", status="active",
             ticket_counter=tasks, created_at=START)  # fmt: skip
    file.add_many(
        "agents", ["name", "role", "created_at", "workspace_id"],
        ((f"agent-{n}", "coder", START, 1) for n in range(1, agents + 1)),
    )  # fmt: skip
    file.add_many(
        "tasks",
        ["id", "title", "description", "status", "priority", "created_at", "project_id", "project_ticket_no",
         "workspace_id", "tags", "metadata"],
        ((n, f"Task {n}", "What is to be done here, in some words.", rng.choice(("done", "inbox", "review")), "medium",
          START + n * span // tasks, 1, n, 1, '["a"]', "{}") for n in range(1, tasks + 1)),
    )  # fmt: skip
    file.add_many(
        "token_usage",
        ["model", "session_id", "input_tokens", "output_tokens", "created_at", "workspace_id", "task_id"],
        (("claude-sonnet-4-5", f"agent-{rng.randint(1, agents)}:cli", 1000, 100, START + n * span // usage, 1,
          rng.randint(1, tasks)) for n in range(usage)),
    )  # fmt: skip
    file.add_many(
        "activities",
        ["type", "entity_type", "entity_id", "actor", "description", "data", "created_at", "workspace_id"],
        (("task_updated", "task", rng.randint(1, tasks), "api", f"Task updated: status {n}", '{"a":1}',
          START + n * span // activities, 1) for n in range(activities)),
    )  # fmt: skip
