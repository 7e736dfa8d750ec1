"""Workspaces, people, agents and their keys."""

from __future__ import annotations

from typing import Any

from accounts.models import DEFAULT_WORKSPACE, ApiKey, RoleWord, Tenant, User, Workspace
from agents.models import Agent, handle_of, public_id_in
from core.ids import free_name, slugify

from .transfer import Transfer
from .values import json, maybe_text, moment, text

ROLES = {word.value for word in RoleWord}
PRESENCES = {status.value for status in Agent.Status}


def bring_workspaces(transfer: Transfer) -> None:
    """The default one is ours; others keep their slug, or get a number behind it."""
    known = set(Workspace.objects.values_list("slug", flat=True))
    for row in transfer.new_rows("workspaces", ("id", "slug", "name", "brand", "isolation", "created_at")):
        slug = slugify(text(row["slug"]), fallback="workspace")
        if slug == "default":
            transfer.became("workspaces", row["id"], DEFAULT_WORKSPACE)
            continue
        slug = free_name(slug, known, longest=64)
        known.add(slug)
        strict = row["isolation"] == Workspace.Isolation.STRICT
        workspace = Workspace.objects.create(
            tenant=Tenant.objects.get(workspaces=DEFAULT_WORKSPACE),
            slug=slug,
            name=text(row["name"], 200) or slug,
            brand=maybe_text(row["brand"], 64) or None,
            isolation=Workspace.Isolation.STRICT if strict else Workspace.Isolation.SHARED,
            created_at=moment(row["created_at"]) or transfer.now,
        )
        transfer.became("workspaces", row["id"], workspace.pk)
        transfer.report.brought["workspaces"] += 1


def home_of(transfer: Transfer, row: dict[str, Any]) -> int:
    return transfer.here("workspaces", row["workspace_id"]) or DEFAULT_WORKSPACE


USERS = (
    "id", "username", "display_name", "role", "provider", "provider_user_id", "email", "avatar_url", "is_approved",
    "created_at", "workspace_id",
)  # fmt: skip


def bring_users(transfer: Transfer) -> None:
    """Passwords stay behind: nobody can sign in with one before an administrator has set it anew."""
    here = dict(User.objects.values_list("username", "id"))
    for row in transfer.new_rows("users", USERS):
        username = text(row["username"], 150)
        if not username:
            transfer.report.skip("users", "it has no user name")
            continue
        if username in here:
            transfer.became("users", row["id"], here[username])
            transfer.report.skip("users", "somebody of that name is here already; taken for the same person")
            continue
        user = _user(row, username, home_of(transfer, row))
        user.created_at = moment(row["created_at"]) or transfer.now
        user.set_unusable_password()
        user.save()
        here[username] = user.pk
        transfer.became("users", row["id"], user.pk)
        transfer.report.brought["users"] += 1
    if transfer.report.brought["users"]:
        transfer.report.note("users: passwords were not brought over; give each person a new one at /admin/")


def _user(row: dict[str, Any], username: str, home: int) -> User:
    identity = maybe_text(row["provider_user_id"], 255) or None
    provider = text(row["provider"], 10, default="local") or "local"
    if identity and User.objects.filter(provider=provider, provider_user_id=identity).exists():
        identity = None
    return User(
        username=username,
        display_name=text(row["display_name"], 200) or username,
        role=row["role"] if row["role"] in ROLES else RoleWord.VIEWER,
        workspace_id=home,
        provider=provider,
        provider_user_id=identity,
        email=maybe_text(row["email"], 254) or None,
        avatar_url=maybe_text(row["avatar_url"], 2000) or None,
        is_approved=row["is_approved"] in (1, None),
    )


AGENTS = (
    "id", "name", "role", "session_key", "soul_content", "last_seen", "last_activity", "created_at", "updated_at",
    "config", "workspace_id", "source", "content_hash", "workspace_path", "hidden", "working_memory", "runtime_type",
    "claude_base_session_id", "claude_base_session_created_at",
)  # fmt: skip


