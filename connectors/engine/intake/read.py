"""From the bytes of a verified webhook to an arrival: what it says of itself, and what it is about."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from connectors.engine.intake.address import Address
from connectors.engine.intake.arrival import Arrival
from connectors.sdk.connector import Subject
from connectors.sdk.errors import ConnectorError
from connectors.sdk.safe_json import MAX_DEPTH, UnreadablePayload, depth, parse
from governance.redaction.cards import mask_cards
from tenants.ids import uuid7

MAX_BODY = 2 * 1024 * 1024
MAX_TEXT = 200  # of topic and event id: longer ones are cut, with their hash at the end
_TRACEPARENT = re.compile(r"^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$")
NOTHING = Subject(object_type="", object_id="", source_version="")


@dataclass(frozen=True, slots=True)
class Refusal(Exception):
    """The request is refused before anything is stored. `status` and one plain sentence."""

    status: int
    reason: str


def arrival_of(address: Address, headers: Mapping[str, str], body: bytes) -> Arrival:
    """Raises Refusal for a body nobody should parse (400). What merely cannot be read is kept as it is."""
    envelope = address.connector.webhooks.envelope(headers)
    subject, unreadable = _subject(address, envelope.topic, body)
    masked_body, masked = _without_cards(address, body)
    digest = sha256(body).digest()
    now = datetime.now(UTC)
    happened = envelope.triggered_at or subject.occurred_at
    return Arrival(
        id=uuid7(),
        source=address.source,
        door="webhook",
        topic=_short(envelope.topic),
        event_id=_short(envelope.event_id) or f"sha256:{digest.hex()}",
        subject=_bounded(subject),
        api_version=_short(envelope.api_version),
        received_at=now,
        body=masked_body,
        body_hash=digest,
        size=len(body),
        masked=masked,
        trace_id=_trace_id(headers),
        delay=None if happened is None else max(now - happened, timedelta()),
        unreadable=unreadable,
    )


def _subject(address: Address, topic: str, body: bytes) -> tuple[Subject, str]:
    """(what it is about, why it cannot be read or "")."""
    try:
        document = parse(body)
        if not isinstance(document, dict):
            return NOTHING, "The body is JSON, but not an object."
        return address.connector.webhooks.subject(topic, document), ""
    except UnreadablePayload as error:
        if depth(body) > MAX_DEPTH:
            raise Refusal(400, f"the body nests more than {MAX_DEPTH} levels deep") from error
        return NOTHING, error.operator_message
    except ConnectorError as error:
        return NOTHING, error.operator_message


def _bounded(subject: Subject) -> Subject:
    """What indexes and lanes are made of, of bounded length. A business key nobody could type is no key."""
    return replace(
        subject,
        object_id=_short(subject.object_id),
        order_key=_short(subject.order_key),
        source_version=_short(subject.source_version),
        business_keys=tuple(pair for pair in subject.business_keys if len(pair[1]) <= MAX_TEXT),
    )


def _without_cards(address: Address, body: bytes) -> tuple[bytes, int]:
    manifest = address.connector.manifest
    return mask_cards(body, card_fields=manifest.card_fields, id_fields=manifest.id_fields)


def _short(text: str) -> str:
    """Text that any column takes: without NUL and lone surrogates, of bounded length, still distinct when cut."""
    clean = text.replace("\0", "").encode("utf-8", "replace").decode()
    if len(clean) <= MAX_TEXT:
        return clean
    return f"{clean[: MAX_TEXT - 65]}…{sha256(clean.encode()).hexdigest()}"


def _trace_id(headers: Mapping[str, str]) -> str:
    match = _TRACEPARENT.match(headers.get("traceparent", ""))
    return match[1] if match else os.urandom(16).hex()
