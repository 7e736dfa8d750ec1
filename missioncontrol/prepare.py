"""`python -m missioncontrol.prepare`: tables, first administrator and default workspace, then exit."""

from __future__ import annotations

import sys

from . import env, firstrun
from .up import set_up_django

if __name__ == "__main__":
    try:
        firstrun.check_folder(env.data_dir())
        set_up_django()
        firstrun.prepare_database()
        firstrun.welcome()
    except firstrun.CannotStart as error:
        sys.exit(str(error))
