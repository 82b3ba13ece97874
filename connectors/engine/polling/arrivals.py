"""From a document that was asked for to an arrival for the intake's one function."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec

from connectors.engine.intake.arrival import Arrival, Source
from connectors.engine.intake.read import NOTHING
from connectors.sdk.polling import Found
from governance.catalogue.manifest import Manifest
from governance.redaction.cards import mask_cards
from tenants.ids import uuid7

DOOR = "poll"
REFUSED = "The database refuses what it says it is about; the body is kept."
_encode = msgspec.json.Encoder(order="sorted", decimal_format="number").encode


def arrival_of(source: Source, manifest: Manifest, found: Found, *, api_version: str, at: datetime) -> Arrival:
    """The same document gives the same event, however often it is read: its id names object, version and content."""
    body = _encode(found.document)
    digest = sha256(body).digest()
    masked_body, masked = mask_cards(body, card_fields=manifest.card_fields, id_fields=manifest.id_fields)
    happened = found.subject.occurred_at
    return Arrival(
        id=uuid7(),
        source=source,
        door=DOOR,
        topic=found.topic,
        event_id=f"poll:{digest.hex()}",
        subject=NOTHING if found.unreadable else found.subject,
        api_version=api_version,
        received_at=at,
        body=masked_body,
        body_hash=digest,
        size=len(body),
        masked=masked,
        trace_id=os.urandom(16).hex(),
        delay=None if happened is None else max(at - happened, timedelta()),
        unreadable=found.unreadable,
    )
