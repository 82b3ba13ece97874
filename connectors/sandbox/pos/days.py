"""A store's day as its tills write it: the same for the same store and day, however often it is made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from connectors.sandbox.shopify.catalogue import Variant, variants
from connectors.sandbox.shopify.places import LOCATIONS, STATES, Location, Tax

CENT = Decimal("0.01")
HEADER = "receipt,till,sold_at,line,sku,description,quantity,unit_price,discount,tax_name,tax_rate,tax_amount,tender"
# States with one tax at most, so that a till's line needs one column for it.
STORES: tuple[Location, ...] = tuple(place for place in LOCATIONS if len(STATES[place.state].taxes) <= 1)[:10]


@dataclass(frozen=True, slots=True)
class StoreDay:
    """`text` without a trailer, `rows` and `total` as a trailer states them."""

    store: str
    day: date
    text: str
    rows: int
    total: Decimal

    def whole(self, *, total: Decimal | None = None) -> str:
        return f"{self.text}TRAILER,rows={self.rows},total={self.total if total is None else total:f}\n"


def store_day(place: Location, day: date) -> StoreDay:
    rng = Random(f"{place.id}:{day}")
    taxes = STATES[place.state].taxes
    opens = datetime.combine(day, time(10), place.timezone)
    lines, total = [], Decimal(0)
    for number in range(1, rng.randint(5, 9)):
        opens += timedelta(minutes=rng.randint(3, 70), seconds=rng.randint(0, 59))
        for line, variant in enumerate(rng.sample(variants(), rng.choice((1, 1, 2, 3))), 1):
            text, worth = _line(rng, f"R-{number:04}", opens, line, variant, taxes[0] if taxes else None)
            lines.append(text)
            total += worth
    return StoreDay(str(place.id), day, "\n".join((HEADER, *lines)) + "\n", len(lines), total)


def _line(rng: Random, receipt: str, at: datetime, line: int, variant: Variant, tax: Tax | None) -> tuple[str, Decimal]:
    quantity, price = rng.choice((1, 1, 1, 2)), variant.price * CENT
    discount = (price * quantity / 10).quantize(CENT, ROUND_HALF_UP) if rng.random() < 0.15 else Decimal(0)
    net = price * quantity - discount
    amount = (net * tax.rate).quantize(CENT, ROUND_HALF_UP) if tax else Decimal(0)
    title = variant.name.replace(",", "")
    cells = [receipt, "1", at.isoformat(), str(line), variant.sku, title, str(quantity), f"{price:f}"]
    cells += [f"{discount:f}" if discount else ""]
    cells += [tax.title, f"{tax.rate:f}", f"{amount:f}"] if tax else ["", "", ""]
    return ",".join((*cells, rng.choice(("card", "cash")))), net + amount
