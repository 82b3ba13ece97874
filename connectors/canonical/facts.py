"""The few facts of an object that money at risk, search and tie-out read. Unknown is None, never 0."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.canonical import totals
from connectors.canonical.bank import BankStatement
from connectors.canonical.base import Document
from connectors.canonical.customer import CustomerRecord
from connectors.canonical.fulfilment import DespatchAdvice, Fulfilment
from connectors.canonical.gift_card import GiftCard, GiftCardMovement
from connectors.canonical.inventory import InventoryLevel, InventoryMovement, StockTransfer
from connectors.canonical.invoice import Invoice
from connectors.canonical.journal import JournalEntry
from connectors.canonical.notices import ChangeSignal
from connectors.canonical.objects import KINDS, name_of
from connectors.canonical.order import Customer, Order
from connectors.canonical.payment import Dispute, Payment
from connectors.canonical.product import Price, Product
from connectors.canonical.promotion import LoyaltyAccount, LoyaltyEvent
from connectors.canonical.refund import Refund
from connectors.canonical.returns import Return
from connectors.canonical.settlement import Payout, Settlement
from connectors.canonical.store_day import StoreDay, TillEvent
from connectors.canonical.supply import SupplierOrder
from connectors.canonical.tax import TaxCalculation


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
    keys: tuple[tuple[str, str], ...] = ()  # further business keys, (type, value)


def facts(obj: Any) -> Facts:
    """Raises TypeError for what is no canonical object."""
    if type(obj) not in _KINDS:
        raise TypeError(f"{type(obj).__name__} has no facts")
    reader = _READERS.get(type(obj))
    return reader(obj) if reader else _fact(obj)


def _of_order(order: Order) -> Facts:
    return Facts(
        object_type="order",
        object_id=order.id,
        source_version=order.source_version,
        value=totals.ZERO if order.training or order.voided else order.total,
        currency=order.currency,
        occurred_at=order.created_at,
        order_id=order.id,
        order_number=order.number,
        store_key=order.store_key,
        channel=order.channel,
        units=totals.units(order),
        counterparty=_counterparty(order.customer),
    )


def _of_refund(refund: Refund) -> Facts:
    return Facts(
        object_type="refund",
        object_id=refund.id,
        source_version=refund.source_version,
        value=totals.ZERO if refund.training or refund.voided else refund.total,
        currency=refund.currency,
        occurred_at=refund.created_at,
        order_id=refund.order_id,
        store_key=refund.store_key,
        units=sum((line.quantity for line in refund.lines), totals.ZERO),
    )


def _fact(obj: Document, **known: Any) -> Facts:
    """What every document says of itself. Worth something only where `known` says so."""
    plain = {"value": None, "currency": getattr(obj, "currency", None), "occurred_at": obj.occurred_at or obj.event_at}
    given: dict[str, Any] = plain | {"store_key": obj.store_key} | known
    keys = tuple((kind, value) for kind, value in given.pop("keys", ()) if value)
    order_id = given.pop("order_id", getattr(obj, "order_id", None)) or ""
    return Facts(name_of(type(obj)), obj.id, obj.source_version, order_id=order_id, keys=keys, **given)


def _of_payment(payment: Payment) -> Facts:
    """A payment that failed moved nothing: that is known, so it is 0."""
    value = totals.ZERO if payment.succeeded is False else payment.amount
    keys = (("payment", payment.parent_id), ("settlement", payment.settlement_id), ("gift_card", payment.gift_card_id))
    allocated = tuple((one.document_type or "invoice", one.document_id) for one in payment.allocations)
    return _fact(payment, value=value, keys=(*keys, *allocated))


def _of_settlement(settlement: Settlement) -> Facts:
    keys = (("payout", settlement.payout_id), ("bank_reference", settlement.reference))
    return _fact(settlement, value=settlement.total, keys=keys)


def _of_statement(statement: BankStatement) -> Facts:
    """Worth what went through the account: the net of what was booked."""
    booked = [line.amount for line in statement.lines if line.booked and line.currency in (None, statement.currency)]
    keys = (("bank_account", statement.account), ("bank_statement", statement.number))
    return _fact(statement, value=sum(booked, totals.ZERO), keys=keys)


def _of_journal(entry: JournalEntry) -> Facts:
    stores = {line.store_key for line in entry.lines if line.store_key}
    store = entry.store_key or (stores.pop() if len(stores) == 1 else None)
    value = sum((line.debit for line in entry.lines), totals.ZERO)
    return _fact(entry, value=value, store_key=store, keys=(("journal", entry.number), ("reference", entry.reference)))


def _of_day(day: StoreDay) -> Facts:
    keys = (("business_date", day.business_date.isoformat()), ("z_report", day.number), ("till", day.till))
    return _fact(day, value=day.total, keys=keys)


def _of_invoice(invoice: Invoice) -> Facts:
    keys = (("invoice", invoice.number), *(("invoice", one) for one in invoice.corrects))
    return _fact(invoice, value=invoice.total, keys=keys)


def _of_supplier_order(order: SupplierOrder) -> Facts:
    keys = (("supplier_order", order.number), ("supplier_order", order.answers))
    return _fact(order, value=order.total, units=_sum(line.quantity for line in order.lines), keys=keys)


def _of_despatch(advice: DespatchAdvice) -> Facts:
    keys = (
        *(("supplier_order", one) for one in advice.supplier_order_ids),
        *(("tracking", one.number) for one in advice.tracking),
    )
    return _fact(advice, units=_sum(line.quantity for line in advice.lines), keys=keys)


def _of_fulfilment(fulfilment: Fulfilment) -> Facts:
    keys = (("tracking", one.number) for one in fulfilment.tracking)
    return _fact(fulfilment, units=_sum(line.quantity for line in fulfilment.lines), keys=tuple(keys))


def _of_level(level: InventoryLevel) -> Facts:
    store = level.store_key or level.location
    return _fact(level, occurred_at=level.as_of or level.occurred_at, store_key=store, keys=_stock_keys(level))


def _of_movement(movement: InventoryMovement) -> Facts:
    return _fact(
        movement,
        value=movement.value,
        units=movement.quantity,
        store_key=movement.store_key or movement.location,
        keys=(*_stock_keys(movement), ("document", movement.document_id)),
    )


def _stock_keys(stock: InventoryLevel | InventoryMovement) -> tuple[tuple[str, str | None], ...]:
    return ("item", stock.item_id), ("sku", stock.sku)


def _of_customer(customer: CustomerRecord) -> Facts:
    known = Customer(id=customer.id, email=customer.email, phone=customer.phone)
    return _fact(customer, counterparty=_counterparty(known))


def _of_product(product: Product) -> Facts:
    return _fact(product, keys=tuple(("sku", one.sku) for one in product.variants))


def _of_transfer(transfer: StockTransfer) -> Facts:
    units = _sum(line.quantity for line in transfer.lines)
    return _fact(transfer, units=units, store_key=transfer.from_location, keys=(("stock_transfer", transfer.number),))


def _of_payout(payout: Payout) -> Facts:
    return _fact(payout, value=payout.amount, keys=(("bank_reference", payout.reference),))


def _of_gift_movement(moved: GiftCardMovement) -> Facts:
    return _fact(moved, value=moved.amount, keys=(("gift_card", moved.gift_card_id),))


def _of_loyalty_account(account: LoyaltyAccount) -> Facts:
    known = Customer(id=account.customer_id, phone=account.phone)
    return _fact(account, counterparty=_counterparty(known))


def _of_signal(signal: ChangeSignal) -> Facts:
    return _fact(signal, keys=((signal.subject_type, signal.subject_id), ("parent", signal.parent_id)))


def _sum(quantities: Iterable[Decimal | None]) -> Decimal | None:
    """None where nothing is stated, or one of them is not."""
    found = list(quantities)
    known = [one for one in found if one is not None]
    return sum(known, totals.ZERO) if known and len(known) == len(found) else None


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


_KINDS = frozenset(KINDS)
_READERS: dict[type, Callable[[Any], Facts]] = {
    Order: _of_order,
    Refund: _of_refund,
    Product: _of_product,
    Price: lambda price: _fact(price, value=price.amount, keys=(("sku", price.sku), ("variant", price.variant_id))),
    CustomerRecord: _of_customer,
    Return: lambda back: _fact(
        back,
        units=_sum(line.quantity for line in back.lines),
        keys=(("return", back.number), ("refund", back.refund_id)),
    ),
    Fulfilment: _of_fulfilment,
    Payment: _of_payment,
    Dispute: lambda dispute: _fact(dispute, value=dispute.amount, keys=(("payment", dispute.payment_id),)),
    TaxCalculation: lambda quote: _fact(quote, value=quote.total),
    InventoryLevel: _of_level,
    InventoryMovement: _of_movement,
    StockTransfer: _of_transfer,
    GiftCard: lambda card: _fact(card, value=card.balance),
    GiftCardMovement: _of_gift_movement,
    LoyaltyAccount: _of_loyalty_account,
    LoyaltyEvent: lambda event: _fact(event, keys=(("loyalty_account", event.account_id),)),
    SupplierOrder: _of_supplier_order,
    DespatchAdvice: _of_despatch,
    Invoice: _of_invoice,
    Settlement: _of_settlement,
    Payout: _of_payout,
    BankStatement: _of_statement,
    StoreDay: _of_day,
    TillEvent: lambda event: _fact(event, value=event.amount, keys=(("till", event.till),)),
    JournalEntry: _of_journal,
    ChangeSignal: _of_signal,
}
