"""What happens to an order after it was placed: edits, refunds, cancellation. Pure: a sale in, a sale out."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from msgspec.structs import replace

from connectors.sandbox.shopify.generator import FIRST_PAYMENT_ID
from connectors.sandbox.shopify.model import Line, Payment, Refund, RefundLine, Sale
from connectors.sandbox.shopify.options import CancelOptions, EditOptions, RefundOptions
from connectors.sandbox.shopify.pricing import priced

FIRST_REFUND_ID = 990_000_000_000
FIRST_REFUND_LINE_ID = 560_000_000_000
SECOND = timedelta(seconds=1)


class Refused(ValueError):
    """The shop would not do that to this order; the message says why."""


def edited(sale: Sale, options: EditOptions, *, at: datetime, seed: int) -> Sale:
    _require_open(sale)
    changed = sale
    if options.quantity is not None:
        changed = _with_quantity(sale, options, at=at)
    if options.address1 is not None or (options.quantity is None and options.note is None and sale.ship_to):
        changed = _with_address(changed, options.address1 or _new_address(sale, seed))
    if options.note is not None or changed is sale:
        changed = replace(changed, note=options.note or "Customer will collect on Saturday")
    return _touched(changed, at, same_second=options.same_second)


def refunded(sale: Sale, options: RefundOptions, *, at: datetime, seed: int) -> Sale:
    """One more refund, with the money going back the way it came."""
    _require_open(sale)
    if not sale.captured:
        raise Refused(f"{sale.name} has not been paid: there is nothing to give back")
    rng = Random(f"{seed}:refund:{sale.number}:{len(sale.refunds)}")
    drawn = rng.random() < 0.6
    restock = drawn if options.restock is None else options.restock
    picked = _picked(sale, options, rng)
    shipping, shipping_tax = _shipping_left(sale) if options.shipping else (0, 0)
    draft = Refund(
        id=FIRST_REFUND_ID + sale.number * 16 + len(sale.refunds),
        at=at.replace(microsecond=0),
        note=options.note,
        lines=_refund_lines(sale, picked, "return" if restock else "no_restock"),
        shipping=shipping,
        shipping_tax=shipping_tax,
        difference=-options.keep_cents,
    )
    return _given_back(sale, draft, at=at)


def cancelled(sale: Sale, options: CancelOptions, *, at: datetime) -> Sale:
    """A reserved payment is voided; a taken one goes back unless the options keep it."""
    _require_open(sale)
    when = _next_second(sale, at)
    ended = replace(sale, cancelled_at=when, cancel_reason=options.reason)
    if not sale.captured:
        voids = tuple(_payment(sale, index, "void", p, 0, at) for index, p in enumerate(sale.payments))
        return _touched(replace(ended, payments=(*sale.payments, *voids)), at)
    if not options.refund:
        return _touched(ended, at)
    return _given_back(ended, _everything_left(sale, at), at=at)


def _require_open(sale: Sale) -> None:
    if sale.cancelled_at is not None:
        raise Refused(f"{sale.name} was cancelled at {sale.cancelled_at.isoformat()}")


def _touched(sale: Sale, at: datetime, *, same_second: bool = False) -> Sale:
    return sale if same_second else replace(sale, updated_at=_next_second(sale, at))


def _next_second(sale: Sale, at: datetime) -> datetime:
    """Whole seconds, never twice the same: two changes of one order are two versions."""
    return max(at.replace(microsecond=0), sale.updated_at + SECOND)


def _with_quantity(sale: Sale, options: EditOptions, *, at: datetime) -> Sale:
    line = _line_at(sale, options.line or 0)
    now, wanted = sale.current_quantity(line), options.quantity or 0
    if wanted == now or wanted < 0:
        raise Refused(f"line {options.line or 0} of {sale.name} already has quantity {now}")
    if wanted < now:
        return _removed(sale, line, now - wanted, at=at)
    if sale.refunds:
        raise Refused(f"{sale.name} was refunded in part: the stand-in adds nothing to it")
    lines = tuple(replace(each, quantity=wanted) if each.id == line.id else each for each in sale.lines)
    grown = priced(replace(sale, lines=lines))
    first = sale.payments[-1]
    extra = _payment(sale, 0, first.kind, first, grown.total - sale.total, at)
    return replace(grown, payments=(*sale.payments, extra))


def _removed(sale: Sale, line: Line, quantity: int, *, at: datetime) -> Sale:
    """The vendor keeps `quantity`, lowers `current_quantity`, and notes the removal as a refund."""
    if not sale.captured:
        raise Refused(f"{sale.name} has not been paid: the stand-in removes nothing from it")
    draft = Refund(
        id=FIRST_REFUND_ID + sale.number * 16 + len(sale.refunds),
        at=at.replace(microsecond=0),
        note="Removed by order edit",
        lines=_refund_lines(sale, [(line, quantity)], "cancel"),
    )
    return _given_back(sale, draft, at=at)


def _with_address(sale: Sale, address1: str) -> Sale:
    if sale.ship_to is None:
        raise Refused(f"{sale.name} was sold in a store: it has no shipping address")
    return replace(sale, ship_to=replace(sale.ship_to, address1=address1, address2=None))


def _new_address(sale: Sale, seed: int) -> str:
    rng = Random(f"{seed}:address:{sale.number}:{sale.updated_at.isoformat()}")
    return f"{rng.randrange(400, 900)} {rng.choice(('Beacon Street', 'Chandler Row', 'Fernwood Avenue'))}"


def _line_at(sale: Sale, index: int) -> Line:
    if not 0 <= index < len(sale.lines):
        raise Refused(f"{sale.name} has {len(sale.lines)} lines, not a line {index}")
    return sale.lines[index]


def _picked(sale: Sale, options: RefundOptions, rng: Random) -> list[tuple[Line, int]]:
    if options.lines is not None:
        return [(_line_at(sale, index), quantity) for index, quantity in options.lines]
    left = [line for line in sale.lines if sale.current_quantity(line) > 0]
    if not left:
        raise Refused(f"{sale.name} has been given back in full")
    return [(rng.choice(left), 1)]


def _refund_lines(sale: Sale, picked: list[tuple[Line, int]], restock_type: str) -> tuple[RefundLine, ...]:
    first = FIRST_REFUND_LINE_ID + sale.number * 256 + sum(len(refund.lines) for refund in sale.refunds)
    return tuple(
        _refund_line(sale, line, quantity, restock_type, first + index) for index, (line, quantity) in enumerate(picked)
    )


def _refund_line(sale: Sale, line: Line, quantity: int, restock_type: str, refund_line_id: int) -> RefundLine:
    """Its share, so that giving back one by one ends at the line's exact amounts."""
    before = sale.refunded_quantity(line.id)
    if quantity < 1 or before + quantity > line.quantity:
        raise Refused(f"{line.sku} of {sale.name}: {line.quantity - before} left, {quantity} asked")
    earlier = [part for refund in sale.refunds for part in refund.lines if part.line_id == line.id]
    share = before + quantity
    return RefundLine(
        id=refund_line_id,
        line_id=line.id,
        quantity=quantity,
        subtotal=line.net * share // line.quantity - sum(part.subtotal for part in earlier),
        tax=line.tax * share // line.quantity - sum(part.tax for part in earlier),
        restock_type=restock_type,
    )


