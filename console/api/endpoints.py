"""How targets are called, and what a person may override about it. The services are those of the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from connectors.engine.endpoints import services
from connectors.engine.endpoints.calling import Calling, sentence
from connectors.engine.endpoints.selectors import calling_of, callings_in_view
from console.api import parameters, records, shapes
from console.api.base import ApiView
from console.api.idempotency import once
from governance.registry.selectors import connection_by_key


class Endpoints(ApiView):
    required_action = "connections.view"
    query: ClassVar = frozenset({"retailer"})

    @extend_schema(
        operation_id="endpoints",
        summary="How targets are called, what is worst first",
        parameters=[*parameters.SCOPE[:1]],
        responses=shapes.Endpoints,
    )
    def get(self, request: Request) -> Response:
        keys = self.retailer_keys()
        found = [_record(one, keys) for one in callings_in_view(self.scope.retailer_ids)]
        return Response(shapes.Endpoints({"results": found}).data)


class Endpoint(ApiView):
    required_action = "connections.view"

    @extend_schema(operation_id="endpoint", summary="How one target is called", responses=shapes.Endpoint)
    def get(self, request: Request, key: str) -> Response:
        return self.answer(key)

    def answer(self, key: str) -> Response:
        calling = calling_of(connection_by_key(key).pk)
        return Response(shapes.Endpoint(_record(calling, self.retailer_keys())).data)


class Override(Endpoint):
    """One service, as a POST with a reason; the answer is the endpoint after it."""

    required_action = "endpoints.control"
    http_method_names: ClassVar = ["post", "options"]
    service: ClassVar[Callable[..., None]]

    def override(self, request: Request, key: str, body: dict[str, Any]) -> Response:
        def act() -> Response:
            type(self).service(connection_by_key(key), by=self.principal, **body)
            return self.answer(key)

        return once(request, body, act)


def _described(operation_id: str, summary: str, body: type = shapes.ReasonIn) -> Callable[[Any], Any]:
    return extend_schema(
        operation_id=operation_id,
        summary=summary,
        parameters=[parameters.IDEMPOTENCY_KEY],
        request=body,
        responses=shapes.Endpoint,
    )


class Hold(Override):
    service = services.hold

    @_described("hold_endpoint", "Send nothing to the target until it is let go")
    def post(self, request: Request, key: str) -> Response:
        return self.override(request, key, self.body(shapes.ReasonIn))


class LetGo(Override):
    service = services.let_go

    @_described("let_endpoint_go", "Call a target again that is held or down, slowly at first")
    def post(self, request: Request, key: str) -> Response:
        return self.override(request, key, self.body(shapes.ReasonIn))


class Probe(Override):
    service = services.probe_now

    @_described("probe_endpoint", "Try at once whether a target that is down is back")
    def post(self, request: Request, key: str) -> Response:
        return self.override(request, key, self.body(shapes.ReasonIn))


class LiftWait(Override):
    service = services.lift_wait

    @_described("lift_endpoint_wait", "Do not wait as long as the target asked")
    def post(self, request: Request, key: str) -> Response:
        return self.override(request, key, self.body(shapes.ReasonIn))


class FullPace(Override):
    service = services.full_pace

    @_described("full_pace_endpoint", "Call a target that is slowed down at its full pace")
    def post(self, request: Request, key: str) -> Response:
        return self.override(request, key, self.body(shapes.ReasonIn))


class Limits(Override):
    service = services.set_limits

    @_described("limit_endpoint", "Set how fast a target may be called", shapes.LimitsIn)
    def post(self, request: Request, key: str) -> Response:
        return self.override(request, key, self.body(shapes.LimitsIn))


def _record(one: Calling, keys: dict[int, str]) -> records.Record:
    return {
        "connection": one.key,
        "label": one.label,
        "retailer": keys[one.retailer_id],
        "standing": str(one.standing),
        "says": sentence(one),
        "breaker": one.breaker,
        "reason": one.reason or None,
        "since": one.since,
        "probe_at": one.probe_at,
        "not_before": one.not_before if one.told_to_wait else None,
        "calls_under_way": one.used,
        "calls_at_once": one.slots,
        "calls_per_second": one.rate,
        "tokens": one.tokens,
        "pace": one.limits.pace_now,
        "full_at": one.full_at,
        "last_minute": {"runs": one.window.calls, "failed": one.window.failures},
        "limits": {
            "concurrency": one.limits.concurrency,
            "per_second": one.limits.per_second,
            "own_concurrency": one.own_concurrency,
            "own_per_second": one.own_per_second,
        },
        "waiting": [
            {"share": _SHARES[wait.share], "count": wait.count, "due": wait.due, "oldest": wait.oldest}
            for wait in one.waiting
        ],
        "paused_flows": list(one.paused_flows),
    }


_SHARES = ("live", "retry", "replay")
