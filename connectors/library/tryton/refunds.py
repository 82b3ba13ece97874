"""`refund.create`: a refund of the shop is one return in Tryton, worth exactly the money that went back.

    goods put back    -> the product, negative: Tryton expects it in the warehouse
    goods not back    -> a service, negative: money only
    shipping, the rest -> services; what the total says beyond all parts is an adjustment line
A refund of a sale that a cancellation already undid is written down and cancelled: it must not count twice.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from connectors.canonical.refund import Refund
from connectors.library.tryton import lookups, sales, words
from connectors.library.tryton.client import Client
from connectors.library.tryton.codes import REFUND_ADJUSTMENT
from connectors.library.tryton.mapping import returns
from connectors.library.tryton.mapping import sale as mapping
from connectors.library.tryton.mapping.draft import ONE, Draft, Part
from connectors.library.tryton.orders import REVERSAL, lines_of
from connectors.library.tryton.records import CANCELLED, OPEN_STATES, Sale
from connectors.sdk.connector import Call, Delivered
from connectors.sdk.errors import Needs, RequestRefused

ORDER_WITHIN = timedelta(minutes=5)  # then a person is asked for the order


async def create(call: Call, refund: Refund) -> Delivered:
    """Raises: Needs (no sale of this order); RequestRefused with error_class unmapped_value, duplicate."""
    client = Client(call)
    refund = words.in_trytons(client, refund)
    until = sales.finish_at(client)
    await lookups.company(client)
    documents = await sales.find(client, "search", _of_this_order(call.reference, refund.order_id))
    sold = _sale_of(documents, refund, _namespace(call.reference, refund))
    inclusive = returns.holds_tax(refund, sold)
    total = -returns.money_back(refund, inclusive=inclusive)
    made = sales.only((item for item in documents if item.origin), call.reference)
    ended = _is_undone(documents, sold)
    states = sales.finished_states(until)
    effect = "already" if made and made.state in states | {CANCELLED} else "returned"
    if made is None:
        made = await sales.create(client, partial(_draft, client, refund, sold, inclusive))
    if ended and made.state in OPEN_STATES:
        made = await sales.cancel(client, made)
    if made.state != CANCELLED:
        made = await sales.finish(client, made, until)
    # One that was cancelled counts for nothing: right where the whole sale is undone, and only there.
    allowed = states | {CANCELLED} if ended else states
    return sales.proven(
        client, made, reference=call.reference, total=total, states=allowed, effect=effect, kind="return"
    )


def _of_this_order(reference: str, order_id: str) -> list:
    """Our own return, should it be there, and every document of the order: one call."""
    escaped = mapping.marker(order_id).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return ["OR", ["reference", "=", reference], ["description", "like", f"%{escaped}"]]


def _namespace(reference: str, refund: Refund) -> str:
    """What our references of the same shop begin with, "hp-shopify/": two shops may count alike."""
    return reference.removesuffix(refund.id) if reference.endswith(refund.id) else ""


def _sale_of(documents: list[Sale], refund: Refund, namespace: str) -> Sale:
    ending = mapping.marker(refund.order_id)
    sold = [item for item in documents if not item.origin and item.description.endswith(ending)]
    found = [item for item in sold if item.reference.startswith(namespace)]
    if not found:
        text = f"Tryton has no sale of order {refund.order_id}, which refund {refund.id} belongs to."
        raise Needs("order", refund.order_id, text, within=ORDER_WITHIN, may_be_behind=True)
    if len(found) > 1:
        numbers = ", ".join(sales.name(item) for item in found)
        raise RequestRefused(
            f"Tryton has more than one sale of order {refund.order_id}: {numbers}.", error_class="duplicate"
        )
    if refund.currency and refund.currency != found[0].currency:
        raise RequestRefused(
            f"Refund {refund.id} is in {refund.currency}, sale {sales.name(found[0])} in {found[0].currency}."
        )
    return found[0]


def _is_undone(documents: list[Sale], sold: Sale) -> bool:
    """Cancelled before it was booked, or returned as a whole by its cancellation."""
    reversal = sales.only(documents, sold.reference + REVERSAL)
    return sold.state == CANCELLED or (reversal is not None and reversal.state != CANCELLED)


async def _draft(client: Client, refund: Refund, sold: Sale, inclusive: bool) -> Draft:
    books = await lookups.company(client)
    counting = lookups.rules(books, await lookups.currency(client, sold.currency))
    total = -returns.money_back(refund, inclusive=inclusive)
    parts = returns.parts(refund, sold, counting.quantum, inclusive=inclusive)
    parts = parts or [Part(REFUND_ADJUSTMENT, refund.note or "Refund", -ONE, total)]
    document = f"refund {refund.id} of {sold.description}"
    lines = await lines_of(client, parts, total, document, counting, spill=REFUND_ADJUSTMENT, sign=-1)
    return Draft(
        reference=client.call.reference,
        description=f"Refund of {sold.description}",
        date=refund.created_at.date(),
        currency=sold.currency,
        party=sold.party,
        lines=lines,
        total=total,
        origin=f"sale.sale,{sold.id}",
    )
