"""Tryton's records as the operations see them, and the fields each is read with."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.library.tryton.client import Record
from connectors.sdk.errors import PayloadChanged

SALE = "sale.sale"
SALE_FIELDS = (
    "number",
    "reference",
    "description",
    "state",
    "sale_date",
    "origin",
    "currency.code",
    "party.code",
    "invoice_address.id",
    "shipment_address.id",
    "total_amount",
    "tax_amount",
    "lines.product.code",
    "lines.product.type",
    "lines.unit.id",
    "lines.quantity",
    "lines.unit_price",
    "lines.taxes.rate",
    "lines.description",
    "lines.note",
)
DRAFT, QUOTATION, CONFIRMED = "draft", "quotation", "confirmed"
PROCESSING, DONE, CANCELLED = "processing", "done", "cancelled"
OPEN_STATES = frozenset({DRAFT, QUOTATION, CONFIRMED})
BOOKED_STATES = frozenset({PROCESSING, DONE})


@dataclass(frozen=True, slots=True)
class Tax:
    """A percentage on the net price: 0.19, not 19."""

    id: int
    rate: Decimal
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Product:
    id: int
    code: str
    unit: int
    service: bool


@dataclass(frozen=True, slots=True)
class Party:
    id: int
    invoice_address: int
    shipment_address: int | None


@dataclass(frozen=True, slots=True)
class SaleLine:
    id: int
    product: Product | None
    quantity: Decimal
    unit_price: Decimal
    taxes: tuple[Tax, ...]
    description: str
    note: str


@dataclass(frozen=True, slots=True)
class Sale:
    """A sale, or with negative quantities a return. `number` is empty until it was quoted."""

    id: int
    number: str
    reference: str
    description: str
    state: str
    date: dt.date | None
    origin: str
    currency: str
    party: Party
    party_code: str
    total: Decimal
    tax: Decimal
    lines: tuple[SaleLine, ...]


def sale(row: Record) -> Sale:
    """Raises: PayloadChanged when a field we asked for is missing or of another type."""
    try:
        return Sale(
            id=row["id"],
            number=row["number"] or "",
            reference=row["reference"] or "",
            description=row["description"] or "",
            state=row["state"],
            date=row["sale_date"],
            origin=row["origin"] or "",
            currency=row["currency"]["code"],
            party=Party(row["party"]["id"], _id(row["invoice_address"]), _id(row["shipment_address"]) or None),
            party_code=row["party"]["code"] or "",
            total=_decimal(row["total_amount"]),
            tax=_decimal(row["tax_amount"]),
            lines=tuple(_line(line) for line in row["lines"] if line["unit_price"] is not None),
        )
    except (KeyError, TypeError, AttributeError, ArithmeticError) as error:
        raise PayloadChanged("Tryton shows a sale in a shape we do not know.", detail=repr(error)) from error


def _line(row: Record) -> SaleLine:
    return SaleLine(
        id=row["id"],
        product=_product(row["product"], _id(row["unit"])),
        quantity=_decimal(row["quantity"]),
        unit_price=_decimal(row["unit_price"]),
        taxes=tuple(Tax(tax["id"], _decimal(tax["rate"] or 0)) for tax in row["taxes"]),
        description=row["description"] or "",
        note=row["note"] or "",
    )


def _product(row: Record | None, unit: int) -> Product | None:
    return Product(row["id"], row["code"] or "", unit, row["type"] == "service") if row else None


def _id(row: Record | None) -> int:
    return row["id"] if row else 0


def _decimal(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))
