"""A shop whose documents go to Tryton, one attempt at a time."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from connectors.canonical.invariants import breaches
from connectors.canonical.order import Charge, Customer, Order, OrderLine, ShippingLine, TaxLine
from connectors.canonical.refund import Refund, RefundLine
from connectors.canonical.totals import order_total, stated_tax
from connectors.library.tryton.connector import connector
from connectors.sdk.connector import Delivered
from connectors.sdk.testing import DirectCall, Fault
from tests.support.tryton import Erp

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


def money(text: str | int) -> Decimal:
    return Decimal(text)


def tax(rate: str, amount: str, title: str = "State Tax") -> TaxLine:
    return TaxLine(title=title, rate=money(rate), amount=money(amount))


def line(sku: str | None = "MUG", quantity: str = "1", price: str = "10.00", **more: Any) -> OrderLine:
    values = {"id": f"line-{sku}-{price}", "title": f"{sku or 'Thing'} of the shop", "discount": money(0)} | more
    return OrderLine(sku=sku, quantity=money(quantity), unit_price=money(price), **values)


def shipping(price: str = "5.00", **more: Any) -> ShippingLine:
    return ShippingLine(**({"title": "Parcel", "price": money(price), "discount": money(0)} | more))


@dataclass
class Shop:
    """Documents get ids of this test, so that tests do not meet in Tryton."""

    erp: Erp
    memory: dict[str, Any]
    test: str
    steps: list[str] = field(default_factory=list)

    def another(self) -> Shop:
        """For a second order in the same test."""
        return Shop(self.erp, self.memory, f"{self.test}, another")

    @property
    def number(self) -> str:
        return str(int(hashlib.sha256(self.test.encode()).hexdigest()[:12], 16))

    @property
    def reference(self) -> str:
        return f"test-shop/{self.number}"

    def refund_reference(self, number: int = 1) -> str:
        return f"test-shop/{self.number}{number}"

    def order(self, *lines: OrderLine, **more: Any) -> Order:
        """Its total is what its parts make, unless `total` says otherwise."""
        values: dict[str, Any] = {
            "id": self.number,
            "number": f"#{self.number[-5:]}",
            "source_version": "1",
            "currency": "USD",
            "created_at": NOON,
            "updated_at": NOON,
            "total": money(0),
            "subtotal": None,
            "tax_total": None,
            "discount_total": None,
            "shipping_total": None,
            "tax_inclusive": False,
            "lines": lines or (line(),),
        }
        order = Order(**(values | more))
        if order.tax_total is None:
            order = replace(order, tax_total=stated_tax(order))
        if "total" not in more:
            order = replace(order, total=order_total(order))
        assert not breaches(order)
        return order

    def refund(self, *lines: RefundLine, number: int = 1, **more: Any) -> Refund:
        values: dict[str, Any] = {
            "id": f"{self.number}{number}",
            "order_id": self.number,
            "source_version": "1",
            "currency": "USD",
            "created_at": NOON,
            "total": None,
            "lines": lines,
        }
        return Refund(**(values | more))

    async def sell(self, order: Order, **more: Any) -> Delivered:
        return await self.attempt("order.upsert", order, self.reference, **more)

    async def give_back(self, refund: Refund, **more: Any) -> Delivered:
        return await self.attempt("refund.create", refund, f"test-shop/{refund.id}", **more)

    async def attempt(
        self,
        operation: str,
        subject: Any,
        reference: str,
        *,
        fault: Fault | None = None,
        config: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        memory: dict[str, Any] | None = None,
        deadline: float = 45.0,
        things: dict[tuple[str, str], str] | None = None,
        values: Mapping[str, Mapping[str, str]] | None = None,
    ) -> Delivered:
        """One attempt. Its steps are kept, whatever becomes of it."""
        call = DirectCall(
            config=self.erp.config | dict(config or {}),
            secrets=self.erp.secrets if secrets is None else secrets,
            reference=reference,
            session=self.memory if memory is None else memory,
            fault=fault,
            deadline=deadline,
            things={} if things is None else things,
            values=values or {},
        )
        async with call:
            try:
                return await connector.operations[operation](call, subject)
            finally:
                self.steps = call.names

    def sales(self) -> list[dict[str, Any]]:
        return self.erp.sales(self.reference)

    def sale(self) -> dict[str, Any]:
        return self.erp.sale(self.reference)


def refunded(sku: str = "MUG", quantity: str = "1", subtotal: str = "10.00", tax: str = "0", **more: Any) -> RefundLine:
    values = {"order_line_id": f"line-{sku}-10.00", "restock": True, "title": f"{sku} of the shop"} | more
    return RefundLine(sku=sku, quantity=money(quantity), subtotal=money(subtotal), tax=money(tax), **values)


def tip(amount: str) -> Charge:
    return Charge(kind="tip", title="Tip", amount=money(amount))


def customer(number: str, name: str = "Ada Example") -> Customer:
    return Customer(id=number, name=name, email="ada@example.com", phone="+4915112345678", country="DE")
