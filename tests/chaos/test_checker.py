"""The checker itself: accounts of two events that agree, spoilt one way at a time; each invariant sees its breach."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.chaos import people
from tests.chaos.accounts import Accounts
from tests.chaos.acks import AGAIN, FIRST, TWISTED, Answer
from tests.chaos.checker import INVARIANTS, breaches
from tests.chaos.journal import Call, Effect, Told
from tests.chaos.ledger import Act, Attempt, Delivery, Exc, Intent, Message, Partner, Seen, Sums, Waiting
from tests.chaos.plan import Books, Shop
from tests.chaos.world import Sender, World

CANARY, FOREIGN = "canary0000000000000001", "canary0000000000000002"
SEARCH, NONE = "chaos-search-retailer1", "chaos-none-retailer1"
REFERENCE = "shop-retailer1/5"
V1, V2 = "2026-11-20T10:00:01Z", "2026-11-20T10:00:02Z"
HASH = "ab" * 32


def answer(n: int, purpose: str, status: int, message: str, **other: Any) -> Answer:
    made = {"n": n, "at": 0.0, "seconds": 0.01, "purpose": purpose, "partner": "partner1", "retailer": "retailer1"}
    made |= {"connection": "shop-retailer1", "event_id": f"event-{n}", "order": 5, "version": V1, "sha256": HASH}
    made |= {"card": False, "web": 0, "status": status, "id": message}
    return Answer(**made | other)


def message(n: int, **other: Any) -> Message:
    made = {"id": f"message-{n}", "position": n, "retailer_id": 1, "connection": "shop-retailer1"}
    made |= {"event_id": f"event-{n}", "order": "5", "version": V1 if n == 1 else V2, "body_hash": HASH}
    return Message(**made | {"disposition": "", "rule": "", "masked": 0} | other)


def delivery(n: int, books: str, state: str, document: str = "") -> Delivery:
    return Delivery(
        id=f"delivery-{n}-{books}",
        message_id=f"message-{n}",
        books=books,
        state=state,
        key=f"key-{n}-{books}",
        reference=REFERENCE,
        version=V1 if n == 1 else V2,
        document=document,
    )


def call(n: int, number: int, books: str, verb: str) -> Call:
    version = V1 if number == 1 else V2
    return Call(n, 0.0, books, verb, f"key-{number}-{books}", REFERENCE, version, "ok", (CANARY,))


def effect(n: int, number: int, books: str, document: str, *, created: bool) -> Effect:
    version = V1 if number == 1 else V2
    idempotency = 3 if books == SEARCH else 4
    return Effect(n, 0.0, books, idempotency, f"key-{number}-{books}", REFERENCE, version, document, created)


def people_act(action: str, about: str, outcome: str) -> people.Act:
    return people.Act(0.0, "partner1", action, about, "Ada", outcome)


def agreeing() -> Accounts:
    """Order 5 in two versions: both reached the ERP that can be searched. With the other one's worker died in the call.

    So nobody knows what became of its first version, and the second waits behind it.
    """
    shop = Shop("partner1", "retailer1", 0, CANARY, (Books(SEARCH, "chaos_search"), Books(NONE, "chaos_none")))
    partner = Partner(
        key="partner1",
        retailers={1: "retailer1"},
        messages=[message(1, masked=1), message(2)],
        repeats={"event-1": 1},
        conflicts={"event-2": 1},
        deliveries=[
            delivery(1, SEARCH, "delivered", "DOC-1"),
            delivery(2, SEARCH, "delivered", "DOC-1"),
            delivery(1, NONE, "exception"),
            delivery(2, NONE, "waiting"),
        ],
        attempts=[
            Attempt("attempt-1", f"delivery-1-{SEARCH}", "ok", 2, 2),
            Attempt("attempt-2", f"delivery-2-{SEARCH}", "ok", 2, 2),
            Attempt("attempt-3", f"delivery-1-{NONE}", "interrupted", 0, 0),
            Attempt("attempt-4", f"delivery-1-{NONE}", "uncertain", 0, 0),
        ],
        exceptions=[
            Exc("message-1", f"delivery-1-{NONE}", "open", "uncertain", "It may have taken effect."),
            Exc("message-2", None, "open", "security", "Another body."),
        ],
        waiting=[
            Waiting(f"delivery-1-{NONE}", "It waits for a person's decision.", True),
            Waiting(f"delivery-2-{NONE}", "It waits behind an exception.", True),
        ],
        intents=[],
        trail=[
            Act("exception.retried", "exception-1", True),
            Act("flow.set_up", "1", True),
            Act("flow.set_up", "2", True),
            Act("card_data.masked", "message-1", True),
        ],
        retried={"exception-1": 1},
        seen=[Seen("retailer1", 10, [CANARY])],
        sums=[Sums("delivered", 2, 2)],
    )
    erp = Told(
        calls=[
            call(1, 1, SEARCH, "GET orders"),
            call(2, 1, SEARCH, "POST orders"),
            call(4, 1, NONE, "POST postings"),
            call(6, 2, SEARCH, "GET orders"),
            call(7, 2, SEARCH, "PUT orders"),
        ],
        effects=[
            effect(3, 1, SEARCH, "DOC-1", created=True),
            effect(5, 1, NONE, "DOC-2", created=True),
            effect(8, 2, SEARCH, "DOC-1", created=False),
        ],
    )
    answers = [
        answer(1, FIRST, 0, ""),
        answer(1, FIRST, 202, "message-1"),
        answer(1, AGAIN, 200, "message-1"),
        answer(2, FIRST, 503, ""),
        answer(2, FIRST, 202, "message-2"),
        answer(2, TWISTED, 409, "message-2", sha256="cd" * 32),
    ]
    world = World([Sender(shop, "/in/x", "secret")], {"partner1": "p_one"}, {"partner1": {"flow.set_up": 2}})
    tried = [
        people_act("exception.retried", "exception-1", "done"),
        people_act("exception.retried", "exception-1", "refused"),
        people_act("flow.paused", "1", "unknown"),
    ]
    return Accounts(answers, [partner], erp, world, tried)


def test_accounts_that_agree_break_nothing():
    assert breaches(agreeing()) == {name: [] for name in INVARIANTS}


Spoil = Callable[[Accounts, Partner], Any]
SPOILT: list[tuple[str, str, Spoil]] = [
    ("I1", "acknowledged and is 0 messages", lambda told, partner: partner.messages.pop()),
    (
        "I1",
        "acknowledged and is 2 messages",
        lambda told, partner: partner.messages.append(message(3, event_id="event-1")),
    ),
    ("I1", "was never acknowledged", lambda told, partner: told.answers.append(answer(3, FIRST, 503, ""))),
    (
        "I1",
        "was answered ['message-1', 'message-9']",
        lambda told, partner: setattr(told.answers[2], "id", "message-9"),
    ),
    ("I1", "accepted as new more than once", lambda told, partner: setattr(told.answers[2], "status", 202)),
    ("I1", "was answered 500", lambda told, partner: setattr(told.answers[0], "status", 500)),
    ("I1", "stored as something else", lambda told, partner: setattr(partner.messages[0], "body_hash", "cd" * 32)),
    ("I1", "no shop ever sent", lambda told, partner: partner.messages.append(message(3))),
    ("I1", "acknowledged with another body", lambda told, partner: setattr(told.answers[5], "status", 200)),
    ("I1", "no exception tells of it", lambda told, partner: partner.exceptions.pop()),
    ("I2", "went to", lambda told, partner: partner.deliveries.pop()),
    ("I2", "went to", lambda told, partner: partner.deliveries.append(delivery(1, SEARCH, "delivered", "DOC-1"))),
    ("I2", "is document ''", lambda told, partner: setattr(partner.deliveries[0], "document", "")),
    ("I2", "0 open exceptions", lambda told, partner: setattr(partner.exceptions[0], "state", "resolved")),
    ("I2", "parked: False", lambda told, partner: setattr(partner.waiting[0], "parked", False)),
    ("I2", "waits for nothing stated", lambda told, partner: partner.waiting.pop()),
    ("I2", "ended by nobody", lambda told, partner: setattr(partner.deliveries[3], "state", "closed")),
    ("I2", "is ignored", lambda told, partner: setattr(partner.messages[0], "disposition", "ignored")),
    (
        "I3",
        "took effect 2 times",
        lambda told, partner: told.erp.effects.append(effect(9, 1, NONE, "DOC-3", created=True)),
    ),
    ("I3", "was created 2 times", lambda told, partner: setattr(told.erp.effects[2], "created", True)),
    ("I4", "then 2026-11-20T10:00:01Z", lambda told, partner: setattr(told.erp.effects[0], "n", 10)),
    ("I5", "3 calls, 2 are recorded", lambda told, partner: told.erp.calls.append(call(9, 1, SEARCH, "POST orders"))),
    ("I5", "1 calls, 0 are recorded", lambda told, partner: setattr(partner.attempts[2], "outcome", "uncertain")),
    ("I5", "is no delivery", lambda told, partner: setattr(told.erp.calls[0], "delivery", "of nobody")),
    ("I5", "more answers than the ERP gave", lambda told, partner: told.erp.calls.pop()),
    ("I6", "told 1 times", lambda told, partner: partner.trail.pop(1)),
    ("I6", "was retried 1 times, told 0", lambda told, partner: partner.trail.pop(0)),
    ("I6", "was done 1 times and is told 2 times", lambda told, partner: partner.trail.append(partner.trail[0])),
    ("I6", "was done 0 times and is told 1 times", lambda told, partner: told.people.clear()),
    ("I6", "told 3 times", lambda told, partner: partner.trail.append(Act("flow.set_up", "", True))),
    ("I6", "message-1 is told 0 times", lambda told, partner: partner.trail.pop()),
    ("I6", "message-1 is told 2 times", lambda told, partner: partner.trail.append(partner.trail[-1])),
    ("I6", "do not hash", lambda told, partner: setattr(partner.trail[0], "intact", False)),
    ("I7", "was sent", lambda told, partner: setattr(told.erp.calls[0], "canaries", (CANARY, FOREIGN))),
    ("I7", "retailer1 sees", lambda told, partner: partner.seen[0].canaries.append(FOREIGN)),
    ("I7", "belongs to retailer2", lambda told, partner: partner.retailers.update({1: "retailer2"})),
    ("rollups", "3 counted, 2 in the ledger", lambda told, partner: setattr(partner.sums[0], "rollups", 3)),
    ("the ledger", "delivered as DOC-9", lambda told, partner: setattr(partner.deliveries[0], "document", "DOC-9")),
    ("the ledger", "the ERP has nothing", lambda told, partner: told.erp.effects.pop()),
    ("the ledger", "which is no delivery", lambda told, partner: setattr(told.erp.effects[2], "version", "another")),
]


@pytest.mark.parametrize(("invariant", "says", "spoil"), SPOILT, ids=[f"{name}: {says}" for name, says, _ in SPOILT])
def test_each_breach_is_seen_by_its_invariant(invariant: str, says: str, spoil: Spoil):
    told = agreeing()
    spoil(told, told.partners[0])
    seen = {name: found for name, found in breaches(told).items() if found}
    sentences = [sentence for name, found in seen.items() if name.startswith(invariant) for sentence in found]
    assert any(says in sentence for sentence in sentences), seen


def test_what_a_dead_worker_may_have_called_is_allowed_for_and_no_more():
    """One call for the attempt that was interrupted, and one for an attempt whose intent is all there is of it."""
    told = agreeing()
    told.partners[0].intents.append(Intent("attempt-5", f"delivery-1-{NONE}"))
    told.erp.calls.append(call(9, 1, NONE, "POST postings"))
    assert breaches(told)["I5 calls recorded"] == []
    told = agreeing()
    told.partners[0].intents.append(Intent("attempt-3", f"delivery-1-{NONE}"))
    told.erp.calls.append(call(9, 1, NONE, "POST postings"))
    assert breaches(told)["I5 calls recorded"] != []


def test_only_what_a_newer_version_overtook_may_be_left_out():
    told = agreeing()
    partner = told.partners[0]
    overtaken = message(1, disposition="superseded", rule="Older than version 2, which came before", position=3)
    partner.messages[0] = overtaken
    partner.deliveries[:] = [one for one in partner.deliveries if one.message_id != overtaken.id]
    assert breaches(told)["I2 accounted for"] == []
    overtaken.position = 1
    told = Accounts(told.answers, told.partners, told.erp, told.world)
    assert "is superseded" in breaches(told)["I2 accounted for"][0]
