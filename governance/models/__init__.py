"""What watches over the fleet keeps."""

from .alerts import Alert
from .approvals import URGENT, Approval, ApprovalQuerySet
from .permissions import Permission, PermissionQuerySet
from .policies import Policy

__all__ = ["URGENT", "Alert", "Approval", "ApprovalQuerySet", "Permission", "PermissionQuerySet", "Policy"]
