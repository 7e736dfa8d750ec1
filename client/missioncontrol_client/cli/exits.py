"""What `mc` ends with."""

from __future__ import annotations

from missioncontrol_client.errors import ApiError, ConfigError, MissionControlError, NetworkError

OK = 0
FAILED = 1
USAGE = 2
UNREACHABLE = 8
POLICY = {"ALLOW": 0, "DENY": 10, "NEEDS_APPROVAL": 11}
WAITED = {"APPROVED": 0, "PENDING": 12, "DENIED": 13, "EXPIRED": 14, "CANCELED": 14}
INTERRUPTED = 130
BROKEN_PIPE = 141
_BY_STATUS = {400: 9, 401: 3, 403: 4, 404: 5, 409: 6, 429: 7}


class UsageError(MissionControlError):
    """The command line asks for something that cannot be; no request was made."""

    code = "USAGE"


def code_of(error: MissionControlError) -> int:
    if isinstance(error, (UsageError, ConfigError)):
        return USAGE
    if isinstance(error, NetworkError):
        return UNREACHABLE
    return _BY_STATUS.get(error.status, FAILED) if isinstance(error, ApiError) else FAILED
