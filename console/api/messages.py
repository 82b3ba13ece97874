"""Messages: the list with the filters of the page, and one message with everything that happened to it."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from console.api import parameters, records, shapes
from console.api.base import ApiView, cursor_of, limit_of, page_of
from console.views.messages import message_filter
from monitoring.ledger.selectors.detail import message_detail
from monitoring.ledger.selectors.pages import message_page


class Messages(ApiView):
    required_action = "messages.view"
    query: ClassVar = parameters.names(parameters.SCOPE, parameters.MESSAGES, parameters.PAGE)

    @extend_schema(
        operation_id="messages",
        summary="Messages, newest first",
        parameters=[*parameters.SCOPE, *parameters.MESSAGES, *parameters.PAGE],
        responses=shapes.MessagePage,
    )
    def get(self, request: Request) -> Response:
        scope = self.scope
        wanted, problem = message_filter(self.page_request, scope)
        if problem:
            raise ValidationError({"query": [problem]})
        before, after = cursor_of(request, "before"), cursor_of(request, "after")
        page = message_page(wanted, before=before, after=after, size=limit_of(request))
        keys = self.retailer_keys()
        rows = shapes.MessageSummary([records.message_summary(row, keys) for row in page.rows], many=True)
        return page_of(request, rows.data, older=page.older, newer=page.newer)


class Message(ApiView):
    required_action = "messages.view"

    @extend_schema(operation_id="message", summary="One message", responses=shapes.MessageDetail)
    def get(self, request: Request, message_id: UUID) -> Response:
        return Response(shapes.MessageDetail(records.message_detail(message_detail(message_id))).data)
