from __future__ import annotations

import copy
import posixpath
import re
import shlex
from unittest import TestCase

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from yarl import URL

from governance.policy import Action, ActionType, Decision, Policy, Verdict
from governance.policy.defaults import NETWORK_ALLOWLIST

from .policy_cases import LEAD, ROLES, WORKSPACE, ask, command, corpus, tool

LINES = corpus()
BLOCKED = [line.text for line in LINES if line.kind == "command" and line.decision == "DENY"]


def allowed(kind: str) -> list[str]:
    return [line.text for line in LINES if line.kind == kind and line.decision == "ALLOW"]


PLAIN_BLOCKED = ("rm -rf build", "sudo ls", "chmod 777 x", "cat ../x", "cat /etc/passwd", "kill 1", "cat ~/.ssh/x")
HEADS = {entry.split()[0] for entry in Policy().shell_allowlist}
PIECES = [
    *"|&;<>(){}[]$`'\"\\ \n\t#=*?~!-/.,:@",
    "ls",
    "rm",
    "-rf",
    "cat",
    "echo",
    "git",
    "find",
    "-exec",
    "sudo",
    "$(",
]
MORE_PIECES = [
    "&&",
    "<<",
    "EOF",
    "${",
    "bash -c",
    "..",
    "/etc",
    "x",
    "IFS",
    "curl",
    "xargs",
    "\u200b",
    "\uff52",
    "\\x72",
]
PATH_PIECES = ["/", "..", ".", "output", "docs", "tmp", "mc-1", "x", "~", ".env", "etc", "%2e", "%2f", "\\", "\u2024"]
MORE_PATH_PIECES = [WORKSPACE, "$WORKSPACE", "\u2215", "%25", "config", "//", "/../", "/..", "../", "\n", " "]
URL_PIECES = ["http", "https", ":", "/", "//", "@", "github.com", "evil.com", ".", "#", "?", "\\", "localhost", ":80"]
MORE_URL_PIECES = [
    "%2e",
    "\u3002",
    "[",
    "]",
    "x",
    "-",
    "127.0.0.1",
    " ",
    "\t",
    "*",
    "file",
    ":443",
    ".evil.com",
    "\u200b",
]


def joined(pieces: list[str], most: int) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(pieces), max_size=most).map("".join)


def disturbed(texts: list[str], pieces: list[str]) -> st.SearchStrategy[str]:
    """Texts that are allowed as they are, with something pushed in somewhere."""
    return st.builds(
        lambda text, at, more: text[: at % (len(text) + 1)] + more + text[at % (len(text) + 1) :],
        st.sampled_from(texts),
        st.integers(0, 200),
        joined(pieces, 3),
    )


