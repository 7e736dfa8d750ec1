"""What a fresh deployment needs before it can serve: a writable folder, a free port, tables, an admin, a key."""

from __future__ import annotations

import base64
import binascii
import contextlib
import secrets
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path

from accounts.passwords import COMMON
from realtime.control.address import NotLoopback, loopback

from . import env, secretfile


class CannotStart(Exception):
    """One line that says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Welcome:
    """What is printed once. `password` and `key` are empty when they are not new."""

    username: str = ""
    password: str = ""
    key: str = ""


def check_folder(folder: Path) -> None:
    try:
        # A new one is for its owner alone: it will hold everything that agents and people say.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return
    except OSError as error:
        raise CannotStart(
            f"The data folder {folder} cannot be written ({error.strerror}). Set MC_DATA_DIR to another one."
        ) from None


def check_port(host: str, port: int, setting: str = "PORT") -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or "there is none"
            raise CannotStart(
                f"Port {port} on {host} cannot be used ({why}). Stop what uses it, or set {setting} to another."
            ) from None


def check_control_channel() -> None:
    if not env.flag("MC_CONTROL_CHANNEL"):
        return
    host, port = env.text("MC_CONTROL_HOST", "127.0.0.1"), env.number("MC_CONTROL_PORT", 18789)
    try:
        host = loopback(host)
    except NotLoopback as error:
        raise CannotStart(str(error)) from None
    check_port(host, port, "MC_CONTROL_PORT")


def prepare_database() -> None:
    """Bring the tables up to date."""
    from accounts.proxy import tell_when_misconfigured
    from activity.housekeeping import look_at_the_data
    from core.migrating import bring_up_to_date

    bring_up_to_date()
    look_at_the_data()
    tell_when_misconfigured()


def welcome() -> Welcome:
    """Make the first admin, and name the key, on the first start; an empty welcome on every later one."""
    from accounts.models import User
    from accounts.services import create_first_admin, open_default_workspace

    open_default_workspace()
    if User.objects.exists():
        return Welcome()
    username = env.text("AUTH_USER", "admin")
    chosen = _chosen_password()
    password = chosen or secrets.token_urlsafe(12)
    create_first_admin(username=username, password=password)
    return Welcome(username, "" if chosen else password, "" if env.api_key() else read_api_key())


def _chosen_password() -> str:
    encoded = env.text("AUTH_PASS_B64")
    password = env.text("AUTH_PASS")
    if encoded:
        with contextlib.suppress(binascii.Error, UnicodeDecodeError):
            password = base64.b64decode(encoded, validate=True).decode()
    if password.lower() in COMMON:
        raise CannotStart("AUTH_PASS is one of the passwords everybody tries first. Choose another one.")
    return password


def read_api_key() -> str:
    """The key that programs present: from the environment, or the generated one of the data folder."""
    return env.api_key() or secretfile.load(env.data_dir())["API_KEY"]


def address() -> str:
    host = env.text("HOST", "127.0.0.1")
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{env.number('PORT', 3000)}"
