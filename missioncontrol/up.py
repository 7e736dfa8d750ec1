"""`make run`: prepare what is missing, say where to go, and hand over to the supervisor.

The supervisor is supervisord, told by a file made from the Procfile: it restarts what dies, and stops everything
together on Ctrl-C.
"""

from __future__ import annotations

import os
import sys
from configparser import RawConfigParser
from pathlib import Path

from . import env, firstrun
from .firstrun import CannotStart, Welcome

BASE_DIR = Path(__file__).resolve().parent.parent
# Seconds until what has not stopped by itself is killed. Any process may be killed at any time anyway.
STOP_WITHIN = 2
BEAT = "python -m celery --quiet --app missioncontrol.celery beat --loglevel WARNING"
CONTROL = "env MALLOC_ARENA_MAX=2 python manage.py controlchannel"


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - the message is for those who have an older one
        sys.exit("Mission Control needs Python 3.11 or newer.")
    try:
        firstrun.check_folder(env.data_dir())
        for port in filter(None, (env.number("PORT", 3000), env.number("MC_WS_PORT", 0))):
            firstrun.check_port(env.text("HOST", "127.0.0.1"), port)
        firstrun.check_control_channel()
        set_up_django()
        firstrun.prepare_database()
        _print_welcome(firstrun.welcome())
    except CannotStart as error:
        sys.exit(str(error))
    config = _write_supervisor_config(BASE_DIR / "Procfile", env.data_dir())
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    os.environ["MC_DATA_DIR"] = str(env.data_dir())
    os.chdir(BASE_DIR)
    os.execv(sys.executable, [sys.executable, "-m", "supervisor.supervisord", "--nodaemon", "-c", str(config)])


def set_up_django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "missioncontrol.settings")
    import django

    django.setup()


def _print_welcome(new: Welcome) -> None:
    lines = ["", f"  Mission Control    {firstrun.address()}"]
    if new.username:
        lines.append(f"  Sign in as         {new.username}")
        lines.append(f"  Password           {new.password or '(as set in AUTH_PASS)'}")
        lines.append(f"  API key            {new.key or '(as set in API_KEY)'}")
        if new.password:
            lines.append("  The password is shown this once; the key is kept in the data folder.")
    lines += [f"  Data folder        {env.data_dir()}", "  Stop with Ctrl-C", ""]
    print("\n".join(lines), flush=True)


def _write_supervisor_config(procfile: Path, folder: Path) -> Path:
    config = RawConfigParser()
    config["supervisord"] = {
        "nodaemon": "true",
        "silent": "true",
        "user": _user(),
        "logfile": "/dev/null",
        "logfile_maxbytes": "0",
        "pidfile": str(folder / "supervisord.pid"),
    }
    lines = (line.partition(":") for line in procfile.read_text().splitlines() if ":" in line)
    commands = {name.strip(): command.strip() for name, _, command in lines if not name.startswith("#")}
    if env.text("REDIS_URL"):
        # The worker's own beat reaches no other worker: with a shared broker it is a process like the others.
        commands["beat"] = BEAT
    if env.flag("MC_CONTROL_CHANNEL"):
        commands["control"] = CONTROL
    # One group: the supervisor stops the members of a group together, but groups one after the other.
    config["group:missioncontrol"] = {"programs": ",".join(commands)}
    for name, command in commands.items():
        config[f"program:{name}"] = {
            "command": command.replace("%", "%%"),
            "autorestart": "true",
            "startsecs": "1",
            "startretries": "1000000",
            "stopsignal": "TERM",
            "stopwaitsecs": str(STOP_WITHIN),
            "stopasgroup": "true",
            "killasgroup": "true",
            "stdout_logfile": "/dev/fd/1",
            "stdout_logfile_maxbytes": "0",
            "redirect_stderr": "true",
        }
    path = folder / "supervisord.conf"
    with path.open("w") as file:
        config.write(file)
    return path


def _user() -> str:
    """Named explicitly, so that the supervisor does not warn about the account it runs under anyway."""
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


if __name__ == "__main__":
    main()
