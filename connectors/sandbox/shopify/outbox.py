"""Webhooks still to send, kept on disk until somebody answered 2xx."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.sandbox.shopify.options import SubscriptionOptions
from connectors.sandbox.shopify.store import Store

KEPT = 1000  # sent deliveries kept for a second sending
_READY = (
    "FROM outbox o WHERE o.state = 'waiting' AND (o.after_id IS NULL OR NOT EXISTS"
    " (SELECT 1 FROM outbox b WHERE b.id = o.after_id AND b.state = 'waiting'))"
)


@dataclass(frozen=True, slots=True)
class Subscription:
    id: int
    topic: str
    address: str
    host: str | None
    api_version: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook to one address. Every retry carries the same `webhook_id`, body and `triggered_at`."""

    id: int
    webhook_id: str
    event_id: str
    topic: str
    order_id: int | None
    subscription_id: int | None
    address: str
    host: str | None
    api_version: str
    secret: str | None
    test: bool
    body: bytes
    triggered_at: datetime
    attempts: int


class Outbox:
    """Every method that writes must stand inside `store.change()`."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.db = store.db

    # -- subscriptions -------------------------------------------------------------------------------------------

    def subscribe(self, options: SubscriptionOptions) -> list[Subscription]:
        """What still waits for an address that was unsubscribed goes to this one: a demo's ports may change."""
        for topic in options.topics:
            self.db.execute(
                "INSERT INTO subscriptions (topic, address, host, api_version) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (topic, address) DO UPDATE SET host = excluded.host, api_version = excluded.api_version",
                (topic, options.address, options.host, options.api_version),
            )
        made = [s for s in self.subscriptions() if s.address == options.address]
        for subscription in made:
            self._adopt(subscription)
        return made

    def _adopt(self, heir: Subscription) -> None:
        self.db.execute(
            "UPDATE outbox SET subscription_id = ?, address = ?, host = ?, due = ?"
            " WHERE state = 'waiting' AND topic = ? AND subscription_id NOT IN (SELECT id FROM subscriptions)",
            (heir.id, heir.address, heir.host, time.time(), heir.topic),
        )

    def unsubscribe(self, subscription_id: int) -> bool:
        return self.db.execute("DELETE FROM subscriptions WHERE id = ?", (subscription_id,)).rowcount == 1

    def subscriptions(self, topic: str | None = None) -> list[Subscription]:
        rows = self.db.execute("SELECT * FROM subscriptions ORDER BY id").fetchall()
        return [Subscription(**dict(row)) for row in rows if topic in (None, row["topic"])]

    # -- deliveries ----------------------------------------------------------------------------------------------

    def add(self, to: Subscription, body: bytes, *, at: datetime, **facts: Any) -> int:
        """Queue one delivery; `facts` are the columns that differ (webhook_id, event_id, order_id, after_id, …)."""
        row = {
            "topic": to.topic,
            "subscription_id": to.id,
            "address": to.address,
            "host": to.host,
            "api_version": to.api_version,
            "body": body,
            "triggered_at": at.isoformat(),
            "due": time.time(),
            **facts,
        }
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        query = f"INSERT INTO outbox ({names}) VALUES ({marks})"  # noqa: S608
        return int(self.db.execute(query, tuple(row.values())).lastrowid or 0)

    def again(self, webhook_id: str) -> int:
        """Send a delivery once more, as it was: same ids, same bytes."""
        copied = self.db.execute(
            "INSERT INTO outbox (webhook_id, event_id, topic, order_id, subscription_id, address, host, api_version,"
            " secret, test, body, triggered_at, due) SELECT webhook_id, event_id, topic, order_id, subscription_id,"
            " address, host, api_version, secret, test, body, triggered_at, ? FROM outbox WHERE webhook_id = ?"
            " ORDER BY id LIMIT 1",
            (time.time(), webhook_id),
        )
        return copied.rowcount

    def due(self, *, limit: int, busy: Collection[int]) -> list[Delivery]:
        """What may go now, oldest first; one that follows another waits until that one is through."""
        rows = self.db.execute(
            f"SELECT o.* {_READY} AND o.due <= ? ORDER BY o.id LIMIT ?",  # noqa: S608
            (time.time(), limit + len(busy)),
        ).fetchall()
        return [_delivery(row) for row in rows if row["id"] not in busy][:limit]

    def next_due(self, busy: Collection[int]) -> float | None:
        """Seconds until the next one that is neither busy nor behind another; None when none waits."""
        rows = self.db.execute(f"SELECT o.id, o.due {_READY} ORDER BY o.due LIMIT ?", (len(busy) + 1,))  # noqa: S608
        dues = [row["due"] for row in rows if row["id"] not in busy]
        return max(0.0, dues[0] - time.time()) if dues else None

    def finished(self, delivery: Delivery, state: str) -> None:
        self.db.execute("UPDATE outbox SET state = ?, attempts = attempts + 1 WHERE id = ?", (state, delivery.id))
        if delivery.id % 200 == 0:
            self.db.execute("DELETE FROM outbox WHERE state <> 'waiting' AND id < ?", (delivery.id - KEPT,))

    def postponed(self, delivery: Delivery, seconds: float) -> None:
        due = time.time() + seconds
        self.db.execute("UPDATE outbox SET attempts = attempts + 1, due = ? WHERE id = ?", (due, delivery.id))

    def hurry(self) -> None:
        """Forget every pause: try all that waits at once."""
        self.db.execute("UPDATE outbox SET due = ? WHERE state = 'waiting'", (time.time(),))

    def count(self) -> dict[str, int]:
        rows = self.db.execute("SELECT state, COUNT(*) AS n FROM outbox GROUP BY state").fetchall()
        return {row["state"]: row["n"] for row in rows}


def _delivery(row: sqlite3.Row) -> Delivery:
    names = Delivery.__dataclass_fields__
    facts = {name: row[name] for name in names} | {
        "test": bool(row["test"]),
        "triggered_at": datetime.fromisoformat(row["triggered_at"]).astimezone(UTC),
    }
    return Delivery(**facts)
