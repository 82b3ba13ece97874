"""Three accounts of the shop's day, each by its own witness: its journal, our ledger, and the ERP."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from connectors.sandbox.shopify import journal
from connectors.sandbox.shopify.journal import Attempt, Event, ExpectedOrder
from tests.e2e.demo import Demo
from tests.e2e.tills import TILLS

# What other tests send by themselves, past the shop: the shop's journal knows nothing of it.
FOREIGN = "sample-"
SHOP_KEY = "shopify"
SALE_FIELDS = ["number", "reference", "state", "total_amount", "origin", "invoices"]


@dataclass(frozen=True)
class Shop:
    """What it did, whom it told, and who said yes."""

    events: list[Event]
    attempts: list[Attempt]
    acknowledged: dict[str, Attempt]  # webhook id → the first answer of 2xx
    orders: dict[int, ExpectedOrder]

    @property
    def by_webhook(self) -> dict[str, Event]:
        return {webhook_id: event for event in self.events for webhook_id in event.webhook_ids}


@dataclass(frozen=True)
class Ledger:
    """Rows as dictionaries, messages in position order."""

    messages: list[dict[str, Any]]
    deliveries: list[dict[str, Any]]
    exceptions: list[dict[str, Any]]  # those that wait for a person
    parked: dict[UUID, dict[str, Any]]  # delivery id → its place in a lane that waits
    repeats: int
    attempts: dict[str, int]  # outcome → how many
    early: set[UUID]  # deliveries that the ERP could not take yet at their first try

    def deliveries_of(self, message_id: UUID) -> list[dict[str, Any]]:
        return [row for row in self.deliveries if row["message_id"] == message_id]

    @property
    def open_messages(self) -> set[UUID]:
        return {row["message_id"] for row in self.exceptions}

    @property
    def waiting_orders(self) -> set[str]:
        """Ids of the orders of which something waits for a person, or behind it."""
        waiting = self.open_messages | {row["message_id"] for row in self.parked.values()}
        return {row["order_key"] for row in self.messages if row["id"] in waiting}


@dataclass(frozen=True)
class Erp:
    """Every sale and return it holds, by our reference."""

    documents: dict[str, list[dict[str, Any]]]

    def only(self, reference: str) -> dict[str, Any]:
        (found,) = self.documents[reference]
        return found


@dataclass(frozen=True)
class Accounts:
    shop: Shop
    ledger: Ledger
    erp: Erp


def accounts_of(demo: Demo) -> Accounts:
    return Accounts(_shop(demo), _ledger(demo), _erp(demo))


def _shop(demo: Demo) -> Shop:
    place = demo.journal
    return Shop(
        events=list(journal.events(place)),
        attempts=list(journal.attempts(place)),
        acknowledged=journal.acknowledged(place),
        orders=journal.expected_orders(place),
    )


def _ledger(demo: Demo) -> Ledger:
    ours = f"m.connection_key = '{SHOP_KEY}' AND NOT starts_with(m.event_id, %s)"
    join = "JOIN ledger_message m ON m.id = {}.message_id WHERE " + ours
    return Ledger(
        messages=demo.rows(f"SELECT m.* FROM ledger_message m WHERE {ours} ORDER BY m.position", FOREIGN),
        deliveries=demo.rows(
            f"SELECT d.*, m.position, m.event_id FROM ledger_delivery d {join.format('d')} ORDER BY m.position", FOREIGN
        ),
        exceptions=demo.rows(
            f"SELECT e.* FROM exceptions_exceptionitem e {join.format('e')} AND e.state <> 'resolved' ORDER BY e.id",
            FOREIGN,
        ),
        parked={
            row["delivery_id"]: row
            for row in demo.rows(
                "SELECT e.delivery_id, e.message_id, e.lane_id, l.parked,"
                " row_number() OVER (PARTITION BY e.lane_id ORDER BY e.position) AS place"
                " FROM engine_entry e JOIN engine_lane l ON l.id = e.lane_id"
                f" JOIN ledger_message m ON m.id = e.message_id WHERE {ours}",
                FOREIGN,
            )
        },
        repeats=demo.count(f"SELECT count(*) FROM ledger_repeat m WHERE {ours}", FOREIGN),
        attempts={
            row["outcome"]: row["n"]
            for row in demo.rows("SELECT outcome, count(*) AS n FROM ledger_attempt GROUP BY outcome")
        },
        early={
            row["delivery_id"]
            for row in demo.rows("SELECT delivery_id FROM ledger_attempt WHERE error_class = 'out_of_order'")
        },
    )


def _erp(demo: Demo) -> Erp:
    foreign = demo.rows("SELECT object_id FROM ledger_message WHERE starts_with(event_id, %s)", FOREIGN)
    skipped = {f"{SHOP_KEY}/{row['object_id']}" for row in foreign}
    documents: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for sale in demo.erp.read("sale.sale", [], SALE_FIELDS):
        reference = sale["reference"] or f"none, sale {sale['id']}"
        if reference not in skipped and not reference.startswith(f"{TILLS}/"):
            documents[reference].append(sale)
    return Erp(dict(documents))


def net(documents: list[dict[str, Any]]) -> Decimal:
    """What counts of them: a cancelled document does not."""
    return sum((one["total_amount"] for one in documents if one["state"] != "cancelled"), Decimal(0))
