"""The tools that are known: their other names, and what they risk."""

from __future__ import annotations

from .types import Risk
from .words import names

_ALIASES = {
    "read": "read_file list_files list_dir grep glob search",
    "write": "write_file create_file",
    "edit": "edit_file",
    "delete_file": "",
    "rename_file": "",
    "exec": "shell bash shell_exec",
    "web_fetch": "http http_request fetch network_call",
}
CANONICAL = {name: tool for tool, others in _ALIASES.items() for name in (tool, *others.split())}
WRITING = frozenset({"write", "edit", "delete_file", "rename_file"})
SPAWNING = "sessions_spawn"

_GREEN = names("web_search tts think generate_draft analyze_data post_comment create_doc read_db query_db")
_YELLOW = names("browser cron modify_cron install_deps git_commit create_branch sessions_spawn")
_RED = names(
    "message send_email send_message post_social tweet publish payment deploy deploy_prod modify_prod_config"
    " access_secrets read_env destructive_shell rm_rf drop_table database_write external_api_write git_force_push"
)
RISKS = {
    **dict.fromkeys(_GREEN, Risk.GREEN),
    **dict.fromkeys(_YELLOW, Risk.YELLOW),
    **dict.fromkeys(_RED, Risk.RED),
}
# YELLOW for which a specialist needs no approval.
VOUCHED = names("git_commit create_branch")
KNOWN = frozenset({*CANONICAL.values(), *RISKS, "gateway", "git_push"})
GATEWAY_WRITES = names(
    "set unset put post patch delete remove create add update write change configure edit enable disable apply restart"
    " reload reset stop start shutdown install uninstall register import rotate revoke save replace merge push"
)


def canonical(tool: str | None) -> str | None:
    if tool is None:
        return None
    name = tool.strip().casefold()
    return CANONICAL.get(name, name)
