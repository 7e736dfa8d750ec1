"""`/api/docs`: the OpenAPI document, generated from the views themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from accounts.access.legacy import TABLE, UNGUARDED
from core.actors import Role

from .answers import ANSWERS, BODIES, ERROR

Method = Callable[..., Any]
PAGING = ("limit", "offset")
# One of the schemes in the settings, where they are spelled out.
CREDENTIALS: list[dict[str, list[str]]] = [{"key": []}, {"bearer": []}, {"session": []}]
ANYONE = "For everybody, without a credential."
REFUSALS = {
    400: "Invalid input",
    401: "No usable credential",
    403: "Role too low",
    404: "Not found",
    409: "Conflict",
    501: "What this needs is not connected",
}


class RouteSchema(AutoSchema):
    """Names operations by method and route: several routes share a method of the same name."""

    def get_operation_id(self) -> str:
        route: str = self.view.route  # type: ignore[attr-defined]
        return f"{self.method.lower()}_{route.replace('-', '_')}"

    def get_description(self) -> str:  # type: ignore[override]
        if self._least is None:
            return ANYONE if self._is_open else "For every known caller."
        return f"For {self._least.word}s{'' if self._least == Role.ADMIN else ' and above'}."

    def get_auth(self) -> list[dict[str, list[str]]]:
        return [{}] if self._is_open and self._least is None else CREDENTIALS

    @property
    def _is_open(self) -> bool:
        return self.view.route in UNGUARDED  # type: ignore[attr-defined]

    @property
    def _least(self) -> Role | None:
        return TABLE[self.view.route].get(self.method)  # type: ignore[attr-defined]


def describe(
    summary: str,
    *,
    answers: dict[int, str | dict[str, Any]],
    body: Any = None,
    query: tuple[str, ...] = (),
    paged: bool = False,
) -> Callable[[Method], Method]:
    """Document a view's method. `body` is an input shape, a JSON Schema, or the name of one in `answers.BODIES`;
    answers are JSON Schemas, or names in `answers.ANSWERS`."""
    names = (*query, *PAGING) if paged else query
    parameters = [
        OpenApiParameter(name, OpenApiTypes.INT if name in PAGING else OpenApiTypes.STR, required=False)
        for name in names
    ]
    responses: dict[Any, Any] = {
        (status, "application/json"): OpenApiResponse(ANSWERS[answer] if isinstance(answer, str) else answer)
        for status, answer in answers.items()
    }
    responses |= {
        (status, "application/json"): OpenApiResponse(ERROR, description=text) for status, text in REFUSALS.items()
    }
    responses[429, "application/json"] = OpenApiResponse(ERROR, description="Too many requests")
    shape = BODIES[body] if isinstance(body, str) else body
    request = {"application/json": shape} if shape is not None else None
    decorate: Callable[[Method], Method] = extend_schema(
        summary=summary, parameters=parameters, request=request, responses=responses
    )
    return decorate
