"""Where the control channel may listen: nowhere that another machine could reach."""

from __future__ import annotations

from ipaddress import ip_address

LOCALHOST, LOOPBACK = "localhost", "127.0.0.1"


class NotLoopback(Exception):
    pass


def loopback(host: str) -> str:
    """The address to listen on. Raises NotLoopback for any that is not the machine's own."""
    try:
        if host == LOCALHOST or ip_address(host).is_loopback:
            return LOOPBACK if host == LOCALHOST else host
    except ValueError:
        pass
    raise NotLoopback(
        f"MC_CONTROL_HOST is {host}: the control channel listens on loopback only. Set it to {LOOPBACK}, and reach it"
        " from elsewhere through an SSH port forward."
    )
