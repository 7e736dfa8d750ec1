"""Every setting, read from the environment in this one place. Names and defaults: docs/configuration.md."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import environ

from core.networks import Networks

from . import env, secretfile

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"

# REST framework loads PostgreSQL's field types, and psycopg with them, wherever it finds them: 9 MiB that nothing uses.
sys.modules.setdefault("django.contrib.postgres.fields", None)  # type: ignore[arg-type]

# -- where things are -------------------------------------------------------------------------------------------------
DATA_DIR = env.data_dir()
SECRETS = secretfile.load(DATA_DIR)
SECRET_KEY = env.text("SECRET_KEY") or SECRETS["SECRET_KEY"]
DEBUG = False

# -- database: SQLite in the data folder, or PostgreSQL ---------------------------------------------------------------
SQLITE_FILE = Path(env.text("MISSION_CONTROL_DB_PATH") or DATA_DIR / "mission-control.db")
DATABASE_URL = env.text("DATABASE_URL")
REDIS_URL = env.text("REDIS_URL")
SQLITE_SYNCHRONOUS = env.text("MC_SQLITE_SYNCHRONOUS", "NORMAL").upper()
if DATABASE_URL:
    # Looked at before each use: the database may have been restarted meanwhile.
    DATABASES = {"default": {**environ.Env.db_url_config(DATABASE_URL), "CONN_HEALTH_CHECKS": True}}
else:
    DATABASES = {
        "default": {
            "ENGINE": "missioncontrol.sqlite",
            "NAME": str(SQLITE_FILE),
            "OPTIONS": {
                "timeout": 30,
                # The worker folds the write-ahead log back every few seconds, so that no request has to wait for it;
                # at 64 MB whoever commits does it after all.
                # The write lock is taken at the start, where SQLite waits for it; upgraded later it would fail at once.
                "transaction_mode": "IMMEDIATE",
                "init_command": (
                    f"PRAGMA journal_mode=WAL; PRAGMA synchronous={SQLITE_SYNCHRONOUS};"
                    " PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=16000;"
                ),
            },
            "TEST": {"NAME": str(DATA_DIR / f"test-{os.getpid()}.db")},
        }
    }
# Connections live as long as their thread; the threads of a web process are few and stay.
DATABASES["default"]["CONN_MAX_AGE"] = None
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- what is installed ------------------------------------------------------------------------------------------------
DOMAIN_APPS = [
    "activity",
    "accounts",
    "notifications",
    "projects",
    "agents",
    "connections",
    "tasks",
    "workflows",
    "tokens",
    "governance",
    "transcripts",
    "chat",
    "alerts",
    "webhooks",
    "provisioning",
    "integrations",
    "system",
    "system.search",
    "system.importing",
]
INSTALLED_APPS = [
    "missioncontrol.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "template_partials",
    "rest_framework",
    "drf_spectacular",
    "missioncontrol.apps.MissionControlConfig",
    *DOMAIN_APPS,
    "web",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "accounts.middleware.CookieNames",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.SignedIn",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "missioncontrol.urls"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "missioncontrol.staticversions.VersionedStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
USE_I18N = False

# -- who may come in --------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_NAME = "mc-session"
SESSION_COOKIE_AGE = 7 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "strict"
CSRF_COOKIE_NAME = "mc-csrf"
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_HTTPONLY = False
COOKIE_SECURE = env.flag("MC_COOKIE_SECURE") if env.text("MC_COOKIE_SECURE") else None
# The edge (missioncontrol.edge) checks hosts for every surface, by the rules of MC_ALLOWED_HOSTS.
ALLOWED_HOSTS = ["*"]
HOSTS_ALLOWED = env.words("MC_ALLOWED_HOSTS")
ALLOW_ANY_HOST = env.flag("MC_ALLOW_ANY_HOST")
TRUSTED_PROXIES = Networks(env.words("MC_TRUSTED_PROXIES"))
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
HSTS_ALWAYS = env.flag("MC_ENABLE_HSTS")
HSTS = HSTS_ALWAYS or not env.flag("MC_DISABLE_HSTS")
SECURE_CONTENT_TYPE_NOSNIFF = False  # set for every surface at the edge
SECURE_REFERRER_POLICY = None
SECURE_CROSS_ORIGIN_OPENER_POLICY = None

GLOBAL_API_KEY = env.api_key() or SECRETS["API_KEY"]
# (role, key) pairs that authenticate without a row.
ENVIRONMENT_KEYS = [
    ("admin", GLOBAL_API_KEY),
    *([("admin", env.text("MC_ADMIN_TOKEN"))] if env.text("MC_ADMIN_TOKEN") else []),
    *(tuple(pair.split(":", 1)) for pair in env.words("MC_API_KEYS") if pair.partition(":")[2]),
]
ENVIRONMENT_KEYS = [(role, key) for role, key in ENVIRONMENT_KEYS if role in {"viewer", "operator", "admin"} and key]
# A proxy in front that signs people in: the header with their name, and who may send it.
PROXY_AUTH_HEADER = env.text("MC_PROXY_AUTH_HEADER").lower()
PROXY_AUTH_IPS = frozenset(env.words("MC_PROXY_AUTH_TRUSTED_IPS"))
PROXY_AUTH_ROLE = env.text("MC_PROXY_AUTH_DEFAULT_ROLE").lower()
GOOGLE_CLIENT_ID = env.text("GOOGLE_CLIENT_ID") or env.text("NEXT_PUBLIC_GOOGLE_CLIENT_ID")
GOOGLE_TOKENINFO_URL = env.text("GOOGLE_TOKENINFO_URL", "https://oauth2.googleapis.com/tokeninfo")
RATE_LIMITS_OFF = env.flag("MC_DISABLE_RATE_LIMIT")
STREAMS_PER_CREDENTIAL = env.number("MC_STREAMS_PER_CREDENTIAL", 20)
STREAM_HEARTBEAT_SECONDS = env.number("MC_STREAM_HEARTBEAT_SECONDS", 30)
STREAM_RECHECK_SECONDS = env.number("MC_STREAM_RECHECK_SECONDS", 60)
# WebSockets: a further port for them, what clients of the PIN present, and how many a process takes.
WS_PORT = env.number("MC_WS_PORT", 0)
WS_TOKEN = env.pin("MC_WS_PIN")
WS_ALLOW_ANONYMOUS = env.flag("MC_WS_ALLOW_ANONYMOUS")
WS_CONNECTIONS = max(0, env.number("MC_WS_CONNECTIONS", 200))

# -- the log and its readers ------------------------------------------------------------------------------------------
# Who hears what happens, in this order; dotted names of functions that take a page of events.
EVENT_READERS: list[str] = ["realtime.readers.feed_webhooks", "api.v1.telling.feed_webhooks"]
RETAIN_EVENTS_DAYS = env.number("MC_RETAIN_EVENTS_DAYS", 90)
# Days by part of the data; 0 keeps it for ever.
RETAIN_DAYS = {
    "activities": env.days("MC_RETAIN_ACTIVITIES_DAYS", 90),
    "audit": env.days("MC_RETAIN_AUDIT_DAYS", 365),
    "logs": env.days("MC_RETAIN_LOGS_DAYS", 30),
    "notifications": env.days("MC_RETAIN_NOTIFICATIONS_DAYS", 60),
    "pipeline_runs": env.days("MC_RETAIN_PIPELINE_RUNS_DAYS", 90),
    "token_usage": env.days("MC_RETAIN_TOKEN_USAGE_DAYS", 90),
    "gateway_sessions": env.days("MC_RETAIN_GATEWAY_SESSIONS_DAYS", 90),
}
# Backups go by their number, and by this age as well; 0: by their number alone.
RETAIN_BACKUPS_DAYS = env.days("MC_RETAIN_BACKUPS_DAYS", 0)
# Where days begin and end for budgets and figures.
LOCAL_TIME_ZONE = env.text("MC_TIMEZONE", "America/Los_Angeles")
# Who hears of what agents cannot settle themselves; empty: the first administrator of the workspace.
OPERATOR_USER = env.text("MC_OPERATOR_USER")
# How people are told of it outside of the dashboard; what is empty is not used.
TELEGRAM_BOT_TOKEN = env.text("MC_TELEGRAM_BOT_TOKEN")
TELEGRAM_CHAT_ID = env.text("MC_TELEGRAM_CHAT_ID")
TELEGRAM_API_URL = env.text("MC_TELEGRAM_API_URL", "https://api.telegram.org").rstrip("/")
SLACK_WEBHOOK_URL = env.text("MC_SLACK_WEBHOOK_URL")
EMAIL_URL = env.text("EMAIL_URL")
vars().update(env.mail(EMAIL_URL))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "mission-control@localhost")
# Hosts that agents may speak to besides the usual ones.
NETWORK_ALLOWLIST = env.words("MC_NETWORK_ALLOWLIST")
# From when on work goes round in circles, by the names that policies, agents and tasks have for it: each of these may
# say otherwise.
LIMITS = {
    "maxReviewCycles": env.limit("MC_MAX_REVIEW_CYCLES", 3),
    "maxComments": env.limit("MC_LOOP_MAX_COMMENTS", 20),
    "commentMinutes": env.limit("MC_LOOP_COMMENT_MINUTES", 30),
    "maxPingPong": env.limit("MC_LOOP_MAX_PING_PONG", 8),
    "pingPongMinutes": env.limit("MC_LOOP_PING_PONG_MINUTES", 10),
    "toolRetries": env.limit("MC_LOOP_TOOL_RETRIES", 3),
    "toolRetryMinutes": env.limit("MC_LOOP_TOOL_RETRY_MINUTES", 10),
    "errorStreakWarn": env.limit("MC_ERROR_STREAK_WARN", 3),
    "errorStreakQuarantine": env.limit("MC_ERROR_STREAK_QUARANTINE", 5),
}
# What agents of a role may spend where nobody says otherwise: micro-dollars a day and a run.
BUDGETS = {
    "INTERN": (env.dollars("MC_BUDGET_INTERN_DAILY", 2), env.dollars("MC_BUDGET_INTERN_PER_RUN", 0.25)),
    "SPECIALIST": (env.dollars("MC_BUDGET_SPECIALIST_DAILY", 5), env.dollars("MC_BUDGET_SPECIALIST_PER_RUN", 0.75)),
    "LEAD": (env.dollars("MC_BUDGET_LEAD_DAILY", 12), env.dollars("MC_BUDGET_LEAD_PER_RUN", 1.5)),
}
# How many agents there may be besides those that people add, and for how long.
SPAWN_LIMITS = {
    "maxActive": env.limit("MC_SPAWN_MAX_ACTIVE", 30),
    "maxPerParent": env.limit("MC_SPAWN_MAX_PER_PARENT", 3),
    "maxDepth": env.limit("MC_SPAWN_MAX_DEPTH", 2),
    "ttlHours": env.limit("MC_SPAWN_TTL_HOURS", 6),
}
# Whether agents get permission for what the policy allows as GREEN without anybody being asked: GREEN, or nothing.
PERMISSION_AUTO_ALLOW = env.text("MC_PERMISSION_AUTO_ALLOW").upper()
OFFLINE_MINUTES = max(1, env.number("MC_OFFLINE_MINUTES", 90))
# When the day's report is written, how far it looks back, and how many tasks and alerts it names.
STANDUP_AT = env.clock("MC_STANDUP_TIME", "09:00")
STANDUP_LOOKBACK_HOURS = max(1, env.number("MC_STANDUP_LOOKBACK_HOURS", 24))
STANDUP_TASKS = max(0, env.number("MC_STANDUP_TASKS", 10))
STANDUP_ALERTS = max(0, env.number("MC_STANDUP_ALERTS", 5))
# How long a job whose process died waits for another process to take it over.
JOB_LEASE_SECONDS = max(3, env.number("MC_JOB_LEASE_SECONDS", 60))
STALE_MINUTES = env.number("MC_STALE_MINUTES", 10)
SWEEP_SECONDS = max(1, env.number("MC_SWEEP_SECONDS", 30))
COMMAND_TRIGGER_ALLOWED = env.flag("MISSION_CONTROL_ALLOW_COMMAND_TRIGGER")
COORDINATOR_AGENT = env.first("MC_COORDINATOR_AGENT", "NEXT_PUBLIC_COORDINATOR_AGENT")
# From which figures on `/api/workload` advises against more work.
WORKLOAD: dict[str, float] = {
    "queue_depth_normal": env.real("MC_WORKLOAD_QUEUE_DEPTH_NORMAL", 20),
    "queue_depth_throttle": env.real("MC_WORKLOAD_QUEUE_DEPTH_THROTTLE", 50),
    "queue_depth_shed": env.real("MC_WORKLOAD_QUEUE_DEPTH_SHED", 100),
    "busy_agent_ratio_throttle": env.real("MC_WORKLOAD_BUSY_RATIO_THROTTLE", 0.8),
    "busy_agent_ratio_shed": env.real("MC_WORKLOAD_BUSY_RATIO_SHED", 0.95),
    "error_rate_throttle": env.real("MC_WORKLOAD_ERROR_RATE_THROTTLE", 0.1),
    "error_rate_shed": env.real("MC_WORKLOAD_ERROR_RATE_SHED", 0.25),
    "recent_window_seconds": max(1, int(env.real("MC_WORKLOAD_RECENT_WINDOW_SECONDS", 300))),
}
# -- installations of tenants -----------------------------------------------------------------------------------------
SUPER_TEMPLATE = env.text("MC_SUPER_TEMPLATE_OPENCLAW_JSON")
SUPER_PROVISION_EXEC = env.flag("MC_SUPER_PROVISION_EXEC")
TENANT_HOME_ROOT = env.text("MC_TENANT_HOME_ROOT", "/home").rstrip("/")
TENANT_WORKSPACE_DIRNAME = env.text("MC_TENANT_WORKSPACE_DIRNAME", "workspace")
DEFAULT_OWNER_GATEWAY = env.text("MC_DEFAULT_OWNER_GATEWAY") or env.text("MC_DEFAULT_GATEWAY_NAME") or "primary"
# Attempts per delivery, the first included.
WEBHOOK_MAX_RETRIES = max(1, env.number("MC_WEBHOOK_MAX_RETRIES", 5))
# Days that deliveries are kept once they are over; 0 is for ever. Each webhook keeps the newest 200 at most.
RETAIN_WEBHOOKS_DAYS = env.days("MC_RETAIN_WEBHOOKS_DAYS", 30)
# What agents said: so many entries of each, and no older.
RETAIN_TRANSCRIPTS_DAYS = env.days("MC_RETAIN_TRANSCRIPTS_DAYS", 30)
TRANSCRIPT_ENTRIES = env.number("MC_TRANSCRIPT_ENTRIES", 2000)
# Networks inside that webhooks may be sent to all the same.
WEBHOOK_ALLOWED_NETWORKS = env.networks("MC_WEBHOOK_ALLOWED_NETWORKS")
if env.flag("MC_WEBHOOK_ALLOW_PRIVATE"):
    WEBHOOK_ALLOWED_NETWORKS = ["0.0.0.0/0", "::/0"]
OPENCLAW_HOME = env.openclaw_home()
# Empty: the templates that come with the product.
SOUL_TEMPLATES_DIR = env.text("OPENCLAW_SOUL_TEMPLATES_DIR")
CLAUDE_HOME = Path(os.path.expanduser(env.text("MC_CLAUDE_HOME", "~/.claude")))
CODEX_HOME = Path(os.path.expanduser(env.text("CODEX_HOME", "~/.codex")))
# Files are looked at this often, and read when they have changed.
SESSION_SCAN_SECONDS = max(env.number("MC_CLAUDE_SCAN_INTERVAL_MS", 5000) // 1000, 1)
MAX_SESSION_FILE_BYTES = env.number("MC_MAX_SESSION_FILE_BYTES", 50 * 1024 * 1024)
# Where to ask for a newer release; empty: nowhere.
RELEASES_URL = env.text("MC_RELEASES_URL")
SUBSCRIBED_PROVIDERS = env.words("MC_SUBSCRIBED_PROVIDERS")

# -- APIs -------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK: dict[str, object] = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Mission Control",
    "DESCRIPTION": "The control room for fleets of AI agents.",
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "APPEND_COMPONENTS": {
        "securitySchemes": {
            "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
            "bearer": {"type": "http", "scheme": "bearer"},
            "session": {"type": "apiKey", "in": "cookie", "name": "mc-session"},
        }
    },
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "TaskStatus": "api.legacy.shapes.TASK_STATUSES",
        "AgentStatus": "api.legacy.shapes.AGENT_STATUSES",
        "ReviewStatus": "api.legacy.shapes.REVIEW_STATUSES",
    },
}

# -- the TCP control channel ------------------------------------------------------------------------------------------
CONTROL_CHANNEL = env.flag("MC_CONTROL_CHANNEL")
CONTROL_HOST = env.text("MC_CONTROL_HOST", "127.0.0.1")
CONTROL_PORT = env.number("MC_CONTROL_PORT", 18789)
# What every request must then carry; empty: whoever reaches the port may ask.
CONTROL_TOKEN = env.text("MC_CONTROL_TOKEN")
# Whether it also tells what the processes of this machine write into their logs.
CONTROL_LOG = env.flag("MC_CONTROL_LOG")

# -- processes --------------------------------------------------------------------------------------------------------
HOST = env.text("HOST", "127.0.0.1")
PORT = env.number("PORT", 3000)
# Where a worker tells Prometheus what it counted; 0: nowhere, since web processes beside it tell that too.
METRICS_PORT = env.number("MC_METRICS_PORT", 0)
WEB_CONCURRENCY = max(1, env.number("WEB_CONCURRENCY", os.cpu_count() or 1))
REQUEST_THREADS = max(1, env.number("MC_REQUEST_THREADS", 6))
IDEMPOTENCY_TTL_HOURS = max(1, env.number("MC_IDEMPOTENCY_TTL_HOURS", 24))
LOG_FORMAT = env.text("MC_LOG_FORMAT", "console")
LOG_LEVEL = env.text("MC_LOG_LEVEL", "INFO").upper()
# A line for every request, event, delivery and run of a job; at DEBUG anyway.
LOG_REQUESTS = env.flag("MC_LOG_REQUESTS") or LOG_LEVEL == "DEBUG"
LOGGING_CONFIG = None
