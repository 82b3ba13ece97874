"""Every selector, asked with others' ids and keys: it says nothing of them. Every sum is the retailer's own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import QuerySet

from connectors.engine import selectors as engine
from connectors.engine.endpoints import selectors as endpoints
from connectors.engine.files import selectors as files
from connectors.engine.pauses import selectors as pauses
from connectors.engine.polling import selectors as polling
from connectors.engine.rules import selectors as rules
from console.tools import outcome, trace
from governance.access import selectors as access
from governance.audit import selectors as audit
from governance.credentials import selectors as credentials
from governance.registry import pauses as standing_orders
from governance.registry import selectors as registry
from governance.registry.models import Flow, RetailConnection
from governance.registry.values import selectors as values
from monitoring.exceptions import selectors as exceptions
from monitoring.exceptions.models import ExceptionItem
from monitoring.ledger import backlog, payloads
from monitoring.ledger.identities import selectors as identities
from monitoring.ledger.models import Delivery, Message
from monitoring.ledger.selectors import detail, filters, later, pages
from monitoring.rollups import connections, equation
from monitoring.rollups import selectors as rollups
from tenants.context import ALL, partner_scope
from tenants.retailers import selectors as stores
from tests.isolation.canaries import NAMES, SECRET, Shop
from tests.isolation.layers import Walls, standing
from tests.isolation.told import told
from tests.paths import ROOT

EITHER = (Walls.BOTH, Walls.SCOPE, Walls.POLICIES)
Ask = Callable[[Shop], Any]
RULES = '{"rules": [{"name": "Each", "when": {"present": "topic"}, "then": {"filter": "tried"}}]}'
# The modules that read rows; a new selectors module is found by itself.
READERS = {
    "monitoring.ledger.backlog",
    "monitoring.rollups.connections",
    "monitoring.rollups.equation",
    "monitoring.rollups.reading",
}
READERS |= {"governance.registry.pauses", "console.tools.trace", "console.tools.outcome", "monitoring.ledger.payloads"}
# Of no retailer, or without rows: the partner's facts, pure functions, what the host's own processes need.
NOTHING_OF_A_RETAILER = {
    "tenants.selectors": None,
    "governance.egress.selectors": None,
    "governance.credentials.selectors.secrets_for_connection": "opens secrets: worker and intake only, tested below",
    "governance.registry.selectors.any_connection": "whether the partner has any: a fact of the partner",
    "governance.registry.pauses.project_flows": "a step of pausing and resuming: gives back flows it was given by id",
    "governance.registry.pauses.open_over": "a step of the same: of flows it was given",
    "governance.registry.selectors.key_taken": "keys are unique in the partner, and say nothing else",
    "governance.registry.selectors.intake_path": "opens a secret: commands on the host only",
    "monitoring.ledger.selectors.filters.spellings": "pure",
    "monitoring.ledger.selectors.pages.status_of": "pure",
    "monitoring.ledger.selectors.pages.latency_of": "pure",
    "connectors.engine.selectors.own_lane": "pure",
    "connectors.engine.files.selectors.reads_files": "pure: of the connection's connector",
    "connectors.engine.pauses.selectors.stands_over": "pure",
    "connectors.engine.pauses.selectors.sentence": "pure",
    "connectors.engine.rules.selectors.compiled": "pure",
    "connectors.engine.rules.selectors.document_of": "pure",
    "connectors.engine.selectors.is_split": "pure",
    "connectors.engine.endpoints.selectors.limits_of": "pure",
    "connectors.engine.endpoints.selectors.troubled": "pure",
    "monitoring.rollups.selectors.window": "pure",
    "monitoring.rollups.reading.visible": "the floor itself",
    "monitoring.rollups.reading.counted": "SQL for the selectors of rollups, asked below",
    "monitoring.rollups.reading.rows_of": "SQL for the selectors of rollups, asked below",
    "monitoring.ledger.payloads.encode": "pure",
    "monitoring.ledger.payloads.decode": "pure",
    "monitoring.ledger.payloads.row": "pure",
    "console.tools.trace.summary": "pure",
    "console.tools.trace.timeline": "pure",
    "console.tools.trace.printed": "pure",
    "console.tools.outcome.wait_for_outcome": "outcome_of, again and again",
}


def now() -> datetime:
    return datetime.now(UTC)


@cache
def fixed() -> tuple[datetime, datetime]:
    """The same range in every call, and later than the rows: not made when the module is read."""
    return now() - timedelta(hours=24), now() + timedelta(hours=1)


def day() -> tuple[datetime, datetime]:
    return now() - timedelta(hours=24), now()


def first(shop: Shop, kind: str) -> Any:
    return shop.objects[kind][0][kind]


def message_of(shop: Shop) -> Message:
    """As somebody holds it who got hold of it: not read in this scope."""
    return Message(id=first(shop, "message_id"), retailer_id=shop.retailer.pk, connection_key=first(shop, "key"))


def delivery_of(shop: Shop) -> Delivery:
    """Of before everything else, about an object that was accepted."""
    accepted = shop.objects["accepted"][0]
    return Delivery(pk=UUID(int=0), message_id=first(shop, "message_id"), retailer_id=shop.retailer.pk, **accepted)


def connection_of(shop: Shop) -> RetailConnection:
    return RetailConnection(pk=shop.connection_ids[0], retailer_id=shop.retailer.pk)


def shop_of(shop: Shop) -> RetailConnection:
    """With what a reader of streams needs to know of it."""
    row = connection_of(shop)
    row.connector, row.key, row.state = "shopify", first(shop, "key"), RetailConnection.State.ACTIVE
    row.config = {"shop_domain": f"{shop.word}.example"}
    return row


def drop_of(shop: Shop) -> RetailConnection:
    return RetailConnection(pk=shop.objects["drop"][0]["pk"], retailer_id=shop.retailer.pk, connector="filedrop")


def flow_of(shop: Shop) -> Flow:
    source, target = shop.connection_ids
    return Flow(pk=shop.flow_id, retailer_id=shop.retailer.pk, source_id=source, target_id=target)


def message_filter(shop: Shop, **more: Any) -> filters.MessageFilter:
    return filters.MessageFilter(*day(), retailers=(shop.retailer.pk,), **more)


def every_message_filter(shop: Shop) -> Iterator[filters.MessageFilter]:
    """Of the retailer by id, and of nobody by each of its words."""
    yield message_filter(shop)
    yield from (message_filter(shop, outcome=outcome) for outcome in filters.OUTCOMES)
    words = {"connection": first(shop, "key"), "flow": f"{shop.key}-orders-{shop.word}", "store": f"101-{shop.word}"}
    words |= {"topic": f"orders/create-{shop.word}", "api_version": f"8.2.1-{shop.word}", "search": shop.numbers[0]}
    yield from (filters.MessageFilter(*day(), **{name: word}) for name, word in words.items())
    yield filters.MessageFilter(*day(), search=str(first(shop, "message_id")))


def every_exception_filter(shop: Shop) -> Iterator[exceptions.ExceptionFilter]:
    yield from (exceptions.ExceptionFilter(tab=tab, retailers=(shop.retailer.pk,)) for tab in exceptions.TABS)
    yield exceptions.ExceptionFilter(search=shop.word)
    yield exceptions.ExceptionFilter(connection=first(shop, "key"))


def flat(pages_: Iterable[Any]) -> list[Any]:
    return [list(one) if isinstance(one, QuerySet) else one for one in pages_]


# selector -> how it is asked for somebody else's rows
CALLS: dict[str, Ask] = {
    "governance.access.selectors.people_in_view": lambda shop: access.people_in_view(at=now()),
    "governance.access.selectors.person_in_view": lambda shop: access.person_in_view(first(shop, "person_id")),
    "governance.audit.selectors.recent_events": lambda shop: audit.recent_events(limit=500),
    "governance.audit.selectors.events_about": lambda shop: [
        *audit.events_about("message", str(first(shop, "message_id"))),
        *audit.events_about("exception", str(first(shop, "exception_id"))),
    ],
    "governance.credentials.selectors.credentials_of_connection": lambda shop: credentials.credentials_of_connection(
        connection_of(shop).pk
    ),
    "governance.registry.selectors.retailer_choices": lambda shop: registry.retailer_choices(),
    "governance.registry.selectors.connections_in_view": lambda shop: [
        *registry.connections_in_view(),
        *registry.connections_in_view([shop.retailer.pk]),
    ],
    "governance.registry.selectors.connection_by_key": lambda shop: registry.connection_by_key(first(shop, "key")),
    "governance.registry.selectors.flow_by_key": lambda shop: registry.flow_by_key(shop.objects["flow"][0]["key"]),
    "governance.registry.selectors.flows_of": lambda shop: registry.flows_of(connection_of(shop)),
    "governance.registry.selectors.flows_in_view": lambda shop: [
        *registry.flows_in_view(),
        *registry.flows_in_view([shop.retailer.pk]),
    ],
    "tenants.retailers.selectors.store_names": lambda shop: stores.store_names(
        [(shop.retailer.pk, f"101-{shop.word}")]
    ).values(),
    "connectors.engine.selectors.waiting_reason": lambda shop: [
        engine.waiting_reason(delivery, at=now()) for delivery in shop.delivery_ids
    ],
    "connectors.engine.selectors.standing": lambda shop: [
        engine.standing(ExceptionItem(state="open", delivery_id=delivery)) for delivery in shop.delivery_ids
    ],
    "connectors.engine.selectors.why_not_release": lambda shop: [
        engine.why_not_release(Delivery(pk=delivery, state="retrying"), at=now()) for delivery in shop.delivery_ids
    ],
    "connectors.engine.selectors.accepted_since": lambda shop: [
        engine.accepted_since(delivery) for delivery in shop.delivery_ids
    ],
    "connectors.engine.selectors.settled_at": lambda shop: [
        engine.settled_at(Delivery(pk=delivery, message_id=first(shop, "message_id")), at=fixed()[0])
        for delivery in shop.delivery_ids
    ],
    "connectors.engine.selectors.missing_thing": lambda shop: [
        engine.missing_thing(delivery, "ERP") for delivery in shop.delivery_ids
    ],
    "governance.registry.values.selectors.tables_in_force": lambda shop: values.tables_in_force(),
    "governance.registry.pauses.open_pauses": lambda shop: [
        *standing_orders.open_pauses(),
        *standing_orders.open_pauses([shop.retailer.pk]),
    ],
    "governance.registry.pauses.past_pauses": lambda shop: [
        *standing_orders.past_pauses(),
        *standing_orders.past_pauses([shop.retailer.pk]),
    ],
    "governance.registry.pauses.pauses_by_id": lambda shop: standing_orders.pauses_by_id(
        [one["pause_id"] for one in shop.objects["pause"]]
    ),
    "governance.registry.pauses.pauses_over_flow": lambda shop: standing_orders.pauses_over_flow(flow_of(shop)),
    "governance.registry.pauses.target_pauses": lambda shop: standing_orders.target_pauses(shop.connection_ids[1]),
    "governance.registry.pauses.pauses_of": lambda shop: standing_orders.pauses_of(
        RetailConnection(pk=shop.connection_ids[1])
    ),
    "governance.registry.pauses.pauses_between": lambda shop: list(standing_orders.pauses_between(*fixed())),
    "monitoring.ledger.identities.selectors.ids_of": lambda shop: identities.ids_of(
        f"customer-{shop.word}", shop.connection_ids[0], f"C1-{shop.word}"
    ),
    "monitoring.ledger.identities.selectors.told_by": lambda shop: identities.told_by(shop.told_by),
    "connectors.engine.files.selectors.drop_facts": lambda shop: files.drop_facts(drop_of(shop), day=None, at=now()),
    "connectors.engine.polling.selectors.readings_of": lambda shop: polling.readings_of(shop_of(shop), at=now()),
    "connectors.engine.pauses.selectors.standing_pauses": lambda shop: [
        *pauses.standing_pauses(),
        *pauses.standing_pauses([shop.retailer.pk]),
    ],
    "connectors.engine.pauses.selectors.standings": lambda shop: pauses.standings(
        standing_orders.pauses_by_id([one["pause_id"] for one in shop.objects["pause"]])
    ),
    "connectors.engine.pauses.selectors.banner": lambda shop: pauses.banner([shop.retailer.pk]),
    "connectors.engine.pauses.selectors.why_it_stands": lambda shop: pauses.why_it_stands(flow_of(shop)),
    "connectors.engine.rules.selectors.live_rules": lambda shop: rules.live_rules(),
    "connectors.engine.rules.selectors.dry_run": lambda shop: rules.dry_run(connection_of(shop), RULES),
    "connectors.engine.rules.selectors.rule_sets_of": lambda shop: rules.rule_sets_of(connection_of(shop)),
    "connectors.engine.endpoints.selectors.calling_of": lambda shop: endpoints.calling_of(shop.connection_ids[1]),
    "connectors.engine.endpoints.selectors.is_target": lambda shop: endpoints.is_target(shop.connection_ids[1]),
    "connectors.engine.endpoints.selectors.callings_in_view": lambda shop: [
        *endpoints.callings_in_view(),
        *endpoints.callings_in_view([shop.retailer.pk]),
    ],
    "monitoring.ledger.selectors.later.accepted_later": lambda shop: later.accepted_later(
        delivery_of(shop), [one["message_id"] for one in shop.objects["message_id"]]
    ),
    "monitoring.ledger.selectors.detail.delivery_by_id": lambda shop: detail.delivery_by_id(first(shop, "delivery_id")),
    "tenants.retailers.selectors.store_choices": lambda shop: [
        *stores.store_choices(),
        *stores.store_choices([shop.retailer.pk]),
    ],
    "monitoring.exceptions.selectors.open_exception_count": lambda shop: exceptions.open_exception_count(),
    "monitoring.exceptions.selectors.exception_rows": lambda shop: flat(
        map(exceptions.exception_rows, every_exception_filter(shop))
    ),
    "monitoring.exceptions.selectors.exception_page": lambda shop: [
        exceptions.exception_page(wanted) for wanted in every_exception_filter(shop)
    ],
    "monitoring.exceptions.selectors.newer_exceptions": lambda shop: [
        exceptions.newer_exceptions(wanted, than=first(shop, "exception_id")) for wanted in every_exception_filter(shop)
    ],
    "monitoring.exceptions.selectors.open_summary": lambda shop: exceptions.open_summary(retailers=[shop.retailer.pk]),
    "monitoring.exceptions.selectors.last_resolved": lambda shop: exceptions.last_resolved(
        retailers=[shop.retailer.pk]
    ),
    "monitoring.exceptions.selectors.exception_by_id": lambda shop: exceptions.exception_by_id(
        first(shop, "exception_id")
    ),
    "monitoring.exceptions.selectors.exceptions_of": lambda shop: exceptions.exceptions_of(first(shop, "message_id")),
    "monitoring.exceptions.selectors.transitions_of": lambda shop: exceptions.transitions_of(
        [one["exception_id"] for one in shop.objects["exception_id"]]
    ),
    "monitoring.ledger.backlog.backlog": lambda shop: backlog.backlog([shop.retailer.pk]),
    "monitoring.ledger.payloads.read": lambda shop: payloads.read(
        [first(shop, "message_id"), *(one["payload_id"] for one in shop.objects["payload_id"])]
    ),
    "monitoring.ledger.selectors.detail.message_detail": lambda shop: detail.message_detail(first(shop, "message_id")),
    "monitoring.ledger.selectors.detail.related_messages": lambda shop: detail.related_messages(message_of(shop)),
    "monitoring.ledger.selectors.detail.step_of_payload": lambda shop: detail.step_of_payload(
        **shop.objects["payload_id"][0]
    ),
    "monitoring.ledger.selectors.filters.branches": lambda shop: flat(
        rows for wanted in every_message_filter(shop) for rows in filters.branches(wanted)
    ),
    "monitoring.ledger.selectors.filters.by_rare_delivery": lambda shop: flat(
        nearest.rows
        for wanted in every_message_filter(shop)
        if (nearest := filters.by_rare_delivery(wanted, newest_first=True, most=50))
    ),
    "monitoring.ledger.selectors.pages.message_page": lambda shop: [
        pages.message_page(wanted) for wanted in every_message_filter(shop)
    ],
    "monitoring.ledger.selectors.pages.newer_count": lambda shop: [
        pages.newer_count(wanted, than=first(shop, "message_id")) for wanted in every_message_filter(shop)
    ],
    "monitoring.ledger.selectors.pages.described": lambda shop: [
        (row.number, row.store_key, row.value, row.ways, row.why, row.exception_id, row.repeats)
        for row in pages.described([message_of(shop)])
    ],
    "monitoring.rollups.connections.busiest_minute_of": lambda shop: connections.busiest_minute_of(
        [one["key"] for one in shop.objects["key"]], since=day()[0]
    ),
    "monitoring.rollups.connections.repaired_of": lambda shop: connections.repaired_of(
        first(shop, "key"), since=day()[0]
    ),
    "monitoring.rollups.connections.busy_by_connection": lambda shop: connections.busy_by_connection(since=day()[0]),
    "monitoring.rollups.equation.equation": lambda shop: equation.equation(*day(), retailers=[shop.retailer.pk]),
    "monitoring.rollups.selectors.messages_per_minute": lambda shop: rollups.messages_per_minute(
        *day(), retailers=[shop.retailer.pk]
    ),
    "monitoring.rollups.selectors.counting_since": lambda shop: rollups.counting_since(retailers=[shop.retailer.pk]),
    "monitoring.rollups.selectors.received_lately": lambda shop: rollups.received_lately(
        at=now(), minutes=180, retailers=[shop.retailer.pk]
    ),
    "monitoring.rollups.selectors.latency_by_hop": lambda shop: rollups.latency_by_hop(
        *day(), retailers=[shop.retailer.pk]
    ),
    "monitoring.rollups.selectors.api_versions_in_use": lambda shop: rollups.api_versions_in_use(
        *day(), retailers=[shop.retailer.pk]
    ),
    "console.tools.trace.messages_of": lambda shop: [trace.messages_of(number) for number in shop.numbers],
    "console.tools.outcome.outcome_of": lambda shop: outcome.outcome_of(first(shop, "message_id")),
}
# Those that answer with numbers, times and our own sentences only.
NUMBERS = {
    "connectors.engine.pauses.selectors.banner",
    "connectors.engine.selectors.settled_at",
    "monitoring.rollups.connections.repaired_of",
    "connectors.engine.endpoints.selectors.is_target",
    "connectors.engine.selectors.accepted_since",
    "connectors.engine.selectors.standing",
    "connectors.engine.selectors.why_not_release",
    "monitoring.exceptions.selectors.last_resolved",
    "monitoring.exceptions.selectors.newer_exceptions",
    "monitoring.exceptions.selectors.open_exception_count",
    "monitoring.ledger.backlog.backlog",
    "monitoring.ledger.selectors.pages.newer_count",
    "monitoring.rollups.equation.equation",
    "monitoring.rollups.selectors.counting_since",
    "monitoring.rollups.selectors.latency_by_hop",
    "monitoring.rollups.selectors.messages_per_minute",
    "monitoring.rollups.selectors.received_lately",
}
# Sums: asked for one's own retailer by whoever sees only that, and by whoever sees all and names it.
SUMS: dict[str, Callable[[list[int] | None], Any]] = {
    "open_exception_count": lambda ids: exceptions.open_exception_count(retailers=ids),
    "open_summary": lambda ids: exceptions.open_summary(retailers=ids),
    "last_resolved": lambda ids: exceptions.last_resolved(retailers=ids),
    "equation": lambda ids: equation.equation(*fixed(), retailers=ids),
    "messages_per_minute": lambda ids: rollups.messages_per_minute(*fixed(), retailers=ids),
    "latency_by_hop": lambda ids: rollups.latency_by_hop(*fixed(), retailers=ids),
    "api_versions_in_use": lambda ids: rollups.api_versions_in_use(*fixed(), retailers=ids),
    "received_lately": lambda ids: rollups.received_lately(at=fixed()[1], minutes=180, retailers=ids),
    "counting_since": lambda ids: rollups.counting_since(retailers=ids),
    "message_page": lambda ids: pages.message_page(
        filters.MessageFilter(*fixed(), retailers=tuple(ids) if ids else None)
    ),
    "store_choices": lambda ids: stores.store_choices(ids),
    "callings_in_view": lambda ids: [
        (one.key, one.standing, one.used, one.waiting) for one in endpoints.callings_in_view(ids)
    ],
    "connections_in_view": lambda ids: registry.connections_in_view(ids),
    "flows_in_view": lambda ids: registry.flows_in_view(ids),
}


@pytest.fixture(params=EITHER, ids=str)
def walls(request, world, monkeypatch):
    with standing(request.param, world.url, monkeypatch):
        yield request.param


def selectors() -> Iterator[str]:
    """Every public function of a selectors module, and of the other modules that read."""
    found = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in _selector_files()}
    for module in sorted(found | READERS):
        for name, function in vars(import_module(module)).items():
            if inspect.isfunction(function) and function.__module__ == module and not name.startswith("_"):
                yield f"{module}.{name}"


def _selector_files() -> Iterator[Path]:
    for layer in ("tenants", "governance", "monitoring", "connectors", "console"):
        for pattern in ("selectors.py", "selectors/*.py"):
            yield from (path for path in (ROOT / layer).rglob(pattern) if path.stem != "__init__")


def test_every_selector_is_asked_here():
    known = {*CALLS, *NOTHING_OF_A_RETAILER}
    missing = [name for name in selectors() if name not in known and name.rpartition(".")[0] not in known]
    assert missing == [], "add each to CALLS, asked for another retailer's rows"


@pytest.mark.parametrize("name", sorted(CALLS))
def test_a_selector_says_nothing_of_others(world, walls, name):
    bell, pine, marlow = world.shops["bluebell"], world.shops["harbour-pine"], world.shops["marlow"]
    for asker, retailers, foreign in (
        (bell, [bell.retailer.pk], pine),
        (pine, [pine.retailer.pk], bell),
        (marlow, ALL, pine),
        (bell, ALL, marlow),
    ):
        with partner_scope(asker.partner.schema_name, retailers):
            said = _said(CALLS[name], foreign)
        found = [word.decode() for word in (*NAMES[foreign.key], SECRET.encode()) if word.decode() in said]
        assert not found, f"{asker.key} asked about {foreign.key}"


@pytest.mark.parametrize("name", sorted(set(CALLS) - NUMBERS))
def test_the_same_question_finds_ones_own(world, name):
    """Or a selector would say nothing of others because it says nothing."""
    for shop in world.shops.values():
        with partner_scope(shop.partner.schema_name, [shop.retailer.pk]):
            assert shop.word in _said(CALLS[name], shop), shop.key


def _said(ask: Ask, shop: Shop) -> str:
    try:
        return told(ask(shop))
    except ObjectDoesNotExist:
        return ""


@pytest.mark.parametrize("name", sorted(SUMS))
def test_a_sum_is_the_retailers_own(world, walls, name):
    bell, pine = world.shops["bluebell"], world.shops["harbour-pine"]
    schema = bell.partner.schema_name
    with partner_scope(schema, ALL):
        named, everyone = told(SUMS[name]([bell.retailer.pk])), told(SUMS[name](None))
    with partner_scope(schema, [bell.retailer.pk]):
        own, smuggled = told(SUMS[name](None)), told(SUMS[name]([pine.retailer.pk]))
        nobodys = told(SUMS[name]([-1]))
    assert own == named
    assert own != everyone
    assert smuggled == nobodys


def test_a_sum_is_what_the_rows_say(world):
    """The oracle is SQL without any of our selectors."""
    bell = world.shops["bluebell"]
    with partner_scope(bell.partner.schema_name, ALL):
        said = Message.objects.filter(retailer_id=bell.retailer.pk, received_at__gte=fixed()[0]).count()
    with partner_scope(bell.partner.schema_name, [bell.retailer.pk]):
        assert rollups.messages_per_minute(*fixed()).total("received") == said
        assert equation.equation(*fixed()).holds
        assert said > 0


def test_secrets_are_opened_for_ones_own_connections_only(world, walls):
    bell, pine = world.shops["bluebell"], world.shops["harbour-pine"]
    theirs = pine.connection_ids[0]
    with partner_scope(pine.partner.schema_name, ALL):
        assert credentials.secrets_for_connection(theirs, "verify")
    with partner_scope(bell.partner.schema_name, [bell.retailer.pk]):
        assert credentials.secrets_for_connection(theirs, "verify") == {}
