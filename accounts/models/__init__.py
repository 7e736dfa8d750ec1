"""People, the programs they let in, and the workspaces both live in."""

from .calls import IdempotentCall
from .keys import KEY_PREFIX_LENGTH, ApiKey, ApiKeyQuerySet, GlobalKey
from .people import (
    DEFAULT_WORKSPACE,
    AccessRequest,
    RoleWord,
    Session,
    Tenant,
    User,
    UserManager,
    Workspace,
)

__all__ = [
    "DEFAULT_WORKSPACE",
    "KEY_PREFIX_LENGTH",
    "AccessRequest",
    "ApiKey",
    "ApiKeyQuerySet",
    "GlobalKey",
    "IdempotentCall",
    "RoleWord",
    "Session",
    "Tenant",
    "User",
    "UserManager",
    "Workspace",
]
