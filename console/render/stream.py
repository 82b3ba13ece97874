"""Long answers in pieces. Each piece enters the scope again: by then the middleware has left it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import TypeVar

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

from tenants.context import Scope, in_scope, release_own_connection, require_scope, use_scope

Cursor = TypeVar("Cursor")
# cursor (None at first) -> (bytes, next cursor or None at the end)
Piece = Callable[[Cursor | None], tuple[bytes, Cursor | None]]


def streamed(request: HttpRequest, piece: Piece, *, content_type: str, filename: str) -> StreamingHttpResponse:
    """A download made piece by piece: an event loop is given an async iterator, so nothing is gathered in memory."""
    scope = require_scope()
    body = _pieces_async(scope, piece) if isinstance(request, ASGIRequest) else _pieces(scope, piece)
    response = StreamingHttpResponse(body, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def _pieces(scope: Scope, piece: Piece) -> Iterator[bytes]:
    cursor, first = None, True
    while first or cursor is not None:
        with use_scope(scope):
            body, cursor = piece(cursor)
        first = False
        yield body


async def _pieces_async(scope: Scope, piece: Piece) -> AsyncIterator[bytes]:
    await release_own_connection()
    cursor, first = None, True
    while first or cursor is not None:
        body, cursor = await in_scope(scope, piece, cursor)
        first = False
        yield body
