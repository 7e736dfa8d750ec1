"""The people of the caller's workspace."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.models import RoleWord, User
from api.schemas import FLAG, TEXT, WHOLE, has, many, maybe
from core.clock import seconds
from core.errors import Invalid
from core.ids import LARGEST_ID
from realtime.wire.legacy_in import id_in, utf16_length

from .auth import sign_in_afresh
from .docs import describe
from .fields import Shape, Text, Word
from .identity import AdminsOnly

ROLES = {word: word for word in RoleWord.values}
PROVIDERS = {word: word for word in ("local", "google")}
LONGEST = {"display_name": 200, "email": 254, "avatar_url": 2000}
SHOWN_AT_MOST = 1000

PERSON = {
    "id": WHOLE,
    "username": TEXT,
    "display_name": TEXT,
    "role": TEXT,
    "provider": TEXT,
    "email": maybe(TEXT),
    "avatar_url": maybe(TEXT),
    "is_approved": WHOLE,
}
HOME = {"workspace_id": WHOLE, "tenant_id": WHOLE}
TIMES = {"created_at": WHOLE, "updated_at": WHOLE, "last_login_at": maybe(WHOLE)}
PERSON_ANSWER = has(user=has(**PERSON, **HOME))
CHANGE = has(
    "display_name", "role", "password", "is_approved", "email", "avatar_url",
    id=WHOLE, display_name=TEXT, role=TEXT, password=TEXT, is_approved=FLAG, email=maybe(TEXT), avatar_url=maybe(TEXT),
)  # fmt: skip


class UserFields(Shape):
    username = Text(1, 150, required=True, empty="Username is required")
    password = Text(
        services.PASSWORD_LENGTH,
        required=True,
        empty=f"Password must be at least {services.PASSWORD_LENGTH} characters",
    )
    display_name = Text(0, LONGEST["display_name"])
    role = Word(ROLES)
    provider = Word(PROVIDERS)
    email = Text(0, LONGEST["email"], allow_null=True)


CREATE = UserFields()


class Users(AdminsOnly):
    route = "users"
    limited = frozenset({"POST", "PUT", "DELETE"})
    domain = "users"

    @describe("The people of the workspace.", answers={200: has(users=many(has(**PERSON, **HOME, **TIMES)))})
    def get(self, request: Request) -> Response:
        rows = User.objects.filter(workspace_id=self.actor.workspace_id).select_related("workspace").order_by("id")
        return Response({"users": [_listed(user) for user in rows[:SHOWN_AT_MOST]]})

    @describe("Add a person to the workspace.", body=UserFields, answers={201: PERSON_ANSWER})
    def post(self, request: Request) -> Response:
        user = services.create_user(actor=self.actor, now=self.now, origin=self.origin, **self.read(CREATE))
        return Response({"user": person_out(user)}, status=201)

    @describe("Change a person; a new password ends their sessions.", body=CHANGE, answers={200: PERSON_ANSWER})
    def put(self, request: Request) -> Response:
        sent = self.sent_object()
        id = _id_in(sent)
        changes = _changes(sent)
        if self._is_own(id) and changes.get("role", self.actor.role.word) != self.actor.role.word:
            raise Invalid("Cannot change your own role")
        user = services.find_user(self.actor.workspace_id, id)
        user = services.update_user(user=user, actor=self.actor, now=self.now, changes=changes, origin=self.origin)
        if "password" in changes and self._is_own(id):
            sign_in_afresh(request._request, user)
        return Response({"user": person_out(user)})

    @describe("Remove a person.", body=has(id=WHOLE), answers={200: "Success"})
    def delete(self, request: Request) -> Response:
        sent = self.sent_object("Request body required")
        services.delete_user(actor=self.actor, id=_id_in(sent), now=self.now, origin=self.origin)
        return Response({"success": True})

    def _is_own(self, id: int) -> bool:
        return self.actor.kind == "user" and self.actor.id == id


def person_out(user: User) -> dict[str, Any]:
    return {**approved_out(user), "workspace_id": user.workspace_id, "tenant_id": user.workspace.tenant_id}


def approved_out(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "username": user.username,
        "display_name": user.display_name,
        "role": user.role,
        "provider": user.provider,
        "email": user.email,
        "avatar_url": user.avatar_url,
        "is_approved": int(user.may_sign_in),
    }


def _listed(user: User) -> dict[str, Any]:
    return {
        **person_out(user),
        "created_at": seconds(user.created_at),
        "updated_at": seconds(user.updated_at),
        "last_login_at": seconds(user.last_login),
    }


def _id_in(sent: dict[str, Any]) -> int:
    id = id_in(sent.get("id"))
    if id is not None:
        return id
    if type(sent.get("id")) in (int, float) and sent["id"] > LARGEST_ID:
        return LARGEST_ID  # a number that names nobody
    raise Invalid("User ID is required")


def _changes(sent: dict[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if sent.get("role"):
        if not isinstance(sent["role"], str) or sent["role"] not in ROLES:
            raise Invalid("Invalid role")
        changes["role"] = sent["role"]
    if sent.get("password"):
        if not isinstance(sent["password"], str) or utf16_length(sent["password"]) < services.PASSWORD_LENGTH:
            raise Invalid(f"Password must be at least {services.PASSWORD_LENGTH} characters")
        changes["password"] = sent["password"]
    if sent.get("is_approved") is not None:
        if sent["is_approved"] not in (0, 1):  # booleans are among them
            raise Invalid(details=["is_approved: Invalid input"])
        changes["is_approved"] = bool(sent["is_approved"])
    for name, longest in LONGEST.items():
        if name in sent:
            value = sent[name]
            if not (value is None or (isinstance(value, str) and utf16_length(value) <= longest)):
                raise Invalid(details=[f"{name}: Invalid input"])
            changes[name] = value or None
    if not changes.get("display_name"):
        changes.pop("display_name", None)  # a person is never without a name
    return changes
