"""Rows of new exceptions for set-based writers (`bulk.EXCEPTIONS`), and the fingerprint that groups them."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from tenants.ids import uuid7

_VARIABLE = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27,}|['\"“][^'\"”]*['\"”]|#?\b[\w-]*\d[\w./:-]*")


def fingerprint(connector: str, operation: str, error_class: str, message: str) -> str:
    """Same cause, same text: connector, operation, class and the message with numbers, ids and quotes taken out."""
    normal = _VARIABLE.sub("…", message)
    return hashlib.sha256(f"{connector}\0{operation}\0{error_class}\0{normal}".encode()).hexdigest()[:16]


def open_exception(
    *,
    retailer_id: int,
    message_id: UUID,
    error_class: str,
    title: str,
    at: datetime,
    delivery_id: UUID | None = None,
    flow_key: str = "",
    connection_key: str = "",
    connector: str = "",
    operation: str = "",
    detail: str = "",
    order_number: str = "",
    store_key: str = "",
    value: Decimal | None = None,
    currency: str = "",
) -> tuple[object, ...]:
    return (
        uuid7(),
        retailer_id,
        message_id,
        delivery_id,
        flow_key,
        connection_key,
        error_class,
        title,
        detail,
        fingerprint(connector, operation, error_class, title),
        "open",
        "",
        order_number,
        store_key,
        value,
        currency,
        at,
        at,
        1,
    )


def security_conflict(
    *, retailer_id: int, message_id: UUID, connection_key: str, event_id: str, at: datetime
) -> tuple[object, ...]:
    return open_exception(
        retailer_id=retailer_id,
        message_id=message_id,
        connection_key=connection_key,
        error_class="security",
        title="The same event came again with another body; the first one stands.",
        detail=f"Event {event_id}. The other body is kept beside the first as evidence and was not processed.",
        at=at,
    )