def bring_agents(transfer: Transfer) -> None:
    """All are offline until they are heard of here. An agent that is here under the same name is the same one."""
    taken = _Names()
    fresh = []
    for row in transfer.new_rows("agents", AGENTS):
        home, name = home_of(transfer, row), text(row["name"], 100)
        if not name:
            transfer.report.skip("agents", "it has no name")
        elif known := taken.by_name.get((home, name)):
            transfer.became("agents", row["id"], known)
            transfer.report.skip("agents", "an agent of that name is here already; taken for the same one")
        else:
            fresh.append((row["id"], taken.new(_agent(transfer, row, home, name), row["id"])))
    transfer.add("agents", fresh)


class _Names:
    """What must be unique among agents."""

    def __init__(self) -> None:
        rows = Agent.objects.values_list("id", "workspace_id", "name", "slug", "session_key")
        self.by_name = {(home, name): id for id, home, name, _, _ in rows}
        self.slugs: dict[int, set[str]] = {}
        for _, home, _, slug, _ in rows:
            self.slugs.setdefault(home, set()).add(slug)
        self.session_keys = {key for *_, key in rows if key}

    def new(self, agent: Agent, id: int) -> Agent:
        slugs = self.slugs.setdefault(agent.workspace_id, set())
        agent.slug = free_name(agent.slug, slugs, longest=110)
        slugs.add(agent.slug)
        if agent.session_key in self.session_keys:
            agent.session_key = None
        elif agent.session_key:
            self.session_keys.add(agent.session_key)
        self.by_name[agent.workspace_id, agent.name] = id
        return agent


def _agent(transfer: Transfer, row: dict[str, Any], home: int, name: str) -> Agent:
    born = moment(row["created_at"]) or transfer.now
    config = json(row["config"], {})
    return Agent(
        workspace_id=home,
        name=name,
        slug=slugify(public_id_in(config) or name),
        handle=handle_of(name),
        role=text(row["role"], 100) or "agent",
        session_key=maybe_text(row["session_key"], 200) or None,
        soul_content=maybe_text(row["soul_content"]),
        status=Agent.Status.OFFLINE,
        last_seen=moment(row["last_seen"]),
        heard_at=moment(row["last_seen"]) or born,
        last_activity=maybe_text(row["last_activity"]),
        config=config,
        source=text(row["source"], 20) or "manual",
        content_hash=maybe_text(row["content_hash"], 64),
        workspace_path=maybe_text(row["workspace_path"], 500),
        hidden=row["hidden"] == 1,
        working_memory=text(row["working_memory"]),
        runtime_type=maybe_text(row["runtime_type"], 20),
        claude_base_session_id=maybe_text(row["claude_base_session_id"], 100),
        claude_base_session_created_at=maybe_text(row["claude_base_session_created_at"], 40),
        created_at=born,
        updated_at=moment(row["updated_at"]) or born,
    )


KEYS = (
    "id", "agent_id", "name", "key_hash", "key_prefix", "scopes", "expires_at", "revoked_at", "last_used_at",
    "created_by", "created_at",
)  # fmt: skip


def bring_keys(transfer: Transfer) -> None:
    """Agents go on with the keys they have: only the digest of a key is kept there and here."""
    agents = {agent.pk: agent for agent in Agent.objects.only("id", "name", "workspace_id")}
    digests = set(ApiKey.objects.values_list("digest", flat=True))
    fresh = []
    for row in transfer.new_rows("agent_api_keys", KEYS):
        agent, digest = agents.get(transfer.here("agents", row["agent_id"]) or 0), text(row["key_hash"], 64)
        if agent is None or len(digest) != 64 or digest in digests:
            transfer.report.skip("agent_api_keys", "its agent is not here, or the key is already")
            continue
        digests.add(digest)
        scopes = [scope for scope in json(row["scopes"], []) if isinstance(scope, str)]
        key = ApiKey(
            name=text(row["name"], 128) or "default",
            prefix=text(row["key_prefix"], 12),
            digest=digest,
            role=next((role for role in ("admin", "operator") if role in scopes), "viewer"),
            scopes=scopes,
            workspace_id=agent.workspace_id,
            agent_id=agent.pk,
            agent_name=agent.name,
            expires_at=moment(row["expires_at"]),
            revoked_at=moment(row["revoked_at"]),
            last_used_at=moment(row["last_used_at"]),
            created_by=text(row["created_by"], 150),
            created_at=moment(row["created_at"]) or transfer.now,
        )
        fresh.append((row["id"], key))
    transfer.add("agent_api_keys", fresh)
