"""The MCP server: one tool with every action, and each action as a tool of its own."""

from __future__ import annotations

import json
from typing import Any

import anyio
import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from missioncontrol_client import __version__
from missioncontrol_client.aio import AsyncMissionControl
from missioncontrol_client.config import Settings
from missioncontrol_client.errors import Conflict, MissionControlError, PolicyViolation
from missioncontrol_client.wire import Caller

from .actions import ACTIONS, Action
from .parameters import BadArgument, Parameter, schema
from .prompt import PROMPT, PROMPT_PARAMETERS, answer_prompt

TOOL = "mission_control"
BY_NAME = {action.name: action for action in ACTIONS}


def serve_stdio(settings: Settings) -> None:
    anyio.run(_serve, settings)


async def _serve(settings: Settings) -> None:
    async with AsyncMissionControl.of(Caller.of(settings)) as client, stdio_server() as (incoming, outgoing):
        server = make_server(client, settings)
        await server.run(incoming, outgoing, server.create_initialization_options())


def make_server(client: AsyncMissionControl, settings: Settings) -> Server[dict[str, Any]]:
    async def list_tools(
        ctx: ServerRequestContext[dict[str, Any]], params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=tools())

    async def call_tool(
        ctx: ServerRequestContext[dict[str, Any]], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        return await perform(client, settings, params.name, params.arguments or {})

    instructions = "Your work in Mission Control: send heartbeats, claim tasks, plan, report, ask before risky actions."
    return Server(
        "mission-control",
        version=__version__,
        instructions=instructions,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def tools() -> list[types.Tool]:
    about = " ".join(f"{action.name}: {action.about}" for action in ACTIONS)
    everything = types.Tool(name=TOOL, description=f"Mission Control. {about}", input_schema=_joint_schema())
    prompt = types.Tool(
        name=PROMPT,
        description="Asks people whether a tool may be used. For the agent's own permission prompts, not for models.",
        input_schema=schema(PROMPT_PARAMETERS),
    )
    return [everything, *map(_own_tool, ACTIONS), prompt]


def _own_tool(action: Action) -> types.Tool:
    hints = types.ToolAnnotations(read_only_hint=action.reads_only)
    return types.Tool(
        name=action.name, description=action.about, input_schema=schema(action.parameters), annotations=hints
    )


def _joint_schema() -> dict[str, Any]:
    """Every parameter of every action. What one means depends on the action, so only its type is said."""
    found: dict[str, dict[str, Any]] = {}
    for action in ACTIONS:
        for item in action.parameters:
            found.setdefault(item.name, item._replace(about="").schema(choices=False))
    first = Parameter("action", choices=tuple(BY_NAME)).schema()
    return {"type": "object", "properties": {"action": first, **found}, "required": ["action"]}


async def perform(
    client: AsyncMissionControl, settings: Settings, tool: str, given: dict[str, Any]
) -> types.CallToolResult:
    try:
        if tool == PROMPT:
            return _told(await answer_prompt(client.caller, given))
        return _told(await client.send(_action(tool, given).call(settings, given)))
    except PolicyViolation as error:
        return _told({"needsApproval": True, "reason": error.message})
    except Conflict:
        return _told({"alreadyProcessed": True})
    except (MissionControlError, ValueError) as error:
        problem = error if isinstance(error, MissionControlError) else BadArgument(str(error))
        return _told(problem.envelope(), is_error=True)


def _action(tool: str, given: dict[str, Any]) -> Action:
    name = given.get("action") if tool == TOOL else tool
    if name is None:
        raise BadArgument("missing parameter: action")
    action = BY_NAME.get(str(name))
    if action is None:
        raise BadArgument(f"unknown action: {name}; there are {', '.join(BY_NAME)}")
    return action


def _told(answer: Any, *, is_error: bool = False) -> types.CallToolResult:
    text = types.TextContent(text=json.dumps(answer, ensure_ascii=False))
    return types.CallToolResult(content=[text], is_error=is_error)
