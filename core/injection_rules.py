"""The rules of the injection guard. No gap is longer than it says, and no repetition contains another open one."""

from __future__ import annotations

import re
from dataclasses import dataclass

DETERMINERS = r"(?:(?:all|any|of|the|these|those|your|my|our|every)\s+){0,4}"
# States that a fleet tells its agents; any other "you are now" gives the agent a new self.
STATES = (
    r"able|active|assigned|back|blocked|busy|connected|done|finished|idle|offline|on|online|ready|registered"
    r"|responsible|scheduled|subscribed|unblocked|up|waiting|working"
)
SHELLS = r"rm|wget|curl|nc|ncat|bash|sh"
LANGUAGES = r"python|perl|ruby|php|node"
LOOT = r"(?:data|files?|secrets?|keys?|tokens?|credentials?|env(?:ironment)?)"


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    description: str
    pattern: re.Pattern[str]


def _rule(name: str, description: str, *patterns: str) -> Rule:
    return Rule(name, description, re.compile("|".join(patterns), re.IGNORECASE))


CRITICAL = (
    _rule(
        "prompt-override",
        "Orders the agent to give up its instructions",
        rf"\b(?:ignore|disregard|forget|override)\s+{DETERMINERS}(?:(?:previous|prior|above|your|system)\s+){{1,3}}"
        r"(?:instruction|rule|guideline|prompt|directive|constraint)s?\b",
    ),
    _rule(
        "prompt-new-identity",
        "Gives the agent another identity",
        rf"\byou\s+are\s+now\b(?!\s+(?:{STATES})\b)",
        r"\bact\s+as\s+(?:if\s+you\s+(?:are|were)\s+)?(?:an?\s+)?"
        r"(?:restricted|unrestricted|evil|jailbroken|different|new)\b",
    ),
    _rule(
        "prompt-safety-bypass",
        "Asks to switch safety measures off",
        rf"\b(?:bypass|disable|turn\s+off|deactivate|circumvent)\s+{DETERMINERS}"
        r"(?:(?:safety|security|moderation|ethical)\b"
        r"|content\s+(?:filter|moderation|polic|restriction|check|control|rule|guideline|safeguard|warning))",
    ),
    _rule(
        "prompt-hidden-instruction",
        "Hides an instruction behind a bracketed marker",
        r"\[\s{0,9}(?:SYSTEM|INST|HIDDEN|ADMIN|IMPORTANT)(?:\s{1,9}\w{1,20})?\s{0,9}[\]:][\s\S]{10}",
    ),
    _rule(
        "cmd-shell-metachar",
        "Chains a shell command",
        rf"[;&|`$](?:{SHELLS}|{LANGUAGES})\b",
        rf"[;&|`]\s+(?:{SHELLS})\b",
        rf"[;&|`]\s+(?:{LANGUAGES})[0-9.]{{0,5}}\s{{1,9}}(?:-|[\w./-]{{1,80}}\.(?:py|pl|rb|php|js)\b)",
        r"\$\([^)]{0,120}?\b(?:rm|wget|curl|nc|bash|sh)\b",
    ),
    _rule("cmd-path-traversal", "Climbs out of its directory", r"(?:\.\.[/\\]){2}"),
    _rule(
        "cmd-pipe-download",
        "Runs what it downloads",
        r"\b(?:curl|wget)\b[^\n]{0,300}?\|\s{0,9}(?:sudo\s{1,9})?"
        r"(?:/(?:usr/)?bin/)?(?:(?:ba|z|da|k)?sh|(?:python|perl|ruby|php|node)[0-9.]{0,5})\b",
    ),
    _rule(
        "cmd-reverse-shell",
        "Opens a shell to somewhere else",
        r"/dev/tcp\b",
        r"\bmkfifo\b",
        r"\b(?:nc|ncat|netcat)\b[^\n;|]{0,80}?\s-[a-z]{0,4}[elp]\b",
        r"\bbash\s+-i\b[^\n]{0,40}?[<>]",
        r"\bpython[0-9.]{0,5}\b[\s\S]{0,100}?\bsocket\b[\s\S]{0,100}?\bconnect\b",
    ),
    _rule(
        "cmd-ssrf",
        "Calls a metadata or loopback address",
        r"\b(?:curl|wget|fetch|axios|httpx?\.(?:get|post)|requests?(?:\.\w{1,9})?|urlopen|invoke-webrequest)\b"
        r"[^\n]{0,100}?(?:169\.254\.169\.254|metadata\.google|metadata\.azure|metadata\.internal|100\.100\.100\.200"
        r"|fd00:ec2::254|localhost\b|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|0\.0\.0\.0|\[::1?\])",
    ),
    _rule(
        "cmd-sql-injection",
        "Injects SQL",
        r"\bunion\s+(?:all\s+)?select\b",
        r";\s*drop\s+table\b",
        r"['\"]\s*or\s+['\"]?1['\"]?\s{0,9}=\s{0,9}['\"]?1",
        r"['\"]\s*;\s{0,9}(?:drop|delete|insert|update|alter|truncate)\s",
    ),
    _rule(
        "exfil-send-data",
        "Sends data or secrets away",
        rf"\b(?:send|post|upload|transmit|exfiltrate|leak|forward|email)\s+{DETERMINERS}"
        rf"(?:(?:api|access|private|secret|user|env|environment)\s+)?{LOOT}(?:\s+(?:variables?|vars?))?"
        rf"(?:(?:,|\s+and|\s+or)\s+{LOOT}){{0,3}}\s+(?:to|via|using|through)\b",
    ),
)

NOTABLE = (
    _rule(
        "prompt-delimiter-escape",
        "Imitates the delimiters of a prompt",
        r"<\|\w{1,30}\|>",
        r"</?(?:system|instructions?|prompt|user|assistant)>",
        r"```\s{0,9}system\b",
        r"#{3}\s{0,9}(?:system|instructions?)\b",
    ),
    _rule(
        "prompt-repeat-leak",
        "Asks for the agent's own prompt",
        rf"\b(?:repeat|print|show|reveal|output|display)\s+(?:me\s+)?{DETERMINERS}"
        r"(?:(?:system|initial|hidden|original)\s+)?(?:prompt|instructions)\b",
    ),
    _rule(
        "cmd-env-access",
        "Reads the environment",
        r"\bprocess\.env\b",
        r"\bos\.environ\b",
        r"\bprintenv\b",
        r"\$\{?\w{0,40}(?:key|secret|token|password)\b",
    ),
    _rule(
        "cmd-template-injection",
        "Contains a template expression",
        r"\{\{[^{}\n]{1,200}\}\}",
        r"\$\{[^{}\n]{1,200}\}",
        r"<%[^%\n]{1,200}%>",
    ),
    _rule(
        "exfil-webhook",
        "Names a collector of requests",
        r"\b(?:webhook\.site|requestbin|ngrok\.(?:io|app)|pipedream\.net|hookbin|burpcollaborator|interact\.sh)",
    ),
    _rule("enc-base64-run", "Contains a long run of base64", r"[A-Za-z0-9+/]{80}"),
    _rule("enc-heavy-hex", "Contains a long run of hexadecimal bytes", r"(?:\\x[0-9a-f]{2}){8}", r"[0-9a-f]{64}"),
)