SHELLISH = joined(PIECES + MORE_PIECES, 25) | disturbed(allowed("command"), PIECES + MORE_PIECES)
PATHISH = joined(PATH_PIECES + MORE_PATH_PIECES, 12) | disturbed(allowed("write"), PATH_PIECES + MORE_PATH_PIECES)
URLISH = joined(URL_PIECES + MORE_URL_PIECES, 10) | disturbed(allowed("url"), URL_PIECES + MORE_URL_PIECES)
WRAPPERS = (
    *("bash -c {q}", "sh -c {q}", "eval {q}", "nohup {c}", "env A=1 {c}", "timeout 5 {c}", "nice -n 3 {c}", "! {c}"),
    *("find . -exec {c} \\;", "ls | xargs {c}", "ssh h {q}", "echo $({c})", 'echo "$({c})"', "({c})", "{{ {c}; }}"),
    *("if true; then {c}; fi", "cat <<E\n$({c})\nE", "echo {q} | sh", "bash <<'E'\n{c}\nE", "f() {{ {c}; }}; f"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


class PropertyTests(TestCase):
    @settings(derandomize=True, max_examples=150, deadline=None)
    @given(st.sampled_from(list(ActionType)), st.text(max_size=10), SHELLISH | st.text(), PATHISH, URLISH, JSON)
    def test_whatever_is_asked_there_is_an_answer(self, kind, name, text, path, domain, value) -> None:
        keys = ("command", "path", "url", "from", "env", "cwd", "branch", "method", "other")
        args = dict.fromkeys(keys, value)
        before = copy.deepcopy(args)
        for agent in ROLES:
            action = Action(kind, tool=name, command=text, path=path, domain=domain, target_status="DONE", args=args)
            verdict = ask(action, agent)
            assert isinstance(verdict, Verdict)
            assert verdict == ask(action, agent)
            assert bool(verdict.violations) == (verdict.decision == Decision.DENY)
            assert bool(verdict.approval_required) == (verdict.decision == Decision.NEEDS_APPROVAL)
        assert repr(args) == repr(before)

    @settings(derandomize=True, max_examples=500, deadline=None)
    @given(SHELLISH)
    def test_what_is_allowed_runs_only_listed_commands(self, text) -> None:
        """A second reading, by the standard library's lexer."""
        if ask(command(text), LEAD).decision != Decision.ALLOW or "<" in text or ">" in text:
            return
        at_start = True
        plain = re.sub(r"\$(?=['\"])", "", text.replace("\\\n", ""))
        lexer = shlex.shlex(plain, posix=True, punctuation_chars=";&|()\n")
        lexer.whitespace = " \t"
        lexer.whitespace_split = True
        for word in lexer:
            if word and set(word) <= set(";&|\n"):
                at_start = True
            elif at_start:
                assert word in HEADS
                at_start = False

    @settings(derandomize=True, max_examples=150, deadline=None)
    @given(st.sampled_from(PLAIN_BLOCKED), st.data())
    def test_quoting_hides_nothing(self, text, data) -> None:
        ways = st.sampled_from(["{}", "'{}'", '"{}"', "\\{}", "''{}", '{}""', "$'{}'"])
        quoted = "".join(char if char in " ~" else data.draw(ways).format(char) for char in text)
        assert ask(command(quoted)).decision == Decision.DENY

    @settings(derandomize=True, max_examples=150, deadline=None)
    @given(
        st.sampled_from(PLAIN_BLOCKED),
        st.lists(st.tuples(st.sampled_from(allowed("command")), st.booleans()), max_size=3),
        st.sampled_from([";", "&&", "||", "|", "&", "\n", " ; ", "\n\n", " |& "]),
    )
    def test_company_hides_nothing(self, text, others, separator) -> None:
        parts = [text]
        for other, before in others:
            assume("#" not in other)
            parts = [other, *parts] if before else [*parts, other]
        ended = [f"{part} " if part.endswith("\\;") else part.strip().rstrip(";&") for part in parts]
        assert ask(command(separator.join(ended))).decision == Decision.DENY

    @settings(derandomize=True, max_examples=150, deadline=None)
    @given(st.sampled_from(PLAIN_BLOCKED), st.lists(st.sampled_from(WRAPPERS), min_size=1, max_size=2))
    def test_wrapping_hides_nothing(self, text, wrappers) -> None:
        for wrapper in wrappers:
            text = wrapper.format(c=text, q=shlex.quote(text))
        assert ask(command(text)).decision != Decision.ALLOW
        if len(wrappers) == 1:
            assert ask(command(text)).decision == Decision.DENY

    @settings(derandomize=True, max_examples=500, deadline=None)
    @given(PATHISH)
    def test_what_may_be_written_is_below_a_write_path(self, text) -> None:
        if ask(Action(ActionType.FILE_WRITE, path=text), LEAD).decision != Decision.ALLOW:
            return
        real = posixpath.normpath(posixpath.join(WORKSPACE, re.sub("^/+", "/", text).replace("$WORKSPACE", WORKSPACE)))
        places = [f"{WORKSPACE}/{name}/" for name in ("output", "docs", "memory", "artifacts")]
        assert real.startswith((*places, "/tmp/mc-")), real

    @settings(derandomize=True, max_examples=500, deadline=None)
    @given(URLISH)
    def test_an_allowed_address_leads_to_a_listed_host(self, text) -> None:
        """A second reading, by another library's parser."""
        if ask(Action(ActionType.NETWORK, domain=text), LEAD).decision != Decision.ALLOW:
            return
        url = URL(text if re.match("[a-z]+://", text) else f"http://{text}")
        assert url.scheme in ("http", "https")
        assert url.user is None
        names = [entry.removeprefix("*.").partition(":")[0] for entry in NETWORK_ALLOWLIST]
        host = (url.host or "").rstrip(".")
        assert any(host == name or host.endswith(f".{name}") for name in names), host

    @settings(derandomize=True, max_examples=150, deadline=None)
    @given(SHELLISH | st.sampled_from(allowed("command") + BLOCKED), st.integers(0, 10**8), st.integers(0, 10**8))
    def test_a_higher_role_may_do_all_that_a_lower_one_may(self, text, estimate, spent) -> None:
        action = command(text, estimated_cost=estimate)
        allowed = [ask(action, agent, current_spend=spent).decision == Decision.ALLOW for agent in ROLES]
        assert allowed == sorted(allowed)

    @settings(derandomize=True, max_examples=100, deadline=None)
    @given(st.sampled_from(["read", "think", "nobody_knows", "exec", "web_fetch", "message"]), st.sampled_from(BLOCKED))
    def test_no_tool_carries_a_blocked_command(self, name, text) -> None:
        assert ask(tool(name, args={"command": text}), LEAD).decision == Decision.DENY
