"""What every view of the API shares: session, rights, strict bodies, checked queries, pages by cursor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from console.api.authentication import SessionPrincipal
from console.api.described import Described
from console.api.parsers import SmallJson
from console.api.permissions import DenyUnlessGranted, principal_of
from console.views.scope import PageScope, page_scope
from governance.access.principal import Principal

MOST_ROWS = 200
USUAL_ROWS = 50
MAX_TEXT = 100


class ApiView(APIView):
    """Subclasses declare `required_action`, or nobody may call them, and what their `query` may have.

    Who acts (`governance.audit.context`) was set from the session by the middleware, before this view was called.
    """

    required_action: ClassVar[str]
    query: ClassVar[frozenset[str]] = frozenset()
    authentication_classes: ClassVar = [SessionPrincipal]
    permission_classes: ClassVar = [DenyUnlessGranted]
    parser_classes: ClassVar = [SmallJson]
    renderer_classes: ClassVar = [JSONRenderer]
    schema = Described()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        check_query(request, self.query)

    @property
    def page_request(self) -> HttpRequest:
        """The request as the pages' functions take it."""
        return self.request._request

    @property
    def principal(self) -> Principal:
        return principal_of(self.request)

    @property
    def scope(self) -> PageScope:
        scope = page_scope(self.page_request)
        if scope.range.problem:
            raise ValidationError({"from": [scope.range.problem]})
        return scope

    def retailer_keys(self) -> dict[int, str]:
        return {retailer.id: retailer.key for retailer in self.scope.retailers}

    def body(self, serializer: type[serializers.Serializer]) -> dict[str, Any]:
        read = serializer(data=self.request.data)
        read.is_valid(raise_exception=True)
        return read.validated_data


def check_query(request: Request, known: Iterable[str]) -> None:
    """A misspelt filter would be a wrong answer, so it is an error; so is what no name of ours can hold."""
    problems = {}
    for name, values in request.query_params.lists():
        if name not in known:
            problems[name] = ["There is no such parameter."]
        elif len(values) > 1:
            problems[name] = ["Only one value."]
        elif len(values[0]) > MAX_TEXT or not values[0].isprintable():
            problems[name] = [f"At most {MAX_TEXT} printable characters."]
    if problems:
        raise ValidationError(problems)


def limit_of(request: Request) -> int:
    text = request.query_params.get("limit", str(USUAL_ROWS))
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_ROWS):
        raise ValidationError({"limit": [f"A whole number from 1 to {MOST_ROWS}."]})
    return int(text)


def cursor_of(request: Request, name: str) -> UUID | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError as error:
        raise ValidationError({name: ["Not a cursor."]}) from error


def page_of(request: Request, results: list[Any], *, older: UUID | None, newer: UUID | None) -> Response:
    """`older` and `newer` as addresses on this host; null at an end."""

    def link(name: str, cursor: UUID | None) -> str | None:
        if cursor is None:
            return None
        kept = {k: v for k, v in request.query_params.items() if k not in ("before", "after")}
        return f"{request.path}?{urlencode({**kept, name: cursor}, safe='/,')}"

    return Response({"results": results, "older": link("before", older), "newer": link("after", newer)})
