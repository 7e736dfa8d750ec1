"""How much an action risks, and whether a list vouches for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import allowlist, hosts, paths, sensitive, tools
from .subject import Subject
from .types import ActionType, Context, Policy, Risk

LONGEST_COMMAND = 10_000
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


@dataclass(frozen=True)
class Assessment:
    risk: Risk
    why: str
    vouched: bool = True


def classify(subject: Subject, policy: Policy, places: paths.Places, context: Context) -> Assessment:
    """The worst of what the action is, unless the policy says otherwise of its tool; then what raises any risk."""
    assessment = _worst([*_by_type(subject, policy, places, context)])
    given = _override(subject, policy)
    if given is not None:
        assessment = Assessment(given, f"The policy gives {subject.tool} this risk", assessment.vouched)
    if sensitive.has_secret(subject.carried):
        return Assessment(Risk.RED, "It carries what looks like a secret", vouched=False)
    if sensitive.names_production(subject.carried):
        return Assessment(Risk.RED, "It aims at production", vouched=False)
    if not subject.is_readable:
        return Assessment(Risk.RED, "It carries more than can be judged", vouched=False)
    return assessment


def _override(subject: Subject, policy: Policy) -> Risk | None:
    if not policy.tool_risk_map or subject.action.tool is None:
        return None
    by_name = {name.casefold(): risk for name, risk in policy.tool_risk_map.items()}
    exact = by_name.get(subject.action.tool.strip().casefold())
    return exact if exact is not None else by_name.get(subject.tool or "")


def _worst(assessments: list[Assessment]) -> Assessment:
    worst = max(assessments, key=lambda each: (each.risk, not each.vouched))
    return Assessment(worst.risk, worst.why, all(each.vouched for each in assessments))


def _by_type(subject: Subject, policy: Policy, places: paths.Places, context: Context) -> Iterator[Assessment]:
    kind = subject.action.type
    if kind == ActionType.TRANSITION:
        yield Assessment(Risk.GREEN, "A task changes its status")
    elif subject.is_spawn:
        yield Assessment(Risk.YELLOW, "It starts another agent", vouched=context.spawn is not None)
    elif kind == ActionType.FILE_WRITE:
        yield from _writing(subject, policy, places)
    elif kind == ActionType.NETWORK:
        yield from _network(subject, policy)
    else:
        yield from _by_tool(subject, policy, places)
    if subject.tool != "exec":
        # A command is a command, whatever tool it is said to be for.
        yield from (_command(command, policy, places) for command in subject.commands)


def _by_tool(subject: Subject, policy: Policy, places: paths.Places) -> Iterator[Assessment]:
    tool = subject.tool
    if tool == "exec":
        commands = subject.commands or ("",)
        yield from (_command(command, policy, places) for command in commands)
        yield from _surroundings(subject, policy, places)
    elif tool == "read":
        yield from (_reading(path, policy, places) for path in subject.paths or (".",))
    elif tool in tools.WRITING:
        yield from _writing(subject, policy, places)
    elif tool == "web_fetch":
        yield from _fetching(subject, policy)
    elif tool == "git_push":
        yield _pushing(subject, policy)
    elif tool == "gateway":
        yield _gateway(subject)
    elif tool in tools.RISKS:
        risk = tools.RISKS[tool]
        vouched = risk == Risk.GREEN or tool in tools.VOUCHED
        yield Assessment(risk, f"{tool} is {risk.name}", vouched)
        yield from _untrusted(subject)
    else:
        yield Assessment(Risk.YELLOW, "The tool is not known", vouched=False)
        yield from _network(subject, policy) if subject.addresses else ()
        yield from _writing(subject, policy, places) if subject.paths else ()


def _command(command: str, policy: Policy, places: paths.Places) -> Assessment:
    if len(command) > LONGEST_COMMAND:
        return Assessment(Risk.RED, "The command is too long to be judged", vouched=False)
    why = allowlist.objection(command, policy, places)
    if why is None:
        return Assessment(Risk.YELLOW, "The shell allowlist holds the command")
    return Assessment(Risk.RED, f"The shell allowlist does not vouch for the command: {why}", vouched=False)


def _surroundings(subject: Subject, policy: Policy, places: paths.Places) -> Iterator[Assessment]:
    """Where and with what a command runs changes what it does."""
    args = subject.action.args
    if any(args.get(key) for key in ("env", "environment", "stdin", "input")):
        yield Assessment(Risk.RED, "The command is given variables or input", vouched=False)
    for key in ("cwd", "workdir", "working_directory", "workingDirectory", "path"):
        place = args.get(key)
        if place and not (isinstance(place, str) and paths.is_listed(place, policy.file_read_paths, places)):
            yield Assessment(Risk.RED, "The command runs outside the read paths", vouched=False)
        elif place and any(">" in command for command in subject.commands):
            yield Assessment(Risk.RED, "The command redirects from another directory", vouched=False)


def _reading(path: str, policy: Policy, places: paths.Places) -> Assessment:
    if paths.is_listed(path, policy.file_read_paths, places):
        return Assessment(Risk.GREEN, "The path is within the read paths")
    return Assessment(Risk.RED, "The path is outside the read paths", vouched=False)


def _writing(subject: Subject, policy: Policy, places: paths.Places) -> Iterator[Assessment]:
    if not subject.paths:
        yield Assessment(Risk.RED, "It does not say which file it changes", vouched=False)
    for path in subject.paths:
        if paths.is_within(path, policy.file_write_paths, places):
            yield Assessment(Risk.YELLOW, "The path is within the write paths")
        else:
            yield Assessment(Risk.RED, "The path is outside the write paths", vouched=False)


def _network(subject: Subject, policy: Policy) -> Iterator[Assessment]:
    if not subject.addresses:
        yield Assessment(Risk.RED, "It does not say which host it speaks to", vouched=False)
    for address in subject.addresses:
        if hosts.is_allowed(address, policy.network_allowlist):
            yield Assessment(Risk.YELLOW, "The host is on the network allowlist")
        else:
            yield Assessment(Risk.RED, "The address is not on the network allowlist", vouched=False)


def _fetching(subject: Subject, policy: Policy) -> Iterator[Assessment]:
    args = subject.action.args
    method = str(args.get("method") or "GET").strip().upper()
    reads = method == "GET" and not any(args.get(key) for key in ("body", "data", "json", "form", "files"))
    for found in _network(subject, policy):
        if found.risk == Risk.YELLOW and reads:
            yield Assessment(Risk.GREEN, "It reads from a host on the network allowlist")
        else:
            yield found


def _untrusted(subject: Subject) -> Iterator[Assessment]:
    if any(hosts.parse(address) is None for address in subject.addresses):
        yield Assessment(Risk.RED, "The address hides where it leads", vouched=False)


def _pushing(subject: Subject, policy: Policy) -> Assessment:
    args = subject.action.args
    branch = next((args[key] for key in ("branch", "ref", "refspec") if key in args), None)
    forced = any(args.get(key) for key in ("force", "force_with_lease", "forceWithLease", "mirror", "all", "delete"))
    if isinstance(branch, str) and branch in policy.git_push_branches and not forced:
        return Assessment(Risk.YELLOW, "The policy lists the branch")
    return Assessment(Risk.RED, "The policy does not list the branch, or the push is forced", vouched=False)


def _gateway(subject: Subject) -> Assessment:
    said: list[Any] = _WORD.findall(subject.carried)
    if any(word.casefold() in tools.GATEWAY_WRITES for word in said):
        return Assessment(Risk.RED, "It changes the gateway's configuration", vouched=False)
    return Assessment(Risk.YELLOW, "It reads the gateway's state", vouched=False)
