"""A real Tryton for a test run: one template a run, one database and one server a worker."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from connectors.sandbox.tryton import prepare, server
from connectors.sandbox.tryton.catalogue import Catalogue, Item
from connectors.sandbox.tryton.rpc import Session
from tests.support.cluster import run_cluster

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
PASSWORD = "only-for-tests"
SALE_FIELDS = [
    "number",
    "reference",
    "description",
    "state",
    "total_amount",
    "tax_amount",
    "sale_date",
    "origin",
    "invoice_state",
    "shipment_state",
    "shipments",
    "shipment_returns",
    "party.code",
    "currency.code",
    "lines",
]
LINE_FIELDS = ["product.code", "quantity", "unit_price", "description", "note", "taxes", "moves"]


@dataclass
class Erp:
    """The server, and its administrator's own view of it: never the connector's."""

    server: server.Server

    @property
    def config(self) -> dict[str, str]:
        return self.server.config

    @property
    def secrets(self) -> dict[str, str]:
        return self.server.secrets

    @cached_property
    def admin(self) -> Session:
        return Catalogue.of(self.server).session

    @cached_property
    def catalogue(self) -> Catalogue:
        return Catalogue(self.admin)

    def knows(self, *skus: str) -> None:
        self.catalogue.ensure_products(Item(sku, sku.title(), Decimal("10.00")) for sku in skus)

    def sales(self, reference: str) -> list[dict[str, Any]]:
        """Every document whose reference begins with it, oldest first, with its lines."""
        found = self.admin.read("sale.sale", [["reference", "like", f"{reference}%"]], SALE_FIELDS)
        for sale in found:
            rows = {row["id"]: row for row in self.admin("sale.line.read", sale["lines"], LINE_FIELDS)}
            sale["lines"] = [rows[number] for number in sale["lines"]]
        return sorted(found, key=lambda sale: sale["id"])

    def sale(self, reference: str) -> dict[str, Any]:
        (found,) = [sale for sale in self.sales(reference) if sale["reference"] == reference]
        return found


@contextmanager
def tryton_server(name: str = f"tryton_{WORKER}") -> Iterator[Erp]:
    dsn = run_cluster().wait().url()
    database = prepare.ensure_role(dsn, PASSWORD)
    prepare.ensure_template(dsn, database)
    prepare.clone(dsn, name, database, fresh=True)
    with server.serve(database, name) as running:
        yield Erp(running)
