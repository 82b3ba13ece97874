"""Bodies of the API: small, strict JSON. What cannot be trusted is 400, what is too large 413, never 500."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from connectors.sdk.safe_json import UnreadablePayload, parse
from console.api.problems import ApiError

MAX_BYTES = 64 * 1024


class SmallJson(BaseParser):
    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        body = stream.read(MAX_BYTES + 1)
        if len(body) > MAX_BYTES:
            raise ApiError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", "The body is larger than 64 KB.")
        try:
            document = parse(body)
        except UnreadablePayload as unreadable:
            raise ParseError(unreadable.reason) from unreadable
        if not isinstance(document, dict):
            raise ParseError("The body must be a JSON object.")
        return document
