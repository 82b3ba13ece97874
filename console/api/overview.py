"""The overview's numbers and the connections behind them."""

from __future__ import annotations

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from console.api import parameters, records, shapes
from console.api.base import ApiView
from console.charts.traffic import FAILED
from console.views.overview import equation_of
from console.views.overview_parts import Numbers, read_numbers
from console.views.scope import PageScope
from governance.registry.selectors import connections_in_view
from monitoring.rollups.selectors import Latency, VersionInUse


class Overview(ApiView):
    required_action = "overview.view"
    query: ClassVar = parameters.names(parameters.SCOPE)

    @extend_schema(
        operation_id="overview",
        summary="The overview's numbers",
        parameters=[*parameters.SCOPE],
        responses=shapes.Overview,
    )
    def get(self, request: Request) -> Response:
        scope = self.scope
        return Response(shapes.Overview(_record(read_numbers(scope), scope)).data)


class Connections(ApiView):
    required_action = "connections.view"
    query: ClassVar = frozenset({"retailer"})

    @extend_schema(
        operation_id="connections",
        summary="Connections, by retailer and name",
        parameters=[*parameters.SCOPE[:1]],
        responses=shapes.Connections,
    )
    def get(self, request: Request) -> Response:
        found = [
            {
                "key": one.key,
                "label": one.label,
                "retailer": one.retailer.key,
                "connector": one.connector,
                "state": one.state,
                "live": one.live,
                "api_version": one.api_version or None,
            }
            for one in connections_in_view(self.scope.retailer_ids)
        ]
        return Response(shapes.Connections({"results": found}).data)


def _record(numbers: Numbers, scope: PageScope) -> records.Record:
    traffic, risk, held = numbers.traffic, numbers.risk, numbers.backlog
    equation = equation_of(scope, arrivals=traffic.total("received"))
    return {
        "since": traffic.window.since,
        "until": traffic.window.until,
        "received": traffic.total("received"),
        "received_a_minute": numbers.rate,
        "delivered": traffic.total("delivery", "delivered"),
        "attempts": traffic.total("attempt"),
        "failed_attempts": traffic.total("attempt", *FAILED),
        "failures_by_class": traffic.by_outcome("failure"),
        "latency": [_hop(hop) for hop in numbers.hops],
        "api_versions": [_version(version) for version in numbers.versions],
        "exceptions": {
            "count": risk.count,
            "at_risk": [records.money(value, currency) for currency, value in risk.money],
            "unknown_value": risk.unknown,
            "oldest": risk.oldest,
        },
        "backlog": {"waiting": held.waiting, "retrying": held.retrying, "oldest": held.oldest},
        "equation": {"received": equation.received, **equation.terms} if equation else None,
    }


def _hop(hop: Latency) -> records.Record:
    p50, p95 = hop.percentile(0.5), hop.percentile(0.95)
    return {"hop": hop.hop, "timed": hop.count, "p50_ms": p50 / 1000, "p95_ms": p95 / 1000}


def _version(version: VersionInUse) -> records.Record:
    return {
        "connection": version.connection_key,
        "connector": version.connector,
        "side": version.side,
        "requested": version.requested or None,
        "served": version.served or None,
        "calls": version.calls,
        "share": version.share,
        "last_seen": version.last_seen,
    }
