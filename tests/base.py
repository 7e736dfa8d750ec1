"""Alice (admin), Bob (operator), Charlie (admin of another workspace), and the ways tests talk to the product."""

from __future__ import annotations

from typing import Any

import orjson
from django.conf import settings
from django.test import TestCase
from django.utils import timezone

from accounts import credentials
from accounts.access import limits
from accounts.models import Tenant, User, Workspace
from accounts.services import issue_key, open_default_workspace
from activity.models import Event
from core.actors import Actor, Role, system
from system import lookup
from tasks import work


class BaseTestCase(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.home = open_default_workspace()
        other_tenant = Tenant.objects.create(slug="elsewhere", display_name="Elsewhere")
        cls.elsewhere = Workspace.objects.create(tenant=other_tenant, slug="elsewhere", name="Elsewhere")
        cls.alice = cls._person("alice", "admin", cls.home)
        cls.bob = cls._person("bob", "operator", cls.home)
        cls.vera = cls._person("vera", "viewer", cls.home)
        cls.charlie = cls._person("charlie", "admin", cls.elsewhere)

    def setUp(self) -> None:
        credentials.forget()
        lookup.forget()
        forget_rates()
        forget_work()

    @staticmethod
    def _person(name: str, role: str, workspace: Workspace) -> User:
        user = User(username=name, display_name=name.capitalize(), role=role, workspace=workspace)
        user.set_password(f"{name}-password-long")
        user.save()
        return user

    @property
    def now(self) -> Any:
        return timezone.now()

    def heard(self) -> list[str]:
        """The kinds of all events so far, in order, without stories."""
        return list(Event.objects.exclude(kind="activity.created").order_by("id").values_list("kind", flat=True))

    def told(self) -> list[str]:
        """The types of all stories so far, in order."""
        return list(Event.objects.filter(kind="activity.created").order_by("id").values_list("type", flat=True))


class Answer:
    def __init__(self, response: Any) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.raw = response.content
        self.cookies = response.cookies

    @property
    def body(self) -> Any:
        return orjson.loads(self.raw)


class LegacyApiTestCase(BaseTestCase):
    """Talks to `/api/*` as one of the cast. Each of them has an API key of their role and workspace."""

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.keys = {
            user: issue_key(
                actor=system(user.workspace_id),
                name=user.display_name,
                role=Role.named(user.role),
                workspace=user.workspace,
            )[1]
            for user in (cls.alice, cls.bob, cls.vera, cls.charlie)
        }

    def setUp(self) -> None:
        super().setUp()
        # As in production: the API is exempt, whoever calls it.
        self.client.handler.enforce_csrf_checks = True

    def call(
        self, method: str, path: str, body: Any = None, *, as_: User | str | None = None, **headers: str
    ) -> Answer:
        """`as_` is one of the cast, or a key. Bytes are sent as they are, anything else as JSON."""
        if as_:
            headers["x_api_key"] = self.keys[as_] if isinstance(as_, User) else as_
        meta = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
        sent = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        with self.captureOnCommitCallbacks(execute=True):
            return Answer(self.client.generic(method, path, sent, content_type="application/json", **meta))

    def get(self, path: str, *, as_: User | str | None = None, **headers: str) -> Answer:
        return self.call("GET", path, as_=as_ or self.bob, **headers)

    def post(self, path: str, body: Any = None, *, as_: User | str | None = None, **headers: str) -> Answer:
        return self.call("POST", path, body, as_=as_ or self.bob, **headers)

    def put(self, path: str, body: Any = None, *, as_: User | str | None = None, **headers: str) -> Answer:
        return self.call("PUT", path, body, as_=as_ or self.bob, **headers)

    def delete(self, path: str, body: Any = None, *, as_: User | str | None = None, **headers: str) -> Answer:
        return self.call("DELETE", path, body, as_=as_ or self.alice, **headers)


def forget_rates() -> None:
    """Every window of every rate limit is empty again; also makes the limiter look at its settings anew."""
    limits.limiter.cache_clear()
    for file in settings.DATA_DIR.glob("limits.db*"):
        file.unlink()


def forget_work() -> None:
    """What waits for agents is looked up again: a test's rows return to the ids of the one before."""
    work._memory = work.Memory()


def actor_of(user: User) -> Actor:
    return user.as_actor()
