"""A command line as pipelines of simple commands, and all the commands that hide within them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice

from .expand import PRIVATE, ansi_c
from .lexer import Lexer, Operator, Token, Word
from .words import names
from .wrappers import SHELLS, code_in, is_assignment, layers, name_of, reads_code, run_by_others, runs_text, scripts_in

DEEPEST = 6
COMPOUND = "compound command"
# Characters read in all, nested scripts included. What nests is never vouched for, so the rest goes to approval.
MOST_READ = 60_000
_RESERVED = names("if then elif else fi for while until do done case esac in select function coproc { } ! [[ ]]")
_PIPES = ("|", "|&")
_SOURCING = SHELLS | {"source", ".", "eval"}
_ODD_WORD = re.compile(r"[\s\\]")
_MOST_SAID = 16
_ECHO_OPTION = re.compile(r"-[neE]+|--")


@dataclass(slots=True)
class Command:
    words: list[str] = field(default_factory=list)
    assignments: list[str] = field(default_factory=list)
    redirects: list[tuple[str, str]] = field(default_factory=list)
    # Commands within its words, and texts on its standard input.
    substitutions: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)


Pipeline = list[Command]


@dataclass(slots=True)
class Script:
    pipelines: list[Pipeline] = field(default_factory=list)
    oddities: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)


@lru_cache(maxsize=64)
def parse(text: str) -> Script:
    """The script that stands by itself; whoever reads it changes nothing in it."""
    return _parse(text, {})


def _parse(text: str, variables: dict[str, str]) -> Script:
    lexer = Lexer(text, variables)
    script = Script()
    if PRIVATE.search(text):
        script.oddities.append("private characters")
    _group(lexer.run(), script)
    script.oddities.extend(lexer.oddities)
    script.comments.extend(lexer.comments)
    script.variables = variables
    return script


def _group(tokens: list[Token], script: Script) -> None:
    pipeline: Pipeline = []
    command = Command()
    redirect = ""
    for token in tokens:
        if isinstance(token, Word):
            if redirect:
                _redirect(command, redirect, token)
                redirect = ""
            else:
                _add(command, token, script)
            continue
        if token.text[0] in "<>" or token.text.startswith("&>"):
            _complete(redirect, script)
            redirect = token.text
            continue
        _complete(redirect, script)
        redirect = ""
        pipeline = _separate(token, pipeline, command, script)
        command = Command()
    _complete(redirect, script)
    _separate(Operator("\n"), pipeline, command, script)


def _complete(redirect: str, script: Script) -> None:
    if redirect:
        script.oddities.append("redirection without a file")


def _separate(operator: Operator, pipeline: Pipeline, command: Command, script: Script) -> Pipeline:
    is_empty = command == Command()
    if not is_empty:
        pipeline.append(command)
    if operator.text in "()" or operator.text.startswith(";;") or operator.text == ";&":
        script.oddities.append(COMPOUND)
    if operator.text in _PIPES:
        if is_empty:
            script.oddities.append("pipe without a command")
        return pipeline
    if pipeline:
        script.pipelines.append(pipeline)
    return []


def _redirect(command: Command, operator: str, word: Word) -> None:
    command.substitutions.extend(word.scripts)
    if operator in ("<<", "<<-"):
        command.inputs.append(word.body)
    elif operator == "<<<":
        command.inputs.append(word.text)
    command.redirects.append((operator, word.text))


def _add(command: Command, word: Word, script: Script) -> None:
    command.substitutions.extend(word.scripts)
    if command.words:
        command.words.append(word.text)
    elif word.text in _RESERVED:
        script.oddities.append(COMPOUND)
    elif is_assignment(word.text):
        command.assignments.append(word.text)
    elif word.text:
        command.words.append(word.text)
    else:
        # It may expand to nothing, and leave the next one to be the command.
        script.oddities.append("empty command")


@dataclass(slots=True)
class Reader:
    """Reads a text and every script nested in it, within bounds."""

    left: int = MOST_READ

    def pipelines(self, text: str, depth: int = 0, variables: dict[str, str] | None = None) -> Iterator[Pipeline]:
        """Every pipeline that the text may run, wherever it hides."""
        self.left -= len(text)
        if depth > DEEPEST or self.left < 0:
            return
        script = _parse(text, variables) if variables else parse(text)
        pipelines = script.pipelines
        if COMPOUND in script.oddities:
            # Groups are piped as wholes: what is within one is read as one more pipeline.
            pipelines = [*pipelines, [command for pipeline in pipelines for command in pipeline]]
        for pipeline in pipelines:
            yield pipeline
            for nested in _nested(pipeline):
                yield from self.pipelines(nested, depth + 1, dict(script.variables))
        for comment in script.comments:
            yield from self.pipelines(comment, depth + 1, dict(script.variables))


def _nested(pipeline: Pipeline) -> Iterator[str]:
    for command in pipeline:
        yield from command.substitutions
        yield from command.inputs
        yield from filter(None, map(run_by_others, command.assignments))
        for words in layers(command.words):
            yield from scripts_in(words)
            if reads_code(words):
                yield from (script for text in command.inputs for script in code_in(text))
            if name_of(words[0]) in _SOURCING:
                yield from (text for script in command.substitutions for text in _said_by(script))
    yield from _fed(pipeline)


def _said_by(script: str) -> Iterator[str]:
    for pipeline in parse(script).pipelines:
        for command in pipeline:
            yield from _said(command)


def _said(command: Command) -> Iterator[str]:
    """What it writes, when that stands in its words: as it is, and with its escapes resolved."""
    if not command.words or command.words[0] not in ("echo", "printf"):
        return
    words = [word for word in command.words[1:] if not _ECHO_OPTION.fullmatch(word)]
    for text in (" ".join(words), *islice(filter(_ODD_WORD.search, words), _MOST_SAID)):
        yield text
        if "\\" in text:
            yield ansi_c(text)


def _fed(pipeline: Pipeline) -> Iterator[str]:
    """What is written into a pipeline, for its later stages may run it."""
    stages = [list(layers(command.words)) for command in pipeline[1:]]
    given = [calls[-1] for calls in stages if any(name_of(words[0]) == "xargs" for words in calls)]
    if not any(runs_text(words) for calls in stages for words in calls):
        return
    runs_code = any(reads_code(words) for calls in stages for words in calls)
    for command in pipeline[:-1]:
        for text in _said(command):
            yield text
            if runs_code:
                yield from code_in(text)
            yield from (f"{' '.join(words)} {text}" for words in given)