def _shipping_left(sale: Sale) -> tuple[int, int]:
    if sale.shipping is None:
        raise Refused(f"{sale.name} has no shipping to give back")
    price = sale.shipping.net - sum(refund.shipping for refund in sale.refunds)
    tax = sale.shipping.tax - sum(refund.shipping_tax for refund in sale.refunds)
    if price <= 0:
        raise Refused(f"the shipping of {sale.name} was free or has been given back")
    return price, tax


def _everything_left(sale: Sale, at: datetime) -> Refund:
    left = [(line, sale.current_quantity(line)) for line in sale.lines if sale.current_quantity(line)]
    draft = Refund(
        id=FIRST_REFUND_ID + sale.number * 16 + len(sale.refunds),
        at=at.replace(microsecond=0),
        note="Order canceled",
        lines=_refund_lines(sale, left, "cancel"),
        shipping=(sale.shipping.net if sale.shipping else 0) - sum(refund.shipping for refund in sale.refunds),
        shipping_tax=(sale.shipping.tax if sale.shipping else 0) - sum(refund.shipping_tax for refund in sale.refunds),
    )
    return replace(draft, difference=sale.total - sale.refunded - draft.total)


def _given_back(sale: Sale, draft: Refund, *, at: datetime) -> Sale:
    payments = _refund_payments(sale, draft.total, at)
    return _touched(replace(sale, refunds=(*sale.refunds, replace(draft, payments=payments))), at)


def _refund_payments(sale: Sale, cents: int, at: datetime) -> tuple[Payment, ...]:
    if cents < 0 or cents > sale.total - sale.refunded:
        raise Refused(f"{sale.name}: {cents} cents asked back, {sale.total - sale.refunded} left")
    found: list[Payment] = []
    for paid in (payment for payment in sale.payments if payment.kind == "sale"):
        share = min(cents, paid.cents - _returned(sale, paid.id))
        if share > 0:
            found.append(_payment(sale, len(found), "refund", paid, share, at))
            cents -= share
    return tuple(found)


def _returned(sale: Sale, payment_id: int) -> int:
    return sum(p.cents for refund in sale.refunds for p in refund.payments if p.parent_id == payment_id)


def _payment(sale: Sale, index: int, kind: str, parent: Payment, cents: int, at: datetime) -> Payment:
    used = len(sale.payments) + sum(len(refund.payments) for refund in sale.refunds)
    return Payment(
        id=FIRST_PAYMENT_ID + sale.number * 64 + used + index,
        gateway=parent.gateway,
        kind=kind,
        cents=cents,
        at=at.replace(microsecond=0),
        parent_id=parent.id,
    )
