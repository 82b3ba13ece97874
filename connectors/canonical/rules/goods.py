"""Products, prices, promotions, gift cards, points, stock and goods on their way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from connectors.canonical.base import Breach
from connectors.canonical.customer import CustomerRecord
from connectors.canonical.fulfilment import DespatchAdvice, Fulfilment
from connectors.canonical.gift_card import GiftCard, GiftCardMovement
from connectors.canonical.inventory import InventoryLevel, InventoryMovement, StockTransfer
from connectors.canonical.product import Price, Product
from connectors.canonical.promotion import LoyaltyAccount, LoyaltyEvent, Promotion
from connectors.canonical.rules.common import (
    Rules,
    counted,
    identified,
    minor_units,
    moves,
    not_negative,
    payable,
    period,
    quantities,
    unique_ids,
)

ALL = Decimal(100)


def _variants(product: Product) -> Iterator[Breach]:
    for one in product.variants:
        amounts = (("price", one.price), ("compare_at_price", one.compare_at_price))
        yield from minor_units(((f"{name} of {one.id}", amount) for name, amount in amounts), product.currency)
        for name, amount in amounts:
            if amount is not None and amount < 0:
                yield Breach("negative", f"{name} of {one.id} is {amount:f}, less than nothing.")


def _per_quantity(price: Price) -> Iterator[Breach]:
    if price.per_quantity <= 0:
        yield Breach("quantity", f"The price buys {price.per_quantity:f} pieces.")


def _percentage(promotion: Promotion) -> Iterator[Breach]:
    if promotion.value_type == "percentage" and promotion.value is not None and promotion.value > ALL:
        yield Breach("percentage", f"{promotion.value:f} % off is more than all.")


def _kinds(level: InventoryLevel) -> Iterator[Breach]:
    for (kind, unit), times in Counter((one.kind, one.unit) for one in level.quantities).items():
        if times > 1:
            yield Breach("kinds", f"It states {kind} {times} times{f' in {unit}' if unit else ''}.")


def _places(transfer: StockTransfer) -> Iterator[Breach]:
    if transfer.from_location == transfer.to_location:
        yield Breach("places", f"It goes from {transfer.from_location} to the same place.")


def _received(transfer: StockTransfer) -> Iterator[Breach]:
    for line in transfer.lines:
        if line.received is not None and line.received < 0:
            yield Breach("quantity", f"Of line {line.id} {line.received:f} came.")


RULES: Rules = {
    Product: (identified, payable(), unique_ids("variants"), _variants),
    Price: (*(identified, payable(), not_negative("amount"), _per_quantity, period("valid_from", "valid_until")),),
    CustomerRecord: (identified, payable("balance")),
    Promotion: (identified, payable(), not_negative("value"), _percentage, period("starts_at", "ends_at")),
    LoyaltyAccount: (identified,),
    LoyaltyEvent: (identified, moves("points")),
    GiftCard: (identified, payable("balance", "initial"), not_negative("balance", "initial")),
    GiftCardMovement: (identified, payable("amount", "after"), moves("amount"), not_negative("before", "after")),
    Fulfilment: (identified, quantities(field="order_line_id"), period("shipped_at", "delivered_at")),
    DespatchAdvice: (identified, counted, quantities()),
    InventoryLevel: (identified, _kinds),
    InventoryMovement: (identified, payable("value"), moves("quantity")),
    StockTransfer: (identified, _places, unique_ids(), quantities(), _received, period("sent_at", "received_at")),
}
