"""The way from an empty console to delivered orders, as steps: shop, ERP, flow, webhook. Computed, never stored."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from connectors.library import UnknownConnector, connector
from governance.catalogue.manifest import Capability, Manifest
from governance.registry.models import Flow, RetailConnection
from tenants.retailers.models import Retailer


@dataclass(frozen=True, slots=True)
class Pair:
    """A source and a target of one retailer that a flow may join."""

    source: RetailConnection
    target: RetailConnection

    @property
    def url(self) -> str:
        return f"{reverse('flow-new')}?{urlencode({'source': self.source.key, 'target': self.target.key})}"


@dataclass(frozen=True, slots=True)
class Step:
    words: str
    done: bool = False
    current: bool = False
    url: str = ""


@dataclass(frozen=True, slots=True)
class Setup:
    """How far one retailer has come. `heard`: keys of the connections that received something lately."""

    retailer: Retailer
    sources: tuple[RetailConnection, ...]
    targets: tuple[RetailConnection, ...]
    flows: tuple[Flow, ...]
    heard: frozenset[str]

    @property
    def joined(self) -> bool:
        return bool(self.flows)

    @property
    def steps(self) -> list[Step]:
        return steps_of(self)

    @property
    def next(self) -> Step | None:
        """None when everything is done."""
        return next((step for step in self.steps if step.current), None)


def manifest_of(connection: RetailConnection) -> Manifest | None:
    """None for a connector that is gone."""
    try:
        return connector(connection.connector).manifest
    except UnknownConnector:
        return None


def sends(connection: RetailConnection) -> bool:
    manifest = manifest_of(connection)
    return manifest is not None and bool(manifest.capabilities & {Capability.WEBHOOKS, Capability.READS})


def takes(connection: RetailConnection) -> bool:
    manifest = manifest_of(connection)
    return manifest is not None and bool(manifest.writes())


def pairs(connections: Iterable[RetailConnection]) -> list[Pair]:
    """Every source with every target of the same retailer; what is disconnected is neither."""
    usable = [row for row in connections if row.state != RetailConnection.State.DISCONNECTED]
    sources, targets = [row for row in usable if sends(row)], [row for row in usable if takes(row)]
    return [Pair(s, t) for s in sources for t in targets if s.retailer_id == t.retailer_id and s.pk != t.pk]


def setups(
    connections: Iterable[RetailConnection], flows: Sequence[Flow], *, heard: Collection[str] = ()
) -> list[Setup]:
    """One for each retailer that has a connection, in the order of the connections."""
    by_retailer: dict[Retailer, list[RetailConnection]] = {}
    for row in connections:
        if row.state != RetailConnection.State.DISCONNECTED:
            by_retailer.setdefault(row.retailer, []).append(row)
    return [
        Setup(
            retailer,
            tuple(row for row in rows if sends(row)),
            tuple(row for row in rows if takes(row)),
            tuple(flow for flow in flows if flow.retailer_id == retailer.pk),
            frozenset(heard),
        )
        for retailer, rows in by_retailer.items()
    ]


def steps_of(setup: Setup | None) -> list[Step]:
    """The four steps; of nobody yet when there is no setup."""
    done = (False,) * 4
    urls = ("",) * 4
    if setup is not None:
        feeding = [row for row in setup.sources if row.pk in {flow.source_id for flow in setup.flows}]
        done = (bool(setup.sources), bool(setup.targets), setup.joined, _any_heard(feeding, setup.heard))
        urls = _urls(setup, feeding)
    words = (
        "Connect where orders come from: a shop or its tills",
        "Connect where they go: an ERP",
        "Set up the flow that takes them there",
        f"Subscribe the webhooks{_in_system(setup)}, so that orders come in",
    )
    first = done.index(False) if False in done else len(done)
    rows = zip(words, done, urls, strict=True)
    return [Step(text, was, number == first, url) for number, (text, was, url) in enumerate(rows)]


def _urls(setup: Setup, feeding: Sequence[RetailConnection]) -> tuple[str, str, str, str]:
    of_retailer = urlencode({"retailer": setup.retailer.key})
    connect = f"{reverse('connect')}?{of_retailer}"
    possible = pairs((*setup.sources, *setup.targets))
    flow = possible[0].url if len(possible) == 1 else f"{reverse('flow-new')}?{of_retailer}"
    subscribe = f"{reverse('connection', args=[feeding[0].key])}#settings" if feeding else ""
    return connect, connect, flow, subscribe


def _any_heard(feeding: Iterable[RetailConnection], heard: Collection[str]) -> bool:
    return any(row.key in heard for row in feeding)


def _in_system(setup: Setup | None) -> str:
    return f" in {setup.sources[0].label}" if setup and setup.sources else " in the shop"
