"""The tills' account: each receipt of each whole file is one message and one sale; a wrong file is a question only."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors.sandbox.pos.access import FOLDER
from connectors.sandbox.pos.days import STORES, StoreDay, store_day
from tests.e2e.demo import Demo

TILLS = "filedrop"
# What a person is asked about what the tills did: figures that do not tie, a file that did not come.
EXPECTED = {"wrong_file", "missing_file"}


@dataclass(frozen=True)
class Tills:
    """`receipts`: object id → what it comes to, of every whole file that lies in the drop."""

    receipts: dict[str, Decimal]
    messages: list[dict[str, Any]]
    deliveries: list[dict[str, Any]]
    exceptions: list[dict[str, Any]]
    documents: dict[str, list[dict[str, Any]]]  # reference → what the ERP holds of it


def tills_of(demo: Demo) -> Tills:
    documents: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for sale in demo.erp.read("sale.sale", [("reference", "like", f"{TILLS}/%")], ["reference", "total_amount"]):
        documents[sale["reference"]].append(sale)
    return Tills(
        receipts=_receipts(demo.folder.sandbox("pos") / FOLDER),
        messages=demo.rows("SELECT * FROM ledger_message WHERE connection_key = %s", TILLS),
        deliveries=demo.rows(
            "SELECT d.* FROM ledger_delivery d JOIN ledger_message m ON m.id = d.message_id"
            " WHERE m.connection_key = %s",
            TILLS,
        ),
        exceptions=demo.rows(
            "SELECT e.* FROM exceptions_exceptionitem e JOIN ledger_message m ON m.id = e.message_id"
            " WHERE m.connection_key = %s AND e.state <> 'resolved'",
            TILLS,
        ),
        documents=dict(documents),
    )


def _receipts(drop: Path) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for place in STORES:
        for path in drop.glob(f"sales_{place.id}_????-??-??.csv"):
            made = store_day(place, date.fromisoformat(path.stem.rpartition("_")[2]))
            if f"total={made.total}" in path.read_text("latin-1"):
                found |= _worth(made)
    return found


def _worth(made: StoreDay) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in csv.DictReader(io.StringIO(made.text)):
        net = Decimal(row["quantity"]) * Decimal(row["unit_price"]) - Decimal(row["discount"] or 0)
        sums[f"{made.store}-{made.day}-{row['receipt']}"] += net + Decimal(row["tax_amount"] or 0)
    return dict(sums)


def contradictions(told: Tills) -> list[str]:
    """One sentence each; an empty list is the proof."""
    return [*_messages(told), *_sales(told), *_exceptions(told)]


def _messages(told: Tills) -> Iterator[str]:
    counted = Counter(row["object_id"] for row in told.messages if row["object_id"])
    for receipt in told.receipts:
        if counted[receipt] != 1:
            yield f"receipt {receipt} lies in a whole file and is {counted[receipt]} messages"
    for receipt in counted.keys() - told.receipts.keys():
        yield f"{receipt} is a message, and no whole file holds it"


def _sales(told: Tills) -> Iterator[str]:
    waiting = {row["message_id"] for row in told.exceptions}
    delivered = {row["reference"] for row in told.deliveries if row["state"] == "delivered"}
    for row in told.deliveries:
        if row["state"] != "delivered" and row["message_id"] not in waiting:
            yield f"{row['reference']} is {row['state']}, and nobody is asked about it"
    for reference in delivered | told.documents.keys():
        sales, receipt = told.documents.get(reference, []), reference.removeprefix(f"{TILLS}/")
        if len(sales) != 1 or reference not in delivered:
            yield f"{reference} is {len(sales)} sales in the ERP, delivered: {reference in delivered}"
        elif sales[0]["total_amount"] != told.receipts.get(receipt):
            yield f"{reference} is {told.receipts.get(receipt)} at the till and {sales[0]['total_amount']} in the ERP"


def _exceptions(told: Tills) -> Iterator[str]:
    for one in told.exceptions:
        if one["error_class"] not in EXPECTED:
            yield f"{one['error_class']}: {one['title']}"
