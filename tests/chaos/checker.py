"""Pure: what the accounts of a run contradict each other in. One sentence a breach; empty lists are the proof.

The seven invariants are those of every chaos run; two more lay the rollups beside the ledger, and the ledger beside
the ERP's journal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise

from tests.chaos.accounts import Accounts, grouped
from tests.chaos.acks import TWISTED, YES, Answer
from tests.chaos.ledger import Delivery, Message, Partner
from tests.chaos.people import ACTS, DONE, UNKNOWN

ACCEPTED, CONFLICT = 202, 409
# What a shop may be answered. 0 is nothing: the web was dead, or slower than the shop's patience.
CALM = (0, *YES, 429, 503)
# Calls that one attempt can make before its worker dies, by idempotency class: only class 3 asks first.
MOST_CALLS = {1: 1, 2: 1, 3: 2, 4: 1}
PENDING = ("waiting", "retrying")
CARD, RETRIED = "card_data.masked", "exception.retried"


def acknowledged_once(told: Accounts) -> Iterator[str]:
    """I1: each acknowledged event is exactly one message, and every answer named it."""
    stored = grouped(told.messages, lambda one: one.event_id)
    for event_id, answers in told.answers_of.items():
        yield from _acknowledged(event_id, answers, stored.get(event_id, []))
        if any(one.status == CONFLICT for one in answers):
            yield from _conflict(told, event_id, stored.get(event_id, []))
    for event_id in stored.keys() - told.answers_of.keys():
        yield f"{event_id} is a message that no shop ever sent"


def _acknowledged(event_id: str, answers: list[Answer], stored: list[Message]) -> Iterator[str]:
    yes = [one for one in answers if one.status in YES]
    for one in answers:
        if one.status not in CALM and not (one.status == CONFLICT and one.purpose == TWISTED):
            yield f"{event_id} was answered {one.status}"
        if one.status in YES and one.purpose == TWISTED:
            yield f"{event_id} was acknowledged with another body"
    if not yes:
        yield f"{event_id} was never acknowledged"
    elif len(stored) != 1:
        yield f"{event_id} was acknowledged and is {len(stored)} messages"
    elif {one.id for one in answers if one.id} != {stored[0].id}:
        yield f"{event_id} is message {stored[0].id} and was answered {sorted({one.id for one in answers if one.id})}"
    elif stored[0].body_hash != yes[0].sha256 or stored[0].connection != yes[0].connection:
        yield f"{event_id} is stored as something else"
    if sum(one.status == ACCEPTED for one in yes) > 1:
        yield f"{event_id} was accepted as new more than once"


def _conflict(told: Accounts, event_id: str, stored: list[Message]) -> Iterator[str]:
    found = [one for message in stored for one in told.open_exceptions_of.get(message.id, [])]
    if not any(one.error_class == "security" for one in found):
        yield f"{event_id} came with another body, and no exception tells of it"


def accounted_for(told: Accounts) -> Iterator[str]:
    """I2: each message is delivered, an open exception, waiting for a stated reason, or disposed of by a rule."""
    books_of = {shop.key: {books.key for books in shop.books} for shop in told.shops}
    deliveries = grouped(told.deliveries, lambda one: one.message_id)
    waiting = {one.delivery_id: one for partner in told.partners for one in partner.waiting}
    versions = grouped(told.messages, lambda one: (one.connection, one.order))
    for message in told.messages:
        mine = deliveries.get(message.id, [])
        name = f"{message.event_id} ({message.id})"
        if message.disposition:
            if mine or not message.rule or not _rightly_disposed(message, versions[message.connection, message.order]):
                yield f"{name} is {message.disposition}: {message.rule!r}, with {len(mine)} deliveries"
        elif sorted(one.books for one in mine) != sorted(books_of[message.connection]):
            yield f"{name} went to {[one.books for one in mine]}, its flows are {sorted(books_of[message.connection])}"
        for delivery in mine:
            place = waiting.get(delivery.id)
            yield from _accounted(told, name, delivery, place.reason if place else "", bool(place and place.parked))


def _rightly_disposed(message: Message, others: list[Message]) -> bool:
    """These shops give every event a version of its own: only what a newer one overtook is left out."""
    newer = (one for one in others if one.version > message.version and one.position < message.position)
    return message.disposition == "superseded" and any(newer)


def _accounted(told: Accounts, name: str, delivery: Delivery, reason: str, parked: bool) -> Iterator[str]:
    name = f"{name} to {delivery.books}, {delivery.state},"
    exceptions = told.open_exceptions_of.get(delivery.id, [])
    if delivery.state == "delivered":
        if not delivery.document or exceptions or reason:
            yield f"{name} is document {delivery.document!r}, has {len(exceptions)} exceptions and waits: {reason!r}"
    elif delivery.state == "exception":
        if len(exceptions) != 1 or not parked:
            yield f"{name} has {len(exceptions)} open exceptions, parked: {parked}"
    elif delivery.state in PENDING:
        if not reason:
            yield f"{name} waits for nothing stated"
    else:
        yield f"{name} was ended by nobody"


def one_effect(told: Accounts) -> Iterator[str]:
    """I3: at most one effect per document, operation and version; at most one document per reference.

    Where the ERP keeps postings (classes 1 and 4) every version is a document of its own.
    """
    for (account, reference), effects in told.effects_of.items():
        for version, count in Counter(one.version for one in effects).items():
            if count > 1:
                numbers = [one.document for one in effects if one.version == version]
                yield f"{account}: {reference} {version} took effect {count} times: {numbers}"
        created = sum(one.created for one in effects)
        if told.classes[account] in (2, 3) and created > 1:
            yield f"{account}: {reference} was created {created} times"


def in_order(told: Accounts) -> Iterator[str]:
    """I4: at the ERP what happened later to an order never came earlier."""
    for (account, reference), effects in told.effects_of.items():
        for before, after in pairwise(effects):
            if after.version < before.version:
                yield f"{account}: {reference} was {before.version}, then {after.version}"


def calls_recorded(told: Accounts) -> Iterator[str]:
    """I5: the ERP saw no call that we do not know of, and gave no answer that we made up.

    Known are the steps recorded under the delivery's attempts. An attempt whose worker died has none: it accounts for
    as many calls as one attempt can make, and so does one whose intent is still there.
    """
    left = grouped((one for partner in told.partners for one in partner.intents), lambda one: one.delivery_id)
    known = {delivery.key: delivery for delivery in told.deliveries}
    for key, calls in told.calls_of.items():
        if key not in known:
            yield f"{calls[0].account} was called {len(calls)} times for {key}, which is no delivery"
    for key, delivery in known.items():
        attempts, seen = told.attempts_of.get(delivery.id, []), len(told.calls_of.get(key, []))
        written = {one.id for one in attempts}
        lost = sum(one.outcome == "interrupted" for one in attempts)
        lost += sum(one.attempt_id not in written for one in left.get(delivery.id, []))
        recorded = sum(one.calls for one in attempts)
        if seen > recorded + lost * MOST_CALLS[told.classes[delivery.books]]:
            yield f"{delivery.books}: {delivery.id} made {seen} calls, {recorded} are recorded and {lost} attempts died"
        if sum(one.answered for one in attempts) > seen:
            yield f"{delivery.books}: {delivery.id} has more answers than the ERP gave"


def trail_complete(told: Accounts) -> Iterator[str]:
    """I6: exactly one event an act, each with the hash of what it says."""
    for partner in told.partners:
        broken = sum(not act.intact for act in partner.trail)
        if broken:
            yield f"{partner.key}: {broken} events do not hash to their leaf"
        counts = Counter(act.action for act in partner.trail)
        for action, count in told.world.acts[partner.key].items():
            if counts[action] != count:
                yield f"{partner.key}: {action} was done {count} times and is told {counts[action]} times"
        yield from _cards(partner)
        yield from _people(told, partner)


def _cards(partner: Partner) -> Iterator[str]:
    masked = {message.id for message in partner.messages if message.masked}
    events = Counter(act.about for act in partner.trail if act.action == CARD)
    for message_id in masked | events.keys():
        if events[message_id] != (message_id in masked):
            yield f"{partner.key}: the card data in {message_id} is told {events[message_id]} times"


def _people(told: Accounts, partner: Partner) -> Iterator[str]:
    """What was certainly done is told once; what may have been done, once or not at all; nothing else is told."""
    tried = [act for act in told.people if act.partner == partner.key]
    certain = Counter((act.action, act.object) for act in tried if act.outcome == DONE)
    possible = Counter((act.action, act.object) for act in tried if act.outcome in (DONE, UNKNOWN))
    events = Counter((act.action, act.about) for act in partner.trail if act.action in ACTS and act.outcome == DONE)
    for place in certain.keys() | events.keys():
        if not certain[place] <= events[place] <= possible[place]:
            yield f"{partner.key}: {place} was done {certain[place]} times and is told {events[place]} times"
    told_of = {item: count for (action, item), count in events.items() if action == RETRIED}
    for item in partner.retried.keys() | told_of.keys():
        if partner.retried.get(item, 0) != told_of.get(item, 0):
            yield f"{partner.key}: {item} was retried {partner.retried.get(item, 0)} times, told {told_of.get(item, 0)}"


def kept_apart(told: Accounts) -> Iterator[str]:
    """I7: no retailer's canary in what another sees, here or at the ERP."""
    canaries = {shop.retailer: shop.canary for shop in told.shops}
    for call in told.erp.calls:
        if set(call.canaries) - {told.owners[call.account].canary}:
            yield f"{call.account} was sent {call.canaries}"
    for partner in told.partners:
        for seen in partner.seen:
            if set(seen.canaries) - {canaries[seen.retailer]}:
                yield f"{seen.retailer} sees {seen.canaries}, its own is {canaries[seen.retailer]}"
        for message in partner.messages:
            if message.connection != f"shop-{partner.retailers[message.retailer_id]}":
                yield f"{message.id} of {message.connection} belongs to {partner.retailers[message.retailer_id]}"


