"""Payments, disputes, settlements, payouts."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.canonical.base import Breach
from connectors.canonical.payment import Dispute, Payment
from connectors.canonical.rules.common import (
    ZERO,
    Rules,
    currency_known,
    identified,
    minor_units,
    not_above,
    not_negative,
    payable,
    period,
    shown,
    total,
    unique_ids,
)
from connectors.canonical.settlement import Payout, Settlement, SettlementLine


def _failed(payment: Payment) -> Iterator[Breach]:
    """What failed moved nothing, whatever else is stated."""
    if payment.succeeded is False and payment.kind in ("capture", "sale") and (payment.captured or ZERO) > 0:
        yield Breach("failed_money", f"The payment failed and yet states {payment.captured:f} captured.")


def _allocated(payment: Payment) -> Iterator[Breach]:
    made = total(one.amount for one in payment.allocations)
    if made > payment.amount:
        yield Breach("allocations", f"{payment.amount:f} was paid, {made:f} is allotted to documents.")


def _presentment(payment: Payment) -> Iterator[Breach]:
    yield from currency_known(payment.presentment_currency)
    yield from minor_units((("presentment_amount", payment.presentment_amount),), payment.presentment_currency)


def _lines_net(settlement: Settlement) -> Iterator[Breach]:
    for line in settlement.lines:
        yield from currency_known(line.currency)
        yield from _line_net(line)


def _line_net(line: SettlementLine) -> Iterator[Breach]:
    if line.gross is None or line.fee is None:
        return
    made = line.gross - line.fee - (line.tax or ZERO)
    if made != line.net:
        yield Breach("line_net", f"Line {line.id} states {line.net:f} net, gross less fee makes {made:f}.")


def _settled(settlement: Settlement) -> Iterator[Breach]:
    """Only lines that are all there are, and in the settlement's currency, can make its total."""
    if not settlement.complete or settlement.total is None:
        return
    foreign = {line.currency for line in settlement.lines} - {None, settlement.currency}
    if foreign:
        named = ", ".join(sorted(code for code in foreign if code))
        yield Breach("settlement_currency", f"It pays {settlement.currency}, lines are in {named}.")
        return
    made = total(line.net for line in settlement.lines) + (settlement.opening or ZERO) - (settlement.reserved or ZERO)
    if made != settlement.total:
        stated = shown(settlement.total, settlement.currency)
        yield Breach("settlement_total", f"{stated} was paid out, the lines make {made:f}.")


def _payout_net(payout: Payout) -> Iterator[Breach]:
    if payout.gross is None or payout.fee is None:
        return
    made = payout.gross - payout.fee
    if made != payout.amount:
        yield Breach("payout_net", f"It pays {payout.amount:f}, gross less fee makes {made:f}.")


_AMOUNTS = ("amount", "authorised", "captured", "refunded")

RULES: Rules = {
    Payment: (
        *(identified, payable(*_AMOUNTS), not_negative(*_AMOUNTS), not_above("captured", "authorised", "captured")),
        *(not_above("refunded", "captured", "refunded"), not_above("refunded", "amount", "refunded")),
        *(_failed, _allocated, _presentment),
    ),
    Dispute: (identified, payable("amount", "fee", "withheld"), not_negative("amount")),
    Settlement: (
        *(identified, payable("total", "opening", "reserved"), unique_ids(), _lines_net, _settled),
        period("period_start", "period_end"),
    ),
    Payout: (identified, payable("amount", "gross", "fee"), _payout_net),
}
