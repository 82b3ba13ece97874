"""What the drain needs of a partner's configuration, read once and kept for a few seconds."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from connectors.engine.models import Endpoint
from connectors.engine.rules.language import Rules
from connectors.engine.rules.selectors import live_rules
from connectors.engine.secrets import call_secrets
from connectors.library import UnknownConnector, connector, known_keys
from connectors.sdk.connector import Connector
from governance.credentials.envelope import CannotOpen
from governance.credentials.keyring import KeyNotHere
from governance.credentials.services import keyring
from governance.egress.addresses import AllowList
from governance.egress.selectors import allow_list
from governance.registry.models import Flow, RetailConnection
from governance.registry.values.selectors import Pair, Tables, tables_in_force
from tenants.context import Scope, in_scope

log = logging.getLogger(__name__)

TTL_SECONDS = 5.0
_WHY = {
    CannotOpen: "its stored secret cannot be opened",
    KeyNotHere: "the key of its secret is not on this host",
    UnknownConnector: "its connector is not installed on this host",
}
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
    broken: Mapping[int, str]  # targets that cannot be called, by connection: why, in a sentence
    allow: AllowList
    values: Mapping[Pair, Tables]  # value tables, by source and target
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
        rows = _target_rows(flows)
        targets, broken = self._targets(schema, rows)
        _ensure_endpoints([row for row in rows if row.connector in known_keys()])
        personal = keyring().personal(schema)
        by_id = {flow.id: flow for flow in flows}
        values = tables_in_force()
        return PartnerConfig(by_source, by_id, live_rules(), targets, broken, allow_list(), values, stamp, personal)

    def _targets(self, schema: str, rows: list[RetailConnection]) -> tuple[dict[int, Target], dict[int, str]]:
        """One retailer's secret that cannot be opened stops what goes to that target, and nothing else."""
        targets, broken = {}, {}
        for row in rows:
            try:
                targets[row.pk] = self._target(schema, row)
            except (CannotOpen, KeyNotHere, UnknownConnector) as error:
                log.error("connection %s cannot be called: %s", row.key, type(error).__name__)
                broken[row.pk] = f"{row.label} cannot be called: {_WHY[type(error)]}."
        return targets, broken

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


def _ensure_endpoints(rows: Sequence[RetailConnection]) -> None:
    """Each target has its row before any lane points at it, with what its manifest says today."""
    wanted = {row.pk: endpoint_of(row) for row in rows}
    known = {row.pk: row for row in Endpoint.objects.filter(pk__in=wanted)}
    Endpoint.objects.bulk_create([row for pk, row in wanted.items() if pk not in known], ignore_conflicts=True)
    for pk, row in known.items():
        limits = {name: getattr(wanted[pk], name) for name in ("concurrency", "per_second", "burst")}
        if any(getattr(row, name) != value for name, value in limits.items()):
            Endpoint.objects.filter(pk=pk).update(**limits)


def endpoint_of(row: RetailConnection) -> Endpoint:
    """A target's endpoint before any drain has called it; not saved. Raises UnknownConnector."""
    limit = connector(row.connector).manifest.rate_limit
    return Endpoint(
        connection_id=row.pk,
        retailer_id=row.retailer_id,
        concurrency=limit.concurrency,
        per_second=limit.per_second,
        burst=limit.burst,
        tokens=limit.burst,
    )
