"""The shop's acts: place, edit, refund and cancel orders, and tell whoever subscribed."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson

from connectors.sandbox.shopify import changes, generator
from connectors.sandbox.shopify.catalogue import unlisted
from connectors.sandbox.shopify.faults import Fault, Faults
from connectors.sandbox.shopify.model import Refund, Sale
from connectors.sandbox.shopify.options import (
    CancelOptions,
    CreateOptions,
    EditOptions,
    RawOptions,
    RefundOptions,
    SubscriptionOptions,
)
from connectors.sandbox.shopify.outbox import Outbox, Subscription
from connectors.sandbox.shopify.render.order import order as order_document
from connectors.sandbox.shopify.render.parts import amount, stamp
from connectors.sandbox.shopify.render.refund import refund as refund_document
from connectors.sandbox.shopify.settings import App, Config
from connectors.sandbox.shopify.store import Store

CREATED, UPDATED, CANCELLED, REFUNDED = "orders/create", "orders/updated", "orders/cancelled", "refunds/create"
_UNLISTED = frozenset(variant.sku for variant in unlisted())


@dataclass(frozen=True, slots=True)
class Notice:
    """One topic's word of one act."""

    topic: str
    sale: Sale
    refund: Refund | None = None

    def body(self, shop: str) -> bytes:
        return orjson.dumps(refund_document(self.refund, self.sale) if self.refund else order_document(self.sale, shop))


class NoSuchOrder(LookupError):
    """The shop has no order of that id or number."""


