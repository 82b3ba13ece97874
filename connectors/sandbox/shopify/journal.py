"""The shop's own account of what it did: one JSON line an event, an attempt or an intervention, only ever appended.

This is the independent witness: a test compares it with the ledger and with the ERP. Amounts are decimal strings.

    {"seq", "at", "kind": "event", "topic", "event_id", "order_id", "name", "updated_at", "total", "current_total",
     "refunded", "cancelled", "refund", "lines": [[sku, quantity, current quantity, net]], "sha256", "webhooks": [id]}
    {"seq", "at", "kind": "attempt", "webhook_id", "topic", "attempt", "status", "error", "seconds", "answer"}
    {"seq", "at", "kind": "raw", …} for a payload sent as it stood; {"kind": "control", …} for a fault switched on
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

FILE = "journal.jsonl"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to an order, whether or not anybody was told."""

    seq: int
    topic: str
    event_id: str
    order_id: int
    name: str
    updated_at: str
    total: Decimal
    current_total: Decimal
    refunded: Decimal
    cancelled: bool
    refund_id: int | None
    refund_total: Decimal | None
    sha256: str
    webhook_ids: tuple[str, ...]
    flags: tuple[str, ...]
    raw: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to deliver a webhook. `status` is None where no answer came; `error` says what did."""

    seq: int
    webhook_id: str
    topic: str
    attempt: int
    status: int | None
    error: str
    raw: dict[str, Any] = field(repr=False)

    @property
    def acknowledged(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(slots=True)
class ExpectedOrder:
    """What every other system should come to say of this order."""

    id: int
    name: str
    currency: str
    source: str
    location_id: int | None
    total: Decimal  # as ordered, after edits that added
    current_total: Decimal  # after refunds and cancellation
    cancelled: bool
    unknown_sku: bool
    updated_at: str
    lines: list[tuple[str | None, int, int, Decimal]]  # sku, ordered, left, net of discount
    refunds: dict[int, Decimal] = field(default_factory=dict)
    versions: list[str] = field(default_factory=list)

    @property
    def refunded(self) -> Decimal:
        return sum(self.refunds.values(), Decimal(0))


class Writer:
    """Appends whole lines. A line torn by a crash is cut off before the next one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.last_seq = _repair(path)
        self._file = path.open("ab", buffering=0)

    def append(self, lines: list[bytes], *, last_seq: int) -> None:
        """Durable when it returns."""
        self._file.write(b"".join(line + b"\n" for line in lines))
        os.fsync(self._file.fileno())
        self.last_seq = last_seq

    def close(self) -> None:
        self._file.close()


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """Every whole line, oldest first. `path` is the file or the shop's data folder."""
    file = path / FILE if path.is_dir() else path
    with file.open("rb") as stream:
        for line in stream:
            if line.endswith(b"\n"):
                yield json.loads(line)


def events(path: Path) -> Iterator[Event]:
    return (_event(line) for line in lines(path) if line["kind"] == "event")


def attempts(path: Path) -> Iterator[Attempt]:
    return (_attempt(line) for line in lines(path) if line["kind"] == "attempt")


def acknowledged(path: Path) -> dict[str, Attempt]:
    """Webhook id → the first try that got a 2xx."""
    found: dict[str, Attempt] = {}
    for attempt in attempts(path):
        if attempt.acknowledged:
            found.setdefault(attempt.webhook_id, attempt)
    return found


def expected_orders(path: Path) -> dict[int, ExpectedOrder]:
    """Order id → its final state, in the order they were placed."""
    found: dict[int, ExpectedOrder] = {}
    for event in events(path):
        order = found.get(event.order_id)
        if order is None:
            order = found[event.order_id] = _first(event)
        _advance(order, event)
    return found


def _event(line: dict[str, Any]) -> Event:
    refund = line.get("refund") or {}
    return Event(
        seq=line["seq"],
        topic=line["topic"],
        event_id=line["event_id"],
        order_id=line["order_id"],
        name=line["name"],
        updated_at=line["updated_at"],
        total=Decimal(line["total"]),
        current_total=Decimal(line["current_total"]),
        refunded=Decimal(line["refunded"]),
        cancelled=line["cancelled"],
        refund_id=refund.get("id"),
        refund_total=Decimal(refund["total"]) if refund else None,
        sha256=line["sha256"],
        webhook_ids=tuple(line["webhooks"]),
        flags=tuple(line["flags"]),
        raw=line,
    )


def _attempt(line: dict[str, Any]) -> Attempt:
    return Attempt(
        seq=line["seq"],
        webhook_id=line["webhook_id"],
        topic=line["topic"],
        attempt=line["attempt"],
        status=line["status"],
        error=line["error"],
        raw=line,
    )


def _first(event: Event) -> ExpectedOrder:
    return ExpectedOrder(
        id=event.order_id,
        name=event.name,
        currency=event.raw["currency"],
        source=event.raw["source"],
        location_id=event.raw["location_id"],
        total=event.total,
        current_total=event.current_total,
        cancelled=False,
        unknown_sku="unknown_sku" in event.flags,
        updated_at="",
        lines=[],
    )


def _advance(order: ExpectedOrder, event: Event) -> None:
    if event.refund_id is not None and event.refund_total is not None:
        order.refunds[event.refund_id] = event.refund_total
    order.total, order.current_total = event.total, event.current_total
    order.cancelled = order.cancelled or event.cancelled
    order.updated_at = event.updated_at
    order.lines = [(sku, ordered, left, Decimal(net)) for sku, ordered, left, net in event.raw["lines"]]
    if event.updated_at not in order.versions:
        order.versions.append(event.updated_at)


def _repair(path: Path) -> int:
    """Cut a torn last line off; return the number of the last whole one (0 for none)."""
    if not path.exists():
        return 0
    with path.open("r+b") as stream:
        end = stream.seek(0, os.SEEK_END)
        start = max(0, end - 1_000_000)
        stream.seek(start)
        tail = stream.read()
        whole = tail.rfind(b"\n") + 1
        stream.truncate(start + whole)
    kept = tail[:whole].splitlines()
    return int(json.loads(kept[-1])["seq"]) if kept else 0
