"""The few facts of an object that money at risk, search and tie-out read. Unknown is None, never 0."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.canonical import totals
from connectors.canonical.order import Customer, Order
from connectors.canonical.refund import Refund


@dataclass(frozen=True, slots=True)
class Facts:
    """`value` is what the document is about in its currency; `units` pieces of goods.

    `counterparty` is personal and raw ("email:…", "phone:…" or "customer:…"): the ledger stores a keyed hash of it.
    """

    object_type: str
    object_id: str
    source_version: str
    value: Decimal | None
    currency: str | None
    occurred_at: datetime | None
    order_id: str = ""
    order_number: str = ""
    store_key: str | None = None
    channel: str | None = None
    units: Decimal | None = None
    counterparty: str | None = None


def facts(obj: Any) -> Facts:
    """Raises TypeError for what is no canonical object."""
    try:
        return _READERS[type(obj)](obj)
    except KeyError:
        raise TypeError(f"{type(obj).__name__} has no facts") from None


def _of_order(order: Order) -> Facts:
    return Facts(
        object_type="order",
        object_id=order.id,
        source_version=order.source_version,
        value=order.total,
        currency=order.currency,
        occurred_at=order.created_at,
        order_id=order.id,
        order_number=order.number,
        store_key=order.store_key,
        channel=order.channel,
        units=sum((line.quantity for line in order.lines), totals.ZERO),
        counterparty=_counterparty(order.customer),
    )


def _of_refund(refund: Refund) -> Facts:
    return Facts(
        object_type="refund",
        object_id=refund.id,
        source_version=refund.source_version,
        value=refund.total,
        currency=refund.currency,
        occurred_at=refund.created_at,
        order_id=refund.order_id,
        store_key=refund.store_key,
        units=sum((line.quantity for line in refund.lines), totals.ZERO),
    )


def _counterparty(customer: Customer | None) -> str | None:
    """The same person by the same word: e-mail in lower case, else digits of the phone, else the source's id."""
    if customer is None:
        return None
    if customer.email:
        return f"email:{customer.email.lower()}"
    digits = "".join(char for char in customer.phone or "" if char.isdigit())
    if digits:
        return f"phone:{digits}"
    return f"customer:{customer.id}" if customer.id else None


_READERS: dict[type, Callable[[Any], Facts]] = {Order: _of_order, Refund: _of_refund}
