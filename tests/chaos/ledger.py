"""The ledger's account of a run: what the checker compares with the acknowledgements and the ERP's journal."""

from __future__ import annotations

import msgspec


class Message(msgspec.Struct):
    id: str
    position: int
    retailer_id: int
    connection: str
    event_id: str
    order: str
    version: str
    body_hash: str
    disposition: str
    rule: str
    masked: int


class Delivery(msgspec.Struct):
    id: str
    message_id: str
    books: str  # key of the target's connection
    state: str
    key: str  # idempotency key
    reference: str
    version: str
    document: str


class Attempt(msgspec.Struct):
    """`calls`: steps recorded under it; `answered`: those of them that have a status."""

    id: str
    delivery_id: str
    outcome: str
    calls: int
    answered: int
    at: float = 0.0


class Exc(msgspec.Struct):
    message_id: str
    delivery_id: str | None
    state: str
    error_class: str
    title: str


class Waiting(msgspec.Struct):
    delivery_id: str
    reason: str
    parked: bool


class Intent(msgspec.Struct):
    attempt_id: str
    delivery_id: str


class Act(msgspec.Struct):
    """A row of the trail. `intact`: its leaf is the hash of its canonical bytes."""

    action: str
    about: str  # the object's id; the message's for card_data.masked
    intact: bool
    outcome: str = "done"


class Seen(msgspec.Struct):
    """Canaries that a retailer's scope shows, and how many bodies it was looked for in."""

    retailer: str
    bodies: int
    canaries: list[str]


class Sums(msgspec.Struct):
    """One number by two ways: counted as it happened (`rollups`), and from the rows."""

    what: str
    rollups: int
    ledger: int


class Partner(msgspec.Struct):
    """Everything of one partner's schema."""

    key: str
    retailers: dict[int, str]
    messages: list[Message]
    repeats: dict[str, int]  # event id → repeats recorded with the same body
    conflicts: dict[str, int]  # event id → with another one
    deliveries: list[Delivery]
    attempts: list[Attempt]
    exceptions: list[Exc]
    waiting: list[Waiting]
    intents: list[Intent]
    trail: list[Act]
    retried: dict[str, int]  # exception → how often it went to "retrying"
    seen: list[Seen]
    sums: list[Sums]
