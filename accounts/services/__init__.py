"""Every write about people and keys. Each change of access is recorded, which makes every process forget."""

from accounts.models import DEFAULT_WORKSPACE

from .access import access_changed, open_default_workspace
from .keys import (
    SCOPES,
    USUAL_SCOPES,
    check_may_rotate,
    issue_agent_key,
    issue_key,
    issue_token,
    mask,
    revoke_agent_key,
    revoke_key,
    revoke_keys_of_agent,
    rotate_global_key,
)
from .people import (
    PASSWORD_LENGTH,
    SETUP_IS_OVER,
    change_profile,
    check_password,
    create_first_admin,
    create_user,
    delete_user,
    disconnect_google,
    find_self,
    find_user,
    set_up,
    update_user,
)
from .requests import approve_request, come_in_with_google, find_request, reject_request
from .signin import note_failed_sign_in, note_sign_in, note_sign_out

__all__ = [
    "DEFAULT_WORKSPACE", "PASSWORD_LENGTH", "SCOPES", "SETUP_IS_OVER", "USUAL_SCOPES",
    "access_changed", "approve_request", "change_profile", "check_may_rotate", "check_password",
    "come_in_with_google", "create_first_admin", "create_user", "delete_user", "disconnect_google", "find_request",
    "find_self", "find_user", "issue_agent_key", "issue_key", "issue_token", "mask", "note_failed_sign_in",
    "note_sign_in", "note_sign_out",
    "open_default_workspace", "reject_request", "revoke_agent_key", "revoke_key", "revoke_keys_of_agent",
    "rotate_global_key", "set_up", "update_user",
]  # fmt: skip
