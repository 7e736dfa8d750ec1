"""Whether there is a newer release."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from api.schemas import FLAG, TEXT, has
from system import releases

from .base import LegacyView
from .docs import describe

ANSWER = has(
    "latestVersion", "releaseUrl", "releaseNotes", "deploymentMode",
    updateAvailable=FLAG, currentVersion=TEXT, latestVersion=TEXT, releaseUrl=TEXT, releaseNotes=TEXT,
    deploymentMode=TEXT,
)  # fmt: skip


class ReleaseCheck(LegacyView):
    route = "releases-check"

    @describe("Whether there is a newer release than this one.", answers={200: ANSWER})
    def get(self, request: Request) -> Response:
        check = releases.check()
        return Response(check.answer, headers={"Cache-Control": f"public, max-age={check.seconds}"})
