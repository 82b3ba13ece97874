"""Exceptions and what a person may decide about them and their lanes. The services are those of the page."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from connectors.engine.lanes import release_delivery, split_exception
from connectors.engine.replay import close_exception, retry_exception, why_not_retry
from connectors.engine.selectors import standing
from console.api import parameters, records, shapes
from console.api.base import ApiView, cursor_of, limit_of, page_of
from console.api.idempotency import once
from console.views.exceptions import exception_filter
from monitoring.exceptions.models import ExceptionItem
from monitoring.exceptions.selectors import TABS, exception_by_id, exception_page, transitions_of
from monitoring.ledger.models import Delivery


class Exceptions(ApiView):
    required_action = "exceptions.view"
    query: ClassVar = parameters.names(parameters.SCOPE, parameters.EXCEPTIONS, parameters.PAGE)

    @extend_schema(
        operation_id="exceptions",
        summary="Exceptions, newest first",
        parameters=[*parameters.SCOPE, *parameters.EXCEPTIONS, *parameters.PAGE],
        responses=shapes.ExceptionPage,
    )
    def get(self, request: Request) -> Response:
        if request.query_params.get("tab", "open") not in TABS:
            raise ValidationError({"tab": [f"One of {', '.join(TABS)}."]})
        before, after = cursor_of(request, "before"), cursor_of(request, "after")
        wanted = exception_filter(self.page_request, self.scope)
        page = exception_page(wanted, before=before, after=after, size=limit_of(request))
        keys = self.retailer_keys()
        rows = shapes.ExceptionSummary([records.exception_summary(item, keys) for item in page.rows], many=True)
        return page_of(request, rows.data, older=page.older, newer=page.newer)


class Exception_(ApiView):
    required_action = "exceptions.view"

    @extend_schema(operation_id="exception", summary="One exception", responses=shapes.ExceptionDetail)
    def get(self, request: Request, exception_id: UUID) -> Response:
        item = exception_by_id(exception_id)
        stands = standing(item)
        record = records.exception_summary(item, self.retailer_keys()) | {
            "detail": item.detail or None,
            "why_not_retry": why_not_retry(item) or None,
            "why_not_split": stands.why_not_split or None,
            "waiting_behind": stands.behind,
            "split": stands.split,
            "transitions": [records.transition(row) for row in transitions_of([item.id])],
        }
        return Response(shapes.ExceptionDetail(record).data)


class Retry(ApiView):
    required_action = "exceptions.retry"

    @extend_schema(
        operation_id="retry_exception",
        summary="Send the failed delivery again, as it is",
        parameters=[parameters.IDEMPOTENCY_KEY],
        request=shapes.RetryIn,
        responses={202: shapes.ExceptionState},
    )
    def post(self, request: Request, exception_id: UUID) -> Response:
        body = self.body(shapes.RetryIn)

        def act() -> Response:
            retry_exception(exception_id, by=self.principal, reason=body["reason"], insist=body["insist"])
            return _state(exception_id, ExceptionItem.State.RETRYING, 202)

        return once(request, body, act)


class Resolve(ApiView):
    required_action = "exceptions.resolve"

    @extend_schema(
        operation_id="resolve_exception",
        summary="Close an exception by hand",
        parameters=[parameters.IDEMPOTENCY_KEY],
        request=shapes.ReasonIn,
        responses=shapes.ExceptionState,
    )
    def post(self, request: Request, exception_id: UUID) -> Response:
        body = self.body(shapes.ReasonIn)

        def act() -> Response:
            close_exception(exception_id, by=self.principal, reason=body["reason"])
            return _state(exception_id, ExceptionItem.State.RESOLVED, 200)

        return once(request, body, act)


class Split(ApiView):
    required_action = "lanes.split"

    @extend_schema(
        operation_id="split_exception",
        summary="Take the failed delivery out of its order: later ones go on without it",
        parameters=[parameters.IDEMPOTENCY_KEY],
        request=shapes.ReasonIn,
        responses=shapes.SplitState,
    )
    def post(self, request: Request, exception_id: UUID) -> Response:
        body = self.body(shapes.ReasonIn)

        def act() -> Response:
            behind = split_exception(exception_id, by=self.principal, reason=body["reason"])
            state = {"id": str(exception_id), "state": str(ExceptionItem.State.OPEN), "sent_without_it": behind}
            return Response(state)

        return once(request, body, act)


class Release(ApiView):
    required_action = "lanes.release"

    @extend_schema(
        operation_id="release_delivery",
        summary="Try a delivery that backs off now",
        parameters=[parameters.IDEMPOTENCY_KEY],
        request=shapes.ReasonIn,
        responses={202: shapes.ExceptionState},
    )
    def post(self, request: Request, delivery_id: UUID) -> Response:
        body = self.body(shapes.ReasonIn)

        def act() -> Response:
            release_delivery(delivery_id, by=self.principal, reason=body["reason"])
            return _state(delivery_id, Delivery.State.RETRYING, 202)

        return once(request, body, act)


def _state(id_: UUID, state: str, status: int) -> Response:
    return Response({"id": str(id_), "state": str(state)}, status=status)
