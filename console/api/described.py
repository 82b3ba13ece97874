"""What the schema says of every operation without its view saying so: the ways in which it may be refused."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema

from console.api import shapes
from console.api.problems import CONTENT_TYPE


class Described(AutoSchema):
    def _get_response_bodies(self, direction: str = "response") -> dict[str, Any]:
        bodies = super()._get_response_bodies(direction)
        for status in self._refusals():
            bodies[status] = self._get_response_for_code(shapes.Problem, status, media_types=[CONTENT_TYPE])
        return bodies

    def get_description(self) -> str:
        """Nothing: the summary says it. A view's docstring is for us, and would be inherited besides."""
        return ""

    def _refusals(self) -> list[str]:
        writes = self.method == "POST"
        refusals = ["400"] if writes or self.view.query else []
        refusals += ["401", "403"]
        if "{" in self.path or self.view.query:
            refusals.append("404")
        return [*refusals, "409", "413", "415", "422"] if writes else refusals
