"""Shell text to words and operators, as a shell reads it: quotes, expansions, here-documents."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from .expand import SPLIT, WILD, ansi_c, braces, closing, variable

_PLAIN = re.compile(r"[^\s'\"\\$`;&|<>(){},*?\[#]+")
# A whole word without any meaning of its own, and the blanks after it.
_SIMPLE = re.compile(r"([\w./:@%+^~-]+)(?:[ \t]+|(?=[\n;])|$)")
_IN_QUOTES = re.compile(r"[^\"\\$`]+")
_OPERATOR = re.compile(r";;&|;;|;&|&&|\|\||\|&|&>>|&>|<<<|<<-|<<|<>|<&|>>|>&|>\||[;&|<>()\n]")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(\+?)=(.*)", re.DOTALL)
# A substitution that only says a word stands for that word.
_SAYING = re.compile(r"\s*(?:echo|printf)\s+(?:-[neE]+\s+)?[\"']?([\w./-]+)[\"']?\s*")
_HERE = ("<<", "<<-")
_DECLARING = ("export", "declare", "local", "readonly", "typeset")


@dataclass(slots=True)
class Word:
    text: str
    # Commands within the word, still to be read: substitutions and the body of a here-document.
    scripts: list[str] = field(default_factory=list)
    body: str = ""


@dataclass(slots=True)
class Operator:
    text: str


Token = Word | Operator


class Lexer:
    """One pass over the text. What cannot be judged from the text alone is noted in `oddities`."""

    def __init__(self, text: str, variables: dict[str, str]) -> None:
        self.text, self.at, self.variables = text, 0, variables
        self.tokens: list[Token] = []
        self.oddities: list[str] = []
        self.comments: list[str] = []
        self._parts: list[str] | None = None
        self._scripts: list[str] = []
        self._here: list[tuple[Word, bool]] = []
        self._assigns = True

    def run(self) -> list[Token]:
        text, end, handlers = self.text, len(self.text), _HANDLERS
        while self.at < end:
            if self._parts is None and (simple := _SIMPLE.match(text, self.at)):
                self.at = simple.end()
                self._add(Word(simple[1]))
            elif plain := _PLAIN.match(text, self.at):
                self._put(plain[0])
                self.at = plain.end()
            elif handler := handlers.get(text[self.at]):
                handler(self)
            else:
                self._put(text[self.at])
                self.at += 1
        self._end_word()
        return self.tokens

    def _odd(self, what: str) -> None:
        self.oddities.append(what)

    def _put(self, text: str) -> None:
        if self._parts is None:
            self._parts = []
        self._parts.append(text)

    def _end_word(self) -> None:
        if self._parts is None:
            return
        text, scripts = "".join(self._parts), self._scripts
        self._parts, self._scripts = None, []
        texts, whole = braces(text)
        if not whole:
            self._odd("too many words from braces")
        for each in texts:
            self._add(Word(each, scripts))

    def _add(self, word: Word) -> None:
        """Keep what is assigned, so that a later use of the variable reads as what it stands for."""
        before = self.tokens[-1] if self.tokens else None
        if isinstance(before, Operator) and before.text in _HERE:
            quoted = any(char in self.text[max(self.at - len(word.text) - 2, 0) : self.at] for char in "'\"\\")
            self._here.append((word, quoted))
        self.tokens.append(word)
        if not self._assigns:
            return
        if found := _ASSIGNMENT.fullmatch(word.text):
            kept = self.variables.get(found[1], "") if found[2] else ""
            self.variables[found[1]] = kept + found[3]
        elif word.text not in _DECLARING and not word.text.startswith("-"):
            self._assigns = False

    def _blank(self) -> None:
        self._end_word()
        self.at += 1

    def _wild(self) -> None:
        self._put(WILD[self.text[self.at]])
        self.at += 1

    def _hash(self) -> None:
        if self._parts is not None:
            self._put("#")
            self.at += 1
            return
        end = self.text.find("\n", self.at)
        end = len(self.text) if end < 0 else end
        self.comments.append(self.text[self.at + 1 : end])
        self.at = end

    def _single(self) -> None:
        end = self.text.find("'", self.at + 1)
        if end < 0:
            self._odd("unbalanced quotes")
            end = len(self.text)
        self._put(self.text[self.at + 1 : end])
        self.at = end + 1

    def _escape(self) -> None:
        following = self.text[self.at + 1 : self.at + 2]
        if not following:
            self._odd("unfinished escape")
        elif following != "\n":
            self._put(following)
        self.at += 2

    def _double(self) -> None:
        self._put("")
        self.at += 1
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == '"':
                self.at += 1
                return
            if plain := _IN_QUOTES.match(self.text, self.at):
                self._put(plain[0])
                self.at = plain.end()
            elif char == "$":
                self._dollar(quoted=True)
            elif char == "`":
                self._backticks()
            else:
                self._escape_in_quotes()
        self._odd("unbalanced quotes")

    def _escape_in_quotes(self) -> None:
        following = self.text[self.at + 1 : self.at + 2]
        self._put("" if following == "\n" else following if following in ('"', "\\", "$", "`") else f"\\{following}")
        self.at += 2

    def _backticks(self) -> None:
        end = self.at + 1
        while end < len(self.text) and self.text[end] != "`":
            end += 2 if self.text[end] == "\\" else 1
        if end >= len(self.text):
            self._odd("unbalanced quotes")
        self._substitute(self.text[self.at + 1 : end].replace("\\`", "`"))
        self.at = end + 1

    def _substitute(self, script: str) -> None:
        self._odd("command substitution")
        said = _SAYING.fullmatch(script)
        self._put(said[1] if said else "")
        self._scripts.append(script)

    def _dollar(self, *, quoted: bool) -> None:
        following = self.text[self.at + 1 : self.at + 2]
        if following == "(":
            self._parenthesis(self.at + 1)
        elif following == "'" and not quoted:
            self._ansi_c()
        elif following == '"' and not quoted:
            self.at += 1
        elif following == "[":
            self._odd("arithmetic")
            self._put("")
            self.at += 2
        else:
            self._variable(quoted=quoted)

    def _parenthesis(self, opening: int) -> None:
        end = closing(self.text, opening)
        if end < 0:
            self._odd("unbalanced parentheses")
            end = len(self.text)
        self._substitute(self.text[opening + 1 : end])
        self.at = end + 1

    def _ansi_c(self) -> None:
        end = self.at + 2
        while end < len(self.text) and self.text[end] != "'":
            end += 2 if self.text[end] == "\\" else 1
        if end >= len(self.text):
            self._odd("unbalanced quotes")
        self._put(ansi_c(self.text[self.at + 2 : end]))
        self.at = end + 1

    def _variable(self, *, quoted: bool) -> None:
        found = variable(self.text, self.at, self.variables)
        self.at = found.end
        if found.oddity:
            self._odd(found.oddity)
        self._scripts.extend(found.scripts)
        if quoted or not SPLIT.search(found.value):
            self._put(found.value)
            return
        first, *others = SPLIT.split(found.value)
        self._put(first)
        for part in others:
            self._end_word()
            if part:
                self._put(part)

    def _operator(self) -> None:
        found = _OPERATOR.match(self.text, self.at)
        operator = found[0] if found else self.text[self.at]
        if operator in "<>" and self.text[self.at + 1 : self.at + 2] == "(":
            self._parenthesis(self.at + 1)
            return
        if operator[0] in "<>" and self._parts is not None and "".join(self._parts).isdigit():
            self._parts = None
        self._end_word()
        self.at += len(operator)
        self.tokens.append(Operator(operator))
        if operator[0] not in "<>" and not operator.startswith("&>"):
            self._assigns = True
        if operator == "\n" and self._here:
            self._bodies()

    def _bodies(self) -> None:
        for word, quoted in self._here:
            lines: list[str] = []
            while self.at < len(self.text):
                end = self.text.find("\n", self.at)
                end = len(self.text) if end < 0 else end
                line = self.text[self.at : end]
                self.at = end + 1
                if line.lstrip("\t") == word.text:
                    break
                lines.append(line)
            else:
                self._odd("unfinished here-document")
            word.body = "\n".join(lines)
            if not quoted:
                word.scripts = [*word.scripts, *substitutions(word.body)]
        self._here = []


_HANDLERS: dict[str, Callable[[Lexer], None]] = {
    "'": Lexer._single,
    '"': Lexer._double,
    "\\": Lexer._escape,
    "$": lambda lexer: lexer._dollar(quoted=False),
    "`": Lexer._backticks,
    "#": Lexer._hash,
    **dict.fromkeys(WILD, Lexer._wild),
    **dict.fromkeys(";&|<>()\n", Lexer._operator),
    **dict.fromkeys(" \t\r\v\f", Lexer._blank),
}


def substitutions(body: str) -> list[str]:
    """The commands that the shell runs to fill in a here-document."""
    found: list[str] = []
    at = 0
    while (at := body.find("$(", at)) >= 0:
        end = closing(body, at + 1)
        found.append(body[at + 2 : end if end >= 0 else len(body)])
        at += 2
    return [*found, *body.split("`")[1::2]]
