"""Keys of outside services in the gateway's state folder. Without such a folder there is nothing to show or set."""

from __future__ import annotations

import re

from rest_framework.request import Request
from rest_framework.response import Response

from api.schemas import FREE, TEXT, has
from core.errors import Denied, Invalid, NotFound

from .base import LegacyView
from .docs import describe
from .fields import Shape, Text, Word

NOT_CONFIGURED = "OPENCLAW_STATE_DIR not configured"
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
PROTECTED = {"PATH", "HOME", "USER", "SHELL", "LANG", "TERM", "PWD", "LOGNAME", "HOSTNAME"}
ACTIONS = ("test", "pull", "pull-all")
IDS = {
    "anthropic", "openai", "openrouter", "venice", "nvidia", "moonshot", "ollama", "brave", "x_twitter", "linkedin",
    "telegram", "github", "google_workspace", "onepassword", "gateway", "hyperbrowser",
}  # fmt: skip


class ActionFields(Shape):
    action = Word({word: word for word in ACTIONS}, required=True)
    integrationId = Text()
    category = Text()


FIELDS = ActionFields()


class Integrations(LegacyView):
    route = "integrations"
    is_connected = False
    limited = frozenset({"POST"})
    is_global = True

    @describe("Outside services and whether their keys are set.", answers={200: FREE})
    def get(self, request: Request) -> Response:
        raise NotFound(NOT_CONFIGURED)

    @describe("Set variables.", body=has(vars=FREE), answers={200: FREE})
    def put(self, request: Request) -> Response:
        sent = self.sent()
        variables = sent.get("vars") if isinstance(sent, dict) else None
        if not isinstance(variables, dict) or not variables:
            raise Invalid("vars object required")
        for name in variables:
            if not NAME.fullmatch(name):
                raise Invalid(f"Invalid variable name: {name}")
            _check_protection(name, "set")
        raise NotFound(NOT_CONFIGURED)

    @describe("Remove variables.", body=has(keys=TEXT), answers={200: FREE})
    def delete(self, request: Request) -> Response:
        sent = self.sent_object("Request body required")
        keys = sent.get("keys")
        names = keys.split(",") if isinstance(keys, str) else keys
        if not isinstance(names, list) or not any(isinstance(name, str) and name.strip() for name in names):
            raise Invalid("keys parameter required (comma-separated string or array)")
        for name in names:
            _check_protection(str(name).strip(), "remove")
        raise NotFound(NOT_CONFIGURED)

    @describe("Test an integration, or pull its key from a vault.", body=ActionFields, answers={200: FREE})
    def post(self, request: Request) -> Response:
        want = self.read(FIELDS)
        id = want.get("integrationId")
        if want["action"] != "pull-all" and not id:
            raise Invalid("integrationId required")
        if want["action"] != "pull-all" and id not in IDS:
            raise NotFound(f"Unknown integration: {id}")
        raise NotFound(NOT_CONFIGURED)


def _check_protection(name: str, verb: str) -> None:
    if name in PROTECTED or name.startswith(("LD_", "DYLD_")):
        raise Denied(f"Cannot {verb} protected variable: {name}")
