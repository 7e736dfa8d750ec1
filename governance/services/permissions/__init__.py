"""Permission requests: an agent's question before it uses a tool, and the one answer that it gets."""

from .ending import cancel_permissions, expire_permission, expire_permissions, withdraw_permission
from .finding import find_permission, pending_permissions, visible_permissions
from .requesting import Wish, request_permission
from .responding import respond_permission

__all__ = [
    "Wish",
    "cancel_permissions",
    "expire_permission",
    "expire_permissions",
    "find_permission",
    "pending_permissions",
    "request_permission",
    "respond_permission",
    "visible_permissions",
    "withdraw_permission",
]
