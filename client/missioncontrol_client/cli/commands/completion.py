"""`mc completion SHELL`: scripts that ask `mc` itself what may come next."""

from __future__ import annotations

import argparse
from argparse import Namespace

from missioncontrol_client.cli import exits
from missioncontrol_client.cli.arguments import Parser
from missioncontrol_client.cli.context import Context

BASH = r"""_mc_complete() {
    local IFS=$'\n'
    COMPREPLY=($("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
    [ ${#COMPREPLY[@]} -eq 0 ] && compopt -o default 2>/dev/null
}
complete -F _mc_complete mc mission-control"""
ZSH = r"""#compdef mc mission-control
_mc_complete() {
    local -a found
    found=(${(f)"$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)"})
    if (( ${#found} )); then compadd -- "${found[@]}"; else _files; fi
}
compdef _mc_complete mc mission-control"""
FISH = r"""function __mc_complete
    set -l words (commandline -opc) (commandline -ct)
    $words[1] __complete $words[2..-1] 2>/dev/null
end
complete -c mc -a '(__mc_complete)'
complete -c mission-control -a '(__mc_complete)'"""
SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}


def add_completion(parser: Parser) -> None:
    parser.add_argument("shell", choices=tuple(SCRIPTS), metavar="bash|zsh|fish")
    parser.set_defaults(run=completion)


def completion(ctx: Context, args: Namespace) -> int:
    print(SCRIPTS[args.shell])
    return exits.OK


def candidates(words: list[str]) -> list[str]:
    """What may stand where the last word stands, given those before it. Nothing: a file, or anything at all."""
    from missioncontrol_client.cli.main import build_parser

    *before, last = words or [""]
    parser: argparse.ArgumentParser = build_parser(set(before))
    waits: argparse.Action | None = None
    places = 0
    for word in before:
        if waits is not None:
            waits = None
            continue
        option = parser._option_string_actions.get(word)
        if option is not None:
            waits = option if option.nargs is None else None
            continue
        if word.startswith("-"):
            continue
        commands = _commands(parser)
        if commands is not None and word in commands:
            parser, places = commands[word], 0
        else:
            places += 1
    return sorted(item for item in _offers(parser, waits, places, last) if item.startswith(last))


def _offers(parser: argparse.ArgumentParser, waits: argparse.Action | None, places: int, last: str) -> list[str]:
    if waits is not None:
        return [str(choice) for choice in waits.choices or ()]
    if last.startswith("-"):
        return [name for name in parser._option_string_actions if name.startswith("--")]
    commands = _commands(parser)
    if commands is not None:
        return list(commands)
    positional = [action for action in parser._actions if not action.option_strings]
    action = positional[places] if places < len(positional) else None
    return [str(choice) for choice in action.choices or ()] if action is not None else []


def _commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser] | None:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return None
