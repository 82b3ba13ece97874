"""From a file's receipts, and from what the door found out, to arrivals for the intake's one function."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec

from connectors.engine.intake.arrival import Arrival, Source
from connectors.engine.intake.read import MAX_BODY, NOTHING
from connectors.sdk.files import FileRecord
from governance.catalogue.manifest import Manifest
from governance.redaction.cards import mask_cards
from tenants.ids import uuid7

DOOR = "file"
KEY_CHARACTERS = 32  # of a file's hash, in event ids and as business key


def file_key(digest: bytes) -> str:
    return digest.hex()[:KEY_CHARACTERS]


def of_record(source: Source, manifest: Manifest, digest: bytes, record: FileRecord, *, at: datetime) -> Arrival:
    """The same file gives the same events, whenever and however often it is read.

    It states no delay of its source: a file brings a day at once, and its contract says whether it is late.
    """
    body = msgspec.json.encode(record.document)
    subject = replace(record.subject, business_keys=(*record.subject.business_keys, ("file", file_key(digest))))
    return _arrival(
        source,
        manifest,
        topic=record.topic,
        event_id=f"{file_key(digest)}:{record.key}",
        body=body,
        at=at,
        subject=subject,
    )


def of_finding(
    source: Source, manifest: Manifest, *, topic: str, event_id: str, sentence: str, body: bytes, at: datetime
) -> Arrival:
    """`sentence` is the exception's title."""
    return _arrival(source, manifest, topic=topic, event_id=event_id, body=body[:MAX_BODY], at=at, unreadable=sentence)


def told(facts: Mapping[str, Any]) -> bytes:
    """The body of a finding that no file brought."""
    return msgspec.json.encode(facts)


def _arrival(
    source: Source, manifest: Manifest, *, topic: str, event_id: str, body: bytes, at: datetime, **known: Any
) -> Arrival:
    masked_body, masked = mask_cards(body, card_fields=manifest.card_fields, id_fields=manifest.id_fields)
    return Arrival(
        id=uuid7(),
        source=source,
        door=DOOR,
        topic=topic,
        event_id=_short(event_id),
        subject=known.pop("subject", NOTHING),
        api_version=manifest.api_versions[0].name if manifest.api_versions else "",
        received_at=at,
        body=masked_body,
        body_hash=sha256(body).digest(),
        size=len(body),
        masked=masked,
        trace_id=os.urandom(16).hex(),
        **known,
    )


def _short(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:135]}:{sha256(text.encode()).hexdigest()}"
