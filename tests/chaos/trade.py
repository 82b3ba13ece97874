"""Pure: what the shops tell, drawn from a seed: orders, their changes, late ones, repeated and twisted ones."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from tests.chaos.world import Sender
from tests.support.orders import body_of, order

FIRST_CHANGE = datetime(2026, 11, 20, 10, tzinfo=UTC)
RECENT = 40
CARD = "paid with 4111 1111 1111 1111"


@dataclass(frozen=True)
class Event:
    """One webhook. `late_seconds`: sent that much after its turn; `again`: so many repeats after the first 2xx."""

    n: int
    sender: Sender
    event_id: str
    topic: str
    order: int
    version: str
    body: bytes
    late_seconds: float = 0.0
    again: int = 0
    twisted: bytes = b""  # another body under the same id, sent after the first 2xx; b"" for none
    card: bool = False


def events(seed: int, senders: Sequence[Sender]) -> Iterator[Event]:
    """Without end. Versions of an order rise with its events, each event has a version of its own."""
    rng = Random(f"{seed} trade")
    recent: dict[int, deque[int]] = {sender.shop.number: deque(maxlen=RECENT) for sender in senders}
    n = 0
    while True:
        n += 1
        sender = rng.choice(senders)
        mine = recent[sender.shop.number]
        new = not mine or rng.random() < 0.55
        number = n if new else rng.choice(mine)
        if new:
            mine.append(number)
        yield _event(n, sender, number, rng, new=new)


def _event(n: int, sender: Sender, number: int, rng: Random, *, new: bool) -> Event:
    card = rng.random() < 0.03
    version = f"{FIRST_CHANGE + timedelta(seconds=n):%Y-%m-%dT%H:%M:%SZ}"
    document = order(number, updated=version, note=CARD if card else "")
    line = document["line_items"][0]
    line["title"] = f"{line['title']} {sender.shop.canary}"
    late = rng.uniform(0.2, 3.0) if rng.random() < 0.08 else 0.0
    again = rng.choice((1, 1, 2, 4)) if rng.random() < 0.2 else 0
    twisted = body_of(document | {"note": "not what was said before"}) if rng.random() < 0.01 else b""
    return Event(
        n=n,
        sender=sender,
        event_id=f"{sender.shop.retailer}-{n}",
        topic="orders/create" if new else "orders/updated",
        order=document["id"],
        version=version,
        body=body_of(document),
        late_seconds=late,
        again=again,
        twisted=twisted,
        card=card,
    )
