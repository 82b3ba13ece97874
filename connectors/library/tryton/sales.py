"""The steps of a sale in Tryton, each safe to come back to: what is done already is seen and not done again.

find -> create -> quote -> confirm (Tryton processes in the same request) -> read back
        `discard` takes back what came out otherwise than asked; nothing wrong is left to be confirmed by hand
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from decimal import Decimal
from typing import Any

from connectors.library.tryton import lookups
from connectors.library.tryton.client import Client, Record
from connectors.library.tryton.mapping.draft import Draft, Line
from connectors.library.tryton.memory import forget
from connectors.library.tryton.records import (
    BOOKED_STATES,
    CANCELLED,
    CONFIRMED,
    DONE,
    DRAFT,
    PROCESSING,
    QUOTATION,
    SALE,
    SALE_FIELDS,
    Sale,
    SaleLine,
    sale,
)
from connectors.sdk.connector import Delivered
from connectors.sdk.errors import ConnectorError, Misconfigured, RequestRefused, Uncertain

CONFLICT = "conflict"
WAYPOINTS = (DRAFT, QUOTATION, PROCESSING)


def finish_at(client: Client) -> str:
    """How far new sales are brought: by default until Tryton invoices and ships them."""
    chosen = client.call.config.get("finish_at") or PROCESSING
    if chosen not in WAYPOINTS:
        raise Misconfigured(f"Sales can be brought up to {', '.join(WAYPOINTS)}; {chosen} is none of them.")
    return chosen


def finished_states(until: str) -> frozenset[str]:
    return BOOKED_STATES if until == PROCESSING else frozenset({until})


async def find(client: Client, step: str, domain: list[Any]) -> list[Sale]:
    return [sale(row) for row in await client.search(step, SALE, domain, SALE_FIELDS, limit=50)]


def only(found: Iterable[Sale], reference: str) -> Sale | None:
    """Raises: RequestRefused, class duplicate, when Tryton holds our reference twice."""
    same = [item for item in found if item.reference == reference]
    if len(same) > 1:
        numbers = ", ".join(item.number or f"draft {item.id}" for item in same)
        raise RequestRefused(
            f"Tryton holds our reference {reference} more than once: {numbers}.", error_class="duplicate"
        )
    return same[0] if same else None


async def create(client: Client, drafted: Callable[[], Awaitable[Draft]]) -> Sale:
    """The draft as asked for, seen in Tryton's own answer. With remembered ids refused, once more with fresh ones.

    Raises: RequestRefused when Tryton refuses it, or made something else of it; then the draft is gone again.
    """
    draft = await drafted()
    try:
        return await _create(client, draft)
    except RequestRefused:
        if not client.remembers:
            raise
        client.remembers = False
        return await _create(client, await drafted())


async def _create(client: Client, draft: Draft) -> Sale:
    try:
        made = sale(await client.create("create", SALE, await _values(client, draft), SALE_FIELDS))
    except RequestRefused:
        # An id we remembered may be what Tryton no longer knows.
        forget(client)
        raise
    if made.reference != draft.reference:
        # Not ours, whatever it is: least of all ours to delete.
        raise Uncertain("Tryton answered “create” with another sale than ours.", detail=f"sale {made.id}")
    if not _as_asked(draft, made):
        forget(client)
        raise _other(draft, made, await _discard(client, made))
    return made


async def amend(client: Client, known: Sale, draft: Draft) -> Sale:
    """Bring a sale that is not booked yet in line with the shop's order. One that cannot be stays a draft."""
    if known.state != DRAFT:
        known = await _press(client, "reopen", known, "draft", DRAFT)
    values = await _values(client, draft)
    values["lines"] = [["delete", [line.id for line in known.lines]], *values["lines"]]
    made = sale(await client.write("amend", SALE, known.id, values, SALE_FIELDS))
    if not _as_asked(draft, made):
        forget(client)
        raise _other(draft, made, f"it stays the draft {name(made)}")
    return made


async def finish(client: Client, known: Sale, until: str) -> Sale:
    """From wherever it stands to `until`, one step at a time."""
    if known.state == DRAFT and until != DRAFT:
        known = await _press(client, "quote", known, "quote", QUOTATION, CONFIRMED, PROCESSING, DONE)
    if known.state == QUOTATION and until == PROCESSING:
        # The answer shows the state before Tryton's own next task, which processes: hence the read.
        await _press(client, "confirm", known, "confirm", CONFIRMED, PROCESSING, DONE)
        known = await read(client, "read back", known.id)
    if known.state == CONFIRMED and until == PROCESSING:
        known = await _press(client, "process", known, "process", PROCESSING, DONE)
    return known


async def cancel(client: Client, known: Sale) -> Sale:
    """A sale that is not booked yet. It is quoted first where it has no number to be known by."""
    if known.state == CONFIRMED:
        known = await _press(client, "reopen", known, "draft", DRAFT)
    if known.state == DRAFT and not known.number:
        known = await _press(client, "quote", known, "quote", QUOTATION)
    return await _press(client, "cancel", known, "cancel", CANCELLED)


