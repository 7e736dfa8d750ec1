"""The product's own settings, on a folder of the test run's own."""

import atexit
import os
import shutil
import tempfile

_folder = tempfile.mkdtemp(prefix="mc-test-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ.update(
    {
        "MC_DATA_DIR": _folder,
        "API_KEY": "test-admin-key",
        "MC_API_KEYS": "operator:test-operator-key,viewer:test-viewer-key",
        "MC_DISABLE_RATE_LIMIT": "1",
        "MC_LOG_LEVEL": "WARNING",
        "MC_CLAUDE_HOME": _folder,
        "CODEX_HOME": _folder,
        # Nobody listens there: no test asks Google.
        "GOOGLE_TOKENINFO_URL": "http://127.0.0.1:9/tokeninfo",
    }
)
for name in (
    "DATABASE_URL",
    "REDIS_URL",
    "MC_COORDINATOR_AGENT",
    "NEXT_PUBLIC_COORDINATOR_AGENT",
    "PORT",
    "HOST",
    "WEB_CONCURRENCY",
):
    os.environ.pop(name, None)
if url := os.environ.get("TEST_DATABASE_URL"):
    os.environ["DATABASE_URL"] = url

from missioncontrol.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
