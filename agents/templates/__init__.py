"""Starting points for new agents, by name."""

from __future__ import annotations

from typing import Any

TEMPLATES: dict[str, dict[str, Any]] = {
    "orchestrator": {"role": "orchestrator", "config": {"capabilities": ["plan", "delegate", "review"]}},
    "developer": {"role": "developer", "config": {"capabilities": ["code", "test", "debug"]}},
    "specialist-dev": {"role": "specialist developer", "config": {"capabilities": ["code", "performance"]}},
    "reviewer": {"role": "reviewer", "config": {"capabilities": ["review", "quality"]}},
    "researcher": {"role": "researcher", "config": {"capabilities": ["search", "summarise"]}},
    "content-creator": {"role": "content creator", "config": {"capabilities": ["write", "edit"]}},
    "security-auditor": {"role": "security auditor", "config": {"capabilities": ["audit", "scan"]}},
}