async def read(client: Client, step: str, record: int) -> Sale:
    return sale(await client.read(step, SALE, record, SALE_FIELDS))


def proven(
    client: Client, made: Sale, *, reference: str, total: Decimal, states: Iterable[str], effect: str, kind: str
) -> Delivered:
    """The positive predicate: a number, our reference, the right state and the total to the cent.

    Raises: RequestRefused with both figures when one of them does not hold.
    """
    if made.reference != reference:
        raise RequestRefused(f"Tryton shows the reference {made.reference or 'none'}, ours is {reference}.")
    if made.total != total:
        raise RequestRefused(f"Tryton's {kind} {name(made)} makes {made.total:f} {made.currency}, ours {total:f}.")
    if made.state not in states or not (made.number or made.state == DRAFT):
        raise RequestRefused(f"Tryton left the {kind} {name(made)} in the state {made.state}.")
    detail = {
        "state": made.state,
        "total": f"{made.total:f}",
        "tax": f"{made.tax:f}",
        "currency": made.currency,
        "reference": made.reference,
    }
    return Delivered(name(made), kind, effect, _web_address(client, made), detail)


def name(known: Sale) -> str:
    return known.number or f"draft {known.id}"


def matches(draft: Draft, known: Sale) -> bool:
    """Whether nothing would change. Names of things are left to whoever changed them in Tryton."""
    return (
        known.total == draft.total
        and known.currency == draft.currency
        and known.party.id == draft.party.id
        and known.date == draft.date
        and sorted(map(_key, known.lines)) == sorted(map(_key, draft.lines))
    )


def _key(line: Line | SaleLine) -> tuple[int, Decimal, Decimal, tuple[int, ...], str]:
    product = line.product.id if line.product else 0
    return product, line.quantity, line.unit_price, tuple(sorted(tax.id for tax in line.taxes)), line.note


def _as_asked(draft: Draft, made: Sale) -> bool:
    return matches(draft, made) and _codes(made.lines) == _codes(draft.lines)


def _other(draft: Draft, made: Sale, left: str) -> RequestRefused:
    return RequestRefused(
        f"Tryton made {made.total:f} {made.currency} of a sale of {draft.total:f} {draft.currency}; {left}.",
        detail=f"products {_codes(made.lines)}, asked for {_codes(draft.lines)}",
    )


def _codes(lines: Iterable[Line | SaleLine]) -> list[str]:
    return sorted(line.product.code for line in lines if line.product)


async def _discard(client: Client, made: Sale) -> str:
    """Best effort: the error that follows says what became of the draft."""
    try:
        await client.delete("discard", SALE, made.id)
    except ConnectorError as error:
        return f"its draft {made.id} is still there ({error.operator_message})"
    return "its draft was deleted"


async def _press(client: Client, step: str, known: Sale, button: str, *expected: str) -> Sale:
    """Press a button and see the state it was meant for, or one beyond it.

    Tryton refuses a button that does not fit the state. An attempt of ours that was given up as lost may have been
    quicker, so a refusal is only believed when the sale still stands where it stood.
    """
    try:
        pressed = sale(await client.press(step, SALE, known.id, button, SALE_FIELDS))
    except RequestRefused:
        pressed = await read(client, "look again", known.id)
        if pressed.state not in expected:
            raise
    if pressed.state not in expected:
        raise RequestRefused(
            f"Tryton did not {step} the sale {name(pressed)}: it is {pressed.state}.", error_class=CONFLICT
        )
    return pressed


async def _values(client: Client, draft: Draft) -> Record:
    books = await lookups.company(client)
    money = await lookups.currency(client, draft.currency)
    values: Record = {
        "company": books.id,
        "party": draft.party.id,
        "invoice_address": draft.party.invoice_address,
        "shipment_address": draft.party.shipment_address,
        "currency": money.id,
        "reference": draft.reference,
        "description": draft.description,
        "sale_date": draft.date,
        "lines": [["create", [_line(line, number) for number, line in enumerate(draft.lines, 1)]]],
    }
    if draft.origin:
        values["origin"] = draft.origin
    return values


def _line(line: Line, sequence: int) -> Record:
    return {
        "type": "line",
        "sequence": sequence,
        "product": line.product.id,
        "unit": line.product.unit,
        "quantity": float(line.quantity),
        "unit_price": line.unit_price,
        "taxes": [["add", [tax.id for tax in line.taxes]]],
        "description": line.label,
        "note": line.note or None,
    }


def _web_address(client: Client, made: Sale) -> str:
    web = client.call.config.get("web_url", "").rstrip("/")
    return f"{web}/#{client.database}/model/{SALE}/{made.id}" if web else ""
