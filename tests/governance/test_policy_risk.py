"""The table of tools, who needs approval, and what raises any risk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import TestCase

from governance.policy import Action, ActionType, Decision, Policy, Risk
from governance.policy.words import names

from .policy_cases import INTERN, LEAD, SPECIALIST, ask, command, tool

ALLOW, ASKS = Decision.ALLOW, Decision.NEEDS_APPROVAL
GREEN = names("web_search tts think generate_draft analyze_data post_comment create_doc read_db query_db")
UNVOUCHED = names("browser cron modify_cron install_deps gateway something_new")
RED = names(
    "message send_email send_message post_social tweet publish payment deploy deploy_prod modify_prod_config "
    "access_secrets read_env destructive_shell rm_rf drop_table database_write external_api_write git_force_push"
)


class ToolTableTests(TestCase):
    def decisions(self, action: Action, policy: Policy | None = None) -> list[Decision]:
        return [ask(action, agent, policy or Policy()).decision for agent in (INTERN, SPECIALIST, LEAD)]

    def test_green_tools_are_for_everybody(self) -> None:
        for name in GREEN:
            assert ask(tool(name)).risk == Risk.GREEN
            assert self.decisions(tool(name)) == [ALLOW, ALLOW, ALLOW], name

    def test_yellow_that_nothing_vouches_for_is_for_leads(self) -> None:
        for name in UNVOUCHED:
            assert ask(tool(name)).risk == Risk.YELLOW
            assert self.decisions(tool(name)) == [ASKS, ASKS, ALLOW], name

    def test_yellow_that_is_vouched_for_is_for_specialists_too(self) -> None:
        for action in (
            tool("git_commit"),
            tool("create_branch"),
            command("ls"),
            tool("write", path="output/x"),
            tool("delete_file", path="docs/x"),
            Action(ActionType.FILE_WRITE, path="docs/x"),
            Action(ActionType.NETWORK, domain="github.com"),
            tool("web_fetch", domain="github.com", args={"method": "POST"}),
        ):
            assert ask(action).risk == Risk.YELLOW
            assert self.decisions(action) == [ASKS, ALLOW, ALLOW], action

    def test_red_needs_approval_from_everybody(self) -> None:
        for name in RED:
            assert ask(tool(name)).risk == Risk.RED
            assert self.decisions(tool(name)) == [ASKS, ASKS, ASKS], name

    def test_aliases_are_the_same_tool(self) -> None:
        for name in ("read_file", "list_files", "list_dir", "grep", "glob", "search", "Read"):
            assert ask(tool(name, path="src")).risk == Risk.GREEN
            assert ask(tool(name, path="/opt")).risk == Risk.RED
        for name in ("write_file", "create_file", "edit", "edit_file", "delete_file", "rename_file"):
            assert ask(tool(name, path="output/x")).risk == Risk.YELLOW
            assert ask(tool(name, path="src/x")).risk == Risk.RED
            assert ask(tool(name)).risk == Risk.RED
        for name in ("shell", "bash", "shell_exec", "EXEC"):
            assert ask(tool(name, command="ls")).risk == Risk.YELLOW
            assert ask(tool(name, command="evil")).risk == Risk.RED
            assert ask(tool(name)).risk == Risk.RED
        for name in ("http", "http_request", "fetch", "network_call"):
            assert ask(tool(name, domain="https://github.com/x")).risk == Risk.GREEN

    def test_fetching_by_method_and_host(self) -> None:
        def fetched(**args: Any) -> Risk:
            return ask(tool("web_fetch", args=args)).risk

        assert fetched(url="https://github.com") == fetched(url="https://github.com", method="get") == Risk.GREEN
        assert fetched(url="https://github.com", method="DELETE") == Risk.YELLOW
        assert fetched(url="https://github.com", body="x") == Risk.YELLOW
        assert fetched(url="https://evil.com") == fetched() == Risk.RED
        assert fetched(url="https://github.com@evil.com") == Risk.RED

    def test_pushing_by_branch(self) -> None:
        policy = Policy(git_push_branches=("staging",))
        assert ask(tool("git_push", args={"branch": "staging"})).risk == Risk.RED
        assert ask(tool("git_push", args={"branch": "staging"}), policy=policy).decision == ALLOW
        assert ask(tool("git_push", args={"branch": "main"}), policy=policy).risk == Risk.RED
        assert ask(tool("git_push", args={"branch": "staging", "force": True}), policy=policy).risk == Risk.RED
        assert ask(tool("git_push"), policy=policy).risk == Risk.RED

    def test_the_gateway_by_what_is_asked_of_it(self) -> None:
        assert ask(tool("gateway", args={"action": "status"})).risk == Risk.YELLOW
        for args in ({"action": "config.set"}, {"method": "PATCH"}, {"do": "updateConfig"}, {"action": "restart"}):
            assert ask(tool("gateway", args=args)).risk == Risk.RED, args

    def test_an_unknown_tool_is_judged_by_what_it_touches(self) -> None:
        assert ask(tool("new_thing", command="evil"), LEAD).risk == Risk.RED
        assert ask(tool("new_thing", path="src/x"), LEAD).risk == Risk.RED
        assert ask(tool("new_thing", domain="evil.com"), LEAD).risk == Risk.RED
        assert ask(tool("new_thing", path="/etc/x"), LEAD).decision == Decision.DENY

    def test_a_page_that_hides_where_it_leads(self) -> None:
        assert ask(tool("browser", args={"url": "https://any.example/x"})).risk == Risk.YELLOW
        for url in ("https://github.com@evil.com", "file:///x", "javascript:x"):
            assert ask(tool("browser", args={"url": url})).risk == Risk.RED

    def test_surroundings_of_a_command(self) -> None:
        for args in ({"env": {"LD_PRELOAD": "x"}}, {"stdin": "x"}, {"cwd": "/opt"}, {"cwd": 1}):
            assert ask(command("ls", args=args)).risk == Risk.RED, args
        assert ask(command("npm test", args={"cwd": "src", "timeout": 5})).decision == ALLOW
        assert ask(command("echo x > output/x", args={"cwd": "src"})).risk == Risk.RED

    def test_the_policy_may_give_a_tool_another_risk(self) -> None:
        policy = Policy(tool_risk_map={"browser": Risk.GREEN, "bash": Risk.RED, "message": Risk.YELLOW})
        assert self.decisions(tool("browser"), policy) == [ALLOW, ALLOW, ALLOW]
        assert self.decisions(tool("bash", command="ls"), policy) == [ASKS, ASKS, ASKS]
        assert self.decisions(tool("exec", command="ls"), policy) == [ASKS, ALLOW, ALLOW]
        assert self.decisions(tool("message"), policy) == [ASKS, ASKS, ALLOW]
        assert ask(tool("browser", args={"note": "for production"}), policy=policy).risk == Risk.RED
        lenient = Policy(tool_risk_map={"exec": Risk.GREEN})
        assert ask(command("rm -rf x"), policy=lenient).decision == Decision.DENY

    def test_the_policy_may_demand_approval_of_further_roles(self) -> None:
        policy = Policy(yellow_approval_roles=("SPECIALIST", "LEAD"))
        assert self.decisions(command("ls"), policy) == [ASKS, ASKS, ASKS]
        assert self.decisions(tool("think"), policy) == [ALLOW, ALLOW, ALLOW]

    def test_integrations_add_their_hosts(self) -> None:
        policy = Policy(network_allowlist=("*.slack.com", "api.telegram.org", "internal.example:8443", "10.0.0.7"))
        for host in ("hooks.slack.com", "api.telegram.org", "internal.example:8443", "10.0.0.7"):
            assert ask(Action(ActionType.NETWORK, domain=host), policy=policy).decision == ALLOW, host
        for host in ("slack.com", "internal.example", "x.internal.example:8443", "x.10.0.0.7", "10.0.0.70"):
            assert ask(Action(ActionType.NETWORK, domain=host), policy=policy).risk == Risk.RED, host


class UpgradeTests(TestCase):
    secrets = (
        "sk-" + "a" * 20,
        "pk-" + "A1" * 10,
        "ghp_" + "a" * 30,
        "ghs_" + "1" * 36,
        "xoxb-1",
        "AKIA" + "A" * 16,
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----",
        "api_key=abcdefgh12",
        "ACCESS_TOKEN: 'abcdefgh12'",
        "password = hunter2hunter2",
        '{"secret": "abcdefgh12"}',
    )

    def test_a_secret_makes_anything_red(self) -> None:
        for secret in self.secrets:
            for action in (
                tool("think", args={"text": f"see {secret} here"}),
                tool("post_comment", args={"deep": [{"er": [secret]}]}),
                command(f"echo {secret}"),
            ):
                assert ask(action, LEAD).risk == Risk.RED, action

    def test_the_key_of_an_argument_counts(self) -> None:
        assert ask(tool("think", args={"api_key": "abcdefgh12"})).risk == Risk.RED

    def test_a_secret_is_not_repeated_in_the_answer(self) -> None:
        for secret in self.secrets:
            assert secret not in repr(ask(command(f"echo '{secret}'")))

    def test_a_production_target_makes_anything_red(self) -> None:
        for text in (
            "prod",
            "to production now",
            "PROD",
            "prod-db",
            "deploy_prod.sh",
            "deploy it live",
            "go live: release",
        ):
            assert ask(tool("think", args={"text": text})).risk == Risk.RED, text

    def test_everyday_words_do_not(self) -> None:
        for text in (
            "product",
            "reproduce",
            "productive",
            "live view",
            "deploy to staging",
            "max_tokens=4096",
            "tokens",
        ):
            assert ask(tool("think", args={"text": text})).risk == Risk.GREEN, text

    def test_more_than_can_be_judged_is_red(self) -> None:
        assert ask(tool("think", args={"list": list(range(6000))})).risk == Risk.RED
        assert ask(command("ls " + "x" * 10_000)).risk == Risk.RED
        assert ask(command("$(" * 500)).decision != ALLOW


class PurityTests(TestCase):
    def test_it_needs_no_framework(self) -> None:
        code = "import sys, governance.policy; sys.exit(any(name.split('.')[0] == 'django' for name in sys.modules))"
        root = Path(__file__).parents[2]
        assert subprocess.run([sys.executable, "-c", code], cwd=root, timeout=60).returncode == 0
