"""What the drain needs of a partner's configuration, read once and kept for a few seconds."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from connectors.engine.models import Endpoint
from connectors.engine.rules.language import Rules
from connectors.engine.rules.selectors import live_rules
from connectors.engine.secrets import call_secrets
from connectors.library import connector
from connectors.sdk.connector import Connector
from governance.catalogue.manifest import RateLimit
from governance.credentials.services import keyring
from governance.egress.addresses import AllowList
from governance.egress.selectors import allow_list
from governance.registry.models import Flow, RetailConnection
from tenants.context import Scope, in_scope

TTL_SECONDS = 5.0
# xmin is the transaction that wrote a row as it is: it changes with every change, whoever makes it.
FLOWS_STAMP = (
    "SELECT concat((SELECT string_agg(concat_ws(':', id, xmin), ',' ORDER BY id) FROM registry_flow), '|',"
    " (SELECT string_agg(concat_ws(':', id, xmin), ',' ORDER BY id) FROM routing_rule_set WHERE state = 'live'))"
)


class FlowsChanged(RuntimeError):
    """A flow or rule was made or changed since the configuration was read: it does not say where messages go now."""


@dataclass(frozen=True, slots=True)
class FlowFacts:
    id: int
    key: str
    retailer_id: int
    source_id: int
    source_key: str
    target_id: int
    target_key: str
    operations: Mapping[str, str]
    mode: str
    active: bool  # a paused flow's messages wait in their lanes


@dataclass(frozen=True, slots=True)
class Target:
    """A connection as an operation sees it. `session` lives as long as the process keeps this connection."""

    id: int
    key: str
    connector: Connector
    config: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)
    session: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PartnerConfig:
    flows_by_source: Mapping[int, tuple[FlowFacts, ...]]
    flows: Mapping[int, FlowFacts]
    rules: Mapping[int, Rules]  # routing rules, by source
    targets: Mapping[int, Target]
    allow: AllowList
    flows_stamp: str  # what FLOWS_STAMP answered before the flows were read
    personal_key: bytes = field(repr=False)  # for keyed hashes of personal values


class ConfigBook:
    """One a drain. A change made on a page is seen within TTL_SECONDS."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, PartnerConfig]] = {}
        self._sessions: dict[tuple[str, int], dict[str, Any]] = {}

    async def of(self, scope: Scope) -> PartnerConfig:
        known = self._known.get(scope.schema)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        config = await in_scope(scope, self._read, scope.schema)
        self._known[scope.schema] = (time.monotonic() + TTL_SECONDS, config)
        return config

    def forget(self, scope: Scope) -> None:
        self._known.pop(scope.schema, None)

    def _read(self, schema: str) -> PartnerConfig:
        stamp = _flows_stamp()
        flows = [_flow_facts(row) for row in Flow.objects.select_related("source", "target").order_by("id")]
        by_source: dict[int, tuple[FlowFacts, ...]] = {}
        for flow in flows:
            by_source[flow.source_id] = (*by_source.get(flow.source_id, ()), flow)
        targets = {row.pk: self._target(schema, row) for row in _target_rows(flows)}
        _ensure_endpoints(targets, flows)
        personal = keyring().personal(schema)
        by_id = {flow.id: flow for flow in flows}
        return PartnerConfig(by_source, by_id, live_rules(), targets, allow_list(), stamp, personal)

    def _target(self, schema: str, row: RetailConnection) -> Target:
        session = self._sessions.setdefault((schema, row.pk), {})
        return Target(row.pk, row.key, connector(row.connector), dict(row.config), call_secrets(row.pk), session)


def _flows_stamp() -> str:
    with connection.cursor() as cursor:
        cursor.execute(FLOWS_STAMP)
        return cursor.fetchone()[0]


def _flow_facts(row: Flow) -> FlowFacts:
    return FlowFacts(
        id=row.pk,
        key=row.key,
        retailer_id=row.retailer_id,
        source_id=row.source_id,
        source_key=row.source.key,
        target_id=row.target_id,
        target_key=row.target.key,
        operations=dict(row.operations),
        mode=row.mode,
        active=row.state == Flow.State.ACTIVE,
    )


def _target_rows(flows: list[FlowFacts]) -> list[RetailConnection]:
    return list(RetailConnection.objects.filter(pk__in={flow.target_id for flow in flows}))


def _ensure_endpoints(targets: Mapping[int, Target], flows: list[FlowFacts]) -> None:
    """Each target has its row before any lane points at it, with what its manifest says today."""
    retailer_of = {flow.target_id: flow.retailer_id for flow in flows}
    wanted = {target.id: _endpoint(target, retailer_of[target.id]) for target in targets.values()}
    known = {row.pk: row for row in Endpoint.objects.filter(pk__in=wanted)}
    Endpoint.objects.bulk_create([row for pk, row in wanted.items() if pk not in known], ignore_conflicts=True)
    for pk, row in known.items():
        limits = {name: getattr(wanted[pk], name) for name in ("concurrency", "per_second", "burst")}
        if any(getattr(row, name) != value for name, value in limits.items()):
            Endpoint.objects.filter(pk=pk).update(**limits)


def _endpoint(target: Target, retailer_id: int) -> Endpoint:
    limit = target.connector.manifest.rate_limit
    return _endpoint_row(target.id, retailer_id, limit)


def endpoint_of(row: RetailConnection) -> Endpoint:
    """A target's endpoint before any drain has called it; not saved."""
    return _endpoint_row(row.pk, row.retailer_id, connector(row.connector).manifest.rate_limit)


def _endpoint_row(connection_id: int, retailer_id: int, limit: RateLimit) -> Endpoint:
    return Endpoint(
        connection_id=connection_id,
        retailer_id=retailer_id,
        concurrency=limit.concurrency,
        per_second=limit.per_second,
        burst=limit.burst,
        tokens=limit.burst,
    )
