"""What holds while no policy says otherwise."""

from __future__ import annotations

SHELL_ALLOWLIST = (
    *("ls", "pwd", "cat", "head", "tail", "grep", "find", "echo", "date", "wc", "sort", "uniq", "cut", "tr", "jq"),
    *("git status", "git diff", "git log", "git branch", "git checkout -b", "git add", "git commit"),
    *("npm test", "npm run test", "npm run lint", "npm run build", "npm run typecheck"),
    *("node scripts/*", "python scripts/*", "curl"),
)
SHELL_BLOCKLIST = (
    *("rm -rf", "sudo", "chmod 777", "chown", "dd", "mkfs", "fdisk", "kill", "pkill", "killall"),
    *("curl | bash", "wget | sh", "../", "/etc/", "/var/", "~/.ssh", "~/.aws"),
)
FILE_READ_PATHS = ("$WORKSPACE/**", "$WORKSPACE/../shared/**", "~/.openclaw/workspace/**")
FILE_WRITE_PATHS = (
    "$WORKSPACE/output/**",
    "$WORKSPACE/docs/**",
    "$WORKSPACE/memory/**",
    "$WORKSPACE/artifacts/**",
    "/tmp/mc-*/**",
)
FILE_WRITE_BLOCKLIST = ("$WORKSPACE/.env*", "~/.ssh/**", "~/.aws/**", "/etc/**", "/var/**")
NETWORK_ALLOWLIST = (
    "github.com",
    "api.github.com",
    "*.githubusercontent.com",
    "google.com",
    "googleapis.com",
    "api.anthropic.com",
    "api.openai.com",
    "localhost:*",
    "127.0.0.1:*",
)
# Added by the caller where the integration is switched on.
SLACK_HOSTS = ("*.slack.com",)
TELEGRAM_HOSTS = ("api.telegram.org",)

# Micro-dollars: a day, a run.
BUDGETS = {
    "INTERN": (2_000_000, 250_000),
    "SPECIALIST": (5_000_000, 750_000),
    "LEAD": (12_000_000, 1_500_000),
}
