"""The query parameters of the API, as the schema tells them: the pages' own names, so that addresses can be copied."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from monitoring.exceptions.selectors import TABS
from monitoring.ledger.selectors.filters import DOORS, FAILED, NOT_STATED, OUTCOMES


def _parameter(name: str, told: str, **more: Any) -> OpenApiParameter:
    return OpenApiParameter(name, more.pop("type", str), OpenApiParameter.QUERY, description=told, **more)


SCOPE: Final = (
    _parameter("retailer", "Keys of retailers, separated by commas. All you may see when left out."),
    _parameter("from", "Start of the range: `now-24h` (default), `now/d`, ISO 8601 or epoch milliseconds."),
    _parameter("to", "End of the range: `now` (default)."),
)
PAGE: Final = (
    _parameter("before", "Cursor: what is older. Take it from `older`.", type=OpenApiTypes.UUID),
    _parameter("after", "Cursor: what is newer. Take it from `newer`.", type=OpenApiTypes.UUID),
    _parameter("limit", "Rows of a page, 1 to 200.", type=int, default=50),
)
MESSAGES: Final = (
    _parameter("outcome", "What became of it.", enum=OUTCOMES),
    _parameter("connection", "Key of its source or of a target."),
    _parameter("flow", "Key of a flow it went through."),
    _parameter("topic", "Topic of the event."),
    _parameter("store", "Key of a store."),
    _parameter("version", f"API version stated by its source or served by a target; `{NOT_STATED}`."),
    _parameter("door", "How it came in.", enum=DOORS),
    _parameter("attempt", "One of its attempts failed.", enum=[FAILED]),
    _parameter("q", "A business number, a message's id or a trace id, at any time."),
)
EXCEPTIONS: Final = (
    _parameter("tab", "Open ones at any age, or resolved ones by when they were opened.", enum=TABS, default="open"),
    _parameter("class", "Error class."),
    _parameter("connection", "Key of the connection that failed."),
    _parameter("find", "An order number, or words of the problem."),
)
PAUSES: Final = (
    _parameter("state", "Those that stand, or those that are over.", enum=("open", "past"), default="open"),
)
IDEMPOTENCY_KEY: Final = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Makes a repeated request one act with one answer, for 24 hours. With another body: 422.",
)


def names(*groups: tuple[OpenApiParameter, ...]) -> frozenset[str]:
    return frozenset(parameter.name for group in groups for parameter in group)
