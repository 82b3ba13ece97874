"""What a till says of a day: the close (Z-report), and what it did that is no sale."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from connectors.canonical.base import Canonical, Document
from connectors.canonical.order import Charge
from connectors.canonical.tax import TaxSummary


class DayTender(Canonical):
    """`amount` is what was taken, less change and refunds. The drawer should hold it and the float."""

    method: str  # cash, card, gift_card: the source's word
    amount: Decimal
    count: int | None = None
    opening_float: Decimal = Decimal(0)
    removed: Decimal = Decimal(0)  # lifted to the safe, paid out, less what was paid in
    counted: Decimal | None = None
    over_short: Decimal | None = None  # counted − expected, as stated


class StoreDay(Document, kw_only=True, tag_field="object", tag="store_day"):
    """One till's or one store's day. net_sales = sales − returns − discounts.

    total = net_sales + charges, + tax unless prices hold it; the tenders make the total.
    """

    business_date: date
    currency: str
    total: Decimal
    sales: Decimal | None = None  # before discounts and returns
    returns: Decimal | None = None  # positive
    discounts: Decimal | None = None  # positive
    net_sales: Decimal | None = None
    tax_total: Decimal | None = None
    tax_inclusive: bool = False
    charges: tuple[Charge, ...] = ()  # gift cards sold, tips, rounding, deposits
    taxes: tuple[TaxSummary, ...] = ()
    tenders: tuple[DayTender, ...] = ()
    over_short: Decimal | None = None
    till: str | None = None  # None: the whole store
    number: str | None = None  # of the Z-report
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    transactions: int | None = None
    voids: int | None = None
    first_receipt: str | None = None
    last_receipt: str | None = None
    grand_total_before: Decimal | None = None  # the till's counter that never goes back
    grand_total_after: Decimal | None = None


class TillEvent(Document, kw_only=True, tag_field="object", tag="till_event"):
    """What a till did that is no sale: sign-on, drawer opened, cash lifted. It names no cashier."""

    kind: str
    till: str | None = None
    sequence: str | None = None
    business_date: date | None = None
    method: str | None = None
    amount: Decimal | None = None  # cash in (+) or out (−)
    currency: str | None = None
    training: bool = False
