"""`order.upsert`: an order of the shop is a sale in Tryton, once, and stays what the shop says while it can.

not there yet    -> created, quoted, confirmed; one that arrives cancelled is created, quoted and cancelled
not booked yet   -> amended when it differs, then on to where it was going
booked           -> the same: nothing to do; different: refused with the difference; cancelled: a return
"""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from connectors.canonical.order import Order
from connectors.library.tryton import lookups, sales, words
from connectors.library.tryton.client import Client
from connectors.library.tryton.codes import REFUND_ADJUSTMENT, ROUNDING
from connectors.library.tryton.mapping import returns
from connectors.library.tryton.mapping import sale as mapping
from connectors.library.tryton.mapping.amounts import totals
from connectors.library.tryton.mapping.difference import differences
from connectors.library.tryton.mapping.draft import Draft, Line, Part, priced, residue_line
from connectors.library.tryton.records import BOOKED_STATES, CANCELLED, OPEN_STATES, Sale
from connectors.sdk.connector import Call, Delivered
from connectors.sdk.errors import RequestRefused

REVERSAL = "-cancelled"


async def upsert(call: Call, order: Order) -> Delivered:
    """Bring Tryton's sale in line with the order.

    Cost: five calls for a new order whose products and customer are remembered, one for a repeat.
    Raises: RequestRefused with error_class unmapped_value (an SKU, tax or currency that Tryton lacks), conflict (the
        sale is booked and differs), duplicate (our reference is there twice); and the family of `client`.
    """
    client = Client(call)
    order = words.in_trytons(client, order)
    until = sales.finish_at(client)
    await lookups.company(client)
    wanted = [call.reference, call.reference + REVERSAL]
    found = await sales.find(client, "search", [["reference", "in", wanted]])
    # A refund of the same shop may have the same id; what is a return has an origin.
    known = sales.only((item for item in found if not item.origin), call.reference)
    if known is None:
        return await _make(client, order, until)
    if known.state in OPEN_STATES:
        return await _bring_in_line(client, order, known, until)
    if known.state in BOOKED_STATES and order.cancelled_at:
        return await _reverse(client, order, known, sales.only(found, call.reference + REVERSAL), until)
    if known.state == CANCELLED and order.cancelled_at:
        return _delivered(client, order, known, "already", {CANCELLED})
    _refuse_difference(order, known)
    return _delivered(client, order, known, "already", BOOKED_STATES)


async def _make(client: Client, order: Order, until: str) -> Delivered:
    made = await sales.create(client, partial(draft_of, client, order))
    return await _complete(client, order, made, until, "created")


async def _bring_in_line(client: Client, order: Order, known: Sale, until: str) -> Delivered:
    """Also where an interrupted attempt left off: a sale that is as it should be just goes on."""
    draft = await draft_of(client, order)
    if not sales.matches(draft, known):
        return await _complete(client, order, await sales.amend(client, known, draft), until, "amended")
    effect = "already" if known.state == until and not order.cancelled_at else "created"
    return await _complete(client, order, known, until, effect)


async def _complete(client: Client, order: Order, known: Sale, until: str, effect: str) -> Delivered:
    if order.cancelled_at:
        return _delivered(client, order, await sales.cancel(client, known), "cancelled", {CANCELLED})
    finished = await sales.finish(client, known, until)
    return _delivered(client, order, finished, effect, sales.finished_states(until))


async def draft_of(client: Client, order: Order) -> Draft:
    """Pure but for looking up Tryton's ids, which a warm memory makes free."""
    books = await lookups.company(client)
    money = await lookups.currency(client, order.currency)
    counting = lookups.rules(books, money)
    document = f"order {order.number}"
    parts = mapping.parts(order, money.quantum)
    lines = await lines_of(client, parts, order.total, document, counting)
    return Draft(
        reference=client.call.reference,
        description=mapping.description(order),
        date=order.created_at.date(),
        currency=order.currency,
        party=await lookups.party(client, order),
        lines=lines,
        total=order.total,
    )


async def lines_of(
    client: Client, parts: list[Part], total: Decimal, document: str, counting: Any, *, spill: str = "", sign: int = 1
) -> tuple[Line, ...]:
    """Parts with Tryton's ids, and the line of the residue where there is one."""
    wanted = {part.code for part in parts} | {ROUNDING} | ({spill} if spill else set())
    found = await lookups.products(client, wanted, document)
    taxes = await lookups.taxes(client, [rate for part in parts for rate in part.rates], document)
    return priced(
        parts,
        total,
        counting,
        product=found.__getitem__,
        tax=taxes.__getitem__,
        spill=spill,
        sign=sign,
    )


async def _reverse(client: Client, order: Order, known: Sale, made: Sale | None, until: str) -> Delivered:
    """What is booked is not undone in Tryton but returned: a sale of the same lines, negative, less earlier returns."""
    states = sales.finished_states(until)
    if made is not None and made.state in states:
        return _returned(client, made, made.total, "already", states)
    domain = [["origin", "=", f"sale.sale,{known.id}"], ["state", "!=", CANCELLED]]
    others = [item for item in await sales.find(client, "find returns", domain) if not made or item.id != made.id]
    left = known.total + sum((item.total for item in others), Decimal(0))
    if made is None and others and not left:
        return _delivered(client, order, known, "already", BOOKED_STATES, total=known.total)
    if made is None:
        made = await sales.create(client, partial(_reversal, client, order, known, others, left))
    return _returned(client, await sales.finish(client, made, until), -left, "returned", states)


def _returned(client: Client, made: Sale, total: Decimal, effect: str, states: frozenset[str]) -> Delivered:
    reference = client.call.reference + REVERSAL
    return sales.proven(client, made, reference=reference, total=total, states=states, effect=effect, kind="return")


async def _reversal(client: Client, order: Order, known: Sale, earlier: list[Sale], left: Decimal) -> Draft:
    lines = list(returns.reversal(known, earlier))
    counting = lookups.rules(await lookups.company(client), await lookups.currency(client, known.currency))
    if residue := -left - totals(lines, counting).total:
        code = ROUNDING if abs(residue) < counting.quantum * 10 else REFUND_ADJUSTMENT
        found = await lookups.products(client, [code], f"the cancellation of order {order.number}")
        lines.append(residue_line(residue, found[code], -1))
    return Draft(
        reference=client.call.reference + REVERSAL,
        description=f"Cancelled {mapping.description(order)}",
        date=(order.cancelled_at or order.created_at).date(),
        currency=known.currency,
        party=known.party,
        lines=tuple(lines),
        total=-left,
        origin=f"sale.sale,{known.id}",
    )


def _refuse_difference(order: Order, known: Sale) -> None:
    """Raises: RequestRefused, class conflict, with each field's value in Tryton and in the shop."""
    found = differences(order, known)
    if not found:
        return
    listed = "; ".join(f"{one.field} {one.erp} in Tryton, {one.shop} in the shop" for one in found)
    raise RequestRefused(
        f"Sale {sales.name(known)} is {known.state} in Tryton and differs from order {order.number}: {listed}.",
        error_class=sales.CONFLICT,
        detail=msgspec.json.encode(found).decode(),
    )


def _delivered(
    client: Client, order: Order, made: Sale, effect: str, states: Any, *, total: Decimal | None = None
) -> Delivered:
    return sales.proven(
        client,
        made,
        reference=client.call.reference,
        total=order.total if total is None else total,
        states=states,
        effect=effect,
        kind="sale",
    )
