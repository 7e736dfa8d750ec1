"""Tokens of agents and people."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import WithJsonSchema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import credentials
from accounts.access.limits import V1_TOKEN_FAILURES
from accounts.models import ApiKey, User, Workspace
from accounts.scopes import presented_in
from accounts.services import issue_token, revoke_key
from agents.models import Agent
from api.schemas import has
from core.actors import Role
from core.errors import Denied, Invalid, NotFound

from .base import V1View
from .body import Shape, Text
from .docs.schema import MOMENT, only
from .docs.words import describe
from .ids import row_id
from .out import moment

DURATION = re.compile(r"([1-9][0-9]{0,8})([smhdw])\Z")
# How long something lasts: `24h`, `7d`.
Duration = Annotated[Text, WithJsonSchema({"type": "string", "pattern": f"^{DURATION.pattern[:-2]}$"})]
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
USUAL, LONGEST = timedelta(days=7), timedelta(days=365)


def duration(text: str, *, field: str = "expiresIn", least: timedelta, most: timedelta = LONGEST) -> timedelta:
    """`24h`, `7d` and the like. Raises Invalid for anything else."""
    found = DURATION.match(text)
    span = timedelta(seconds=int(found[1]) * SECONDS[found[2]]) if found else None
    if span is None or not least <= span <= most:
        raise Invalid.fields(f"{field}: must be a duration such as 24h or 7d")
    return span


class TokenFields(Shape):
    agent_id: Text | None = None
    user_id: Text | None = None
    expires_in: Duration = "7d"


class Token(V1View):
    route = "token"
    limit_of_strangers = V1_TOKEN_FAILURES

    @describe(
        "Issue a token for an agent or a person.",
        body=TokenFields,
        answers={201: has(token={"type": "string", "pattern": "^mc_(agt|adm|usr)_"}, expiresAt=MOMENT)},
        codes="NOT_FOUND",
        note="An agent renews its own token alone.",
    )
    def post(self, request: Request) -> Response:
        """For anybody by an administrator, and for itself by an agent."""
        want = self.read(TokenFields)
        if (want.agent_id is None) == (want.user_id is None):
            raise Invalid("Name either agentId or userId")
        until = self.now + duration(want.expires_in, least=timedelta(seconds=1))
        workspace = Workspace.objects.get(pk=self.actor.workspace_id)
        if want.user_id is not None:
            user = self._user(want.user_id)
            secret = issue_token(
                actor=self.actor, role=Role.named(user.role), workspace=workspace, expires_at=until, user=user
            )
        else:
            agent = self._agent_named(want.agent_id or "")
            secret = issue_token(
                actor=self.actor,
                role=Role.OPERATOR,
                workspace=workspace,
                expires_at=until,
                agent=(agent.pk, agent.name),
            )
        return Response({"token": secret, "expiresAt": moment(until)}, status=201)

    @describe("Give up the token that this request carries.", answers={200: has(revoked=only(True))})
    def delete(self, request: Request) -> Response:
        """The token that this request carries works no longer."""
        key = presented_in(request._request).key
        row = ApiKey.objects.filter(digest=credentials.digest(key), revoked_at=None).first() if key else None
        if row is None:
            raise Invalid("Only a token can be given up")
        revoke_key(key=row, actor=self.actor, now=self.now)
        return Response({"revoked": True})

    def _agent_named(self, slug: str) -> Agent:
        if self.actor.kind == "agent" and slug != self.agent.slug:
            raise Denied("An agent renews its own token alone")
        agent = Agent.objects.filter(workspace_id=self.actor.workspace_id, slug=slug).first()
        if agent is None:
            raise NotFound(f"There is no agent {slug[:80]}")
        return agent

    def _user(self, id: str) -> User:
        if self.actor.kind == "agent":
            raise Denied("An agent renews its own token alone")
        user = User.objects.filter(workspace_id=self.actor.workspace_id, pk=row_id("user", id)).first()
        if user is None:
            raise NotFound(f"There is no user {id[:80]}")
        return user
