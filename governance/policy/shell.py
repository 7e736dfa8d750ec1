"""A command line as pipelines of simple commands, and all the commands that hide within them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from .expand import PRIVATE
from .lexer import Lexer, Operator, Token, Word
from .words import names
from .wrappers import is_assignment, layers, runs_text, scripts_in

DEEPEST = 6
COMPOUND = "compound command"
# Characters read in all, nested scripts included. What nests is never vouched for, so the rest goes to approval.
MOST_READ = 60_000
_RESERVED = names("if then elif else fi for while until do done case esac in select function coproc { } ! [[ ]]")
_PIPES = ("|", "|&")


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
        for words in layers(command.words):
            yield from scripts_in(words)
    yield from _fed(pipeline)


def _fed(pipeline: Pipeline) -> Iterator[str]:
    """What is written into a pipeline, for its later stages may run it."""
    if len(pipeline) < 2 or not any(runs_text(words) for command in pipeline[1:] for words in layers(command.words)):
        return
    for command in pipeline[:-1]:
        if command.words and command.words[0] in ("echo", "printf"):
            yield " ".join(word for word in command.words[1:] if not word.startswith("-") or len(word) > 3)