def sums_hold(told: Accounts) -> Iterator[str]:
    """The rollups, counted as it happened, equal the ledger's rows."""
    for partner in told.partners:
        for sums in partner.sums:
            if sums.rollups != sums.ledger:
                yield f"{partner.key}: {sums.what}: {sums.rollups} counted, {sums.ledger} in the ledger"


def books_agree(told: Accounts) -> Iterator[str]:
    """What we call delivered the ERP did, under the number we know; what it did we know of."""
    did = grouped(told.erp.effects, lambda one: (one.account, one.reference, one.version))
    wanted = {(one.books, one.reference, one.version): one for one in told.deliveries}
    for place, delivery in wanted.items():
        if delivery.state == "delivered" and delivery.document not in {one.document for one in did.get(place, [])}:
            yield f"{place} is delivered as {delivery.document}, the ERP has {did.get(place, 'nothing')}"
    for place in did:
        delivery = wanted.get(place)
        if delivery is None:
            yield f"the ERP did {place}, which is no delivery"
        elif delivery.state not in ("delivered", "exception", *PENDING):
            yield f"the ERP did {place}, which is {delivery.state}"


INVARIANTS: dict[str, Callable[[Accounts], Iterator[str]]] = {
    "I1 acknowledged once": acknowledged_once,
    "I2 accounted for": accounted_for,
    "I3 one effect": one_effect,
    "I4 in order": in_order,
    "I5 calls recorded": calls_recorded,
    "I6 trail complete": trail_complete,
    "I7 kept apart": kept_apart,
    "rollups equal the ledger": sums_hold,
    "the ledger equals the ERP's journal": books_agree,
}


def breaches(told: Accounts) -> dict[str, list[str]]:
    """Invariant → what breaks it, for every invariant."""
    return {name: list(check(told)) for name, check in INVARIANTS.items()}