class Shop:
    def __init__(self, store: Store, app: App, config: Config) -> None:
        self.store, self.app, self.config = store, app, config
        self.outbox = Outbox(store)
        self.faults = Faults(store.meta("faults", "[]"))
        self.wake: Callable[[], None] = lambda: None

    # -- orders --------------------------------------------------------------------------------------------------

    def create(self, options: CreateOptions) -> dict[str, Any]:
        at = options.at or datetime.now(UTC)
        with self.store.change():
            sale = generator.sale(self.config.seed, self.store.next_number(), at, options)
            if options.update_first:
                return self._create_late(sale, at)
            self.store.save(sale)
            told = self._tell([Notice(CREATED, sale)], at)
            if options.duplicate:
                for webhook in told:
                    self.outbox.again(webhook["webhook_id"])
        return self._done(sale, told)

    def _create_late(self, sale: Sale, at: datetime) -> dict[str, Any]:
        """The order and one more of its first line; that edit's webhook overtakes the creation's."""
        more = EditOptions(line=0, quantity=sale.lines[0].quantity + 1)
        later = changes.edited(sale, more, at=at, seed=self.config.seed)
        self.store.save(later)
        told = self._tell([Notice(CREATED, sale)], at, flags=("out_of_order",), behind=Notice(UPDATED, later))
        return self._done(later, told)

    def edit(self, order_id: int, options: EditOptions) -> dict[str, Any]:
        at = options.at or datetime.now(UTC)
        return self._change(order_id, lambda sale: changes.edited(sale, options, at=at, seed=self.config.seed), at)

    def refund(self, order_id: int, options: RefundOptions) -> dict[str, Any]:
        at = options.at or datetime.now(UTC)
        return self._change(order_id, lambda sale: changes.refunded(sale, options, at=at, seed=self.config.seed), at)

    def cancel(self, order_id: int, options: CancelOptions) -> dict[str, Any]:
        at = options.at or datetime.now(UTC)
        return self._change(order_id, lambda sale: changes.cancelled(sale, options, at=at), at)

    def sale(self, order_id: int) -> Sale:
        """By the vendor's id, or by the number that people say (1001)."""
        found = self.store.sale(order_id) or self.store.sale_by_number(order_id - 1000)
        if found is None:
            raise NoSuchOrder(f"this shop has no order {order_id}")
        return found

    def _change(self, order_id: int, act: Callable[[Sale], Sale], at: datetime) -> dict[str, Any]:
        with self.store.change():
            before = self.sale(order_id)
            after = act(before)
            self.store.save(after)
            told = self._tell(self._notices(before, after), at)
        return self._done(after, told)

    def _notices(self, before: Sale, after: Sale) -> list[Notice]:
        new_refunds = after.refunds[len(before.refunds) :]
        cancelled = after.cancelled_at is not None and before.cancelled_at is None
        notices = [Notice(CANCELLED, after)] if cancelled else []
        notices += [Notice(REFUNDED, after, each) for each in new_refunds]
        if self.config.companions or not notices:
            notices.append(Notice(UPDATED, after))
        return notices

    # -- telling -------------------------------------------------------------------------------------------------

    def _tell(
        self, notices: list[Notice], at: datetime, *, flags: tuple[str, ...] = (), behind: Notice | None = None
    ) -> list[dict[str, Any]]:
        """Queue and journal what one act has to say. All its topics share the event id; `behind` goes out first."""
        first = self._queue(behind, str(uuid4()), at) if behind else []
        event_id, told = str(uuid4()), []
        for notice in notices:
            queued = self._queue(notice, event_id, at, after=first)
            self._journal(notice, event_id, queued, flags)
            told += queued
        if behind:
            self._journal(behind, first[0]["event_id"] if first else str(uuid4()), first, flags)
        return told + first

    def _queue(
        self, notice: Notice, event_id: str, at: datetime, *, after: list[dict[str, Any]] | None = None
    ) -> list[dict[str, Any]]:
        to = self.outbox.subscriptions(notice.topic)
        if not to or self.faults.take("lose") is not None:
            return []
        body = notice.body(self.app.shop)
        return [self._queue_one(each, notice, event_id, body, at, after or []) for each in to]

    def _queue_one(
        self, to: Subscription, notice: Notice, event_id: str, body: bytes, at: datetime, after: list[dict[str, Any]]
    ) -> dict[str, Any]:
        webhook_id = str(uuid4())
        ahead = next((each["row"] for each in after if each["address"] == to.address), None)
        facts = {"webhook_id": webhook_id, "event_id": event_id, "order_id": notice.sale.id, "after_id": ahead}
        row = self.outbox.add(to, body, at=at, **facts)
        ids = {"webhook_id": webhook_id, "event_id": event_id}
        return {"topic": notice.topic, **ids, "address": to.address, "row": row}

    def _journal(self, notice: Notice, event_id: str, queued: list[dict[str, Any]], flags: tuple[str, ...]) -> None:
        body, sale = notice.body(self.app.shop), notice.sale
        self.store.note(
            "event",
            topic=notice.topic,
            event_id=event_id,
            **_facts(sale),
            refund=_refund_facts(notice.refund),
            sha256=hashlib.sha256(body).hexdigest(),
            bytes=len(body),
            webhooks=[each["webhook_id"] for each in queued],
            flags=[*flags, *_flags(sale), *([] if queued else ["untold"])],
        )

    def _done(self, sale: Sale, told: list[dict[str, Any]]) -> dict[str, Any]:
        self.wake()
        return {
            "order_id": sale.id,
            "name": sale.name,
            "number": sale.number,
            "updated_at": stamp(sale.updated_at),
            "total": amount(sale.total),
            "current_total": amount(sale.current_total),
            "source": sale.source,
            "location_id": sale.location_id,
            "skus": [line.sku for line in sale.lines],
            "refund_id": sale.refunds[-1].id if sale.refunds else None,
            "webhooks": [{key: each[key] for key in ("topic", "webhook_id", "event_id")} for each in told],
        }

    # -- everything else -----------------------------------------------------------------------------------------

    def send_raw(self, options: RawOptions) -> dict[str, Any]:
        """Sign and send a payload that is no order of ours."""
        body = base64.b64decode(options.body) if options.encoding == "base64" else options.body.encode()
        ids = {"webhook_id": options.webhook_id or str(uuid4()), "event_id": options.event_id or str(uuid4())}
        at = datetime.now(UTC)
        to = self.outbox.subscriptions(options.topic)
        digest = hashlib.sha256(body).hexdigest()
        with self.store.change():
            for each in to:
                self.outbox.add(each, body, at=at, secret=options.secret, test=options.test, **ids)
            self.store.note("raw", topic=options.topic, sha256=digest, bytes=len(body), addresses=len(to), **ids)
        self.wake()
        return {**ids, "topic": options.topic, "addresses": len(to), "sha256": digest}

    def send_again(self, webhook_id: str) -> int:
        with self.store.change():
            copies = self.outbox.again(webhook_id)
            self.store.note("control", act="send_again", webhook_id=webhook_id, copies=copies)
        self.wake()
        return copies

    def subscribe(self, options: SubscriptionOptions) -> list[Subscription]:
        with self.store.change():
            made = self.outbox.subscribe(options)
            self.store.note("control", act="subscribe", address=options.address, topics=list(options.topics))
        self.wake()
        return made

    def unsubscribe(self, subscription_id: int) -> bool:
        with self.store.change():
            gone = self.outbox.unsubscribe(subscription_id)
            self.store.note("control", act="unsubscribe", subscription_id=subscription_id, found=gone)
        return gone

    def set_fault(self, fault: Fault) -> Fault:
        self.faults.add(fault)
        self._keep_faults("fault", kind_of=fault.kind, count=fault.count, seconds=fault.seconds)
        return fault

    def clear_faults(self, kind: str | None = None) -> None:
        self.faults.clear(kind)
        self._keep_faults("clear_faults", kind_of=kind)

    def _keep_faults(self, act: str, **facts: Any) -> None:
        with self.store.change():
            self.store.put_meta("faults", self.faults.stored())
            self.store.note("control", act=act, **facts)
        self.wake()


def _facts(sale: Sale) -> dict[str, Any]:
    return {
        "order_id": sale.id,
        "name": sale.name,
        "number": sale.number,
        "updated_at": stamp(sale.updated_at),
        "source": sale.source,
        "location_id": sale.location_id,
        "currency": sale.currency,
        "total": amount(sale.total),
        "current_total": amount(sale.current_total),
        "refunded": amount(sale.refunded),
        "tax": amount(sale.tax),
        "cancelled": sale.cancelled_at is not None,
        "lines": [[line.sku, line.quantity, sale.current_quantity(line), amount(line.net)] for line in sale.lines],
    }


def _refund_facts(refund: Refund | None) -> dict[str, Any] | None:
    if refund is None:
        return None
    return {
        "id": refund.id,
        "total": amount(refund.total),
        "quantity": sum(line.quantity for line in refund.lines),
        "shipping": amount(refund.shipping),
        "restock": any(line.restock_type != "no_restock" for line in refund.lines),
    }


def _flags(sale: Sale) -> list[str]:
    return ["unknown_sku"] if any(line.sku in _UNLISTED for line in sale.lines) else []
