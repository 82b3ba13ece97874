"""Takes the ledger's account, as the app role and within each partner's scope.

python -m tests.chaos.account world.json ledger.json
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import django
import msgspec

from tests.chaos.fake_erp import CANARY
from tests.chaos.ledger import Act, Attempt, Delivery, Exc, Intent, Message, Partner, Seen, Sums, Waiting
from tests.chaos.world import World

LEAF = b"\0"
RAW_CANARY = re.compile(CANARY.pattern.encode())
MESSAGES = """
SELECT id::text, position, retailer_id, connection_key, event_id, object_id, source_version, encode(body_hash, 'hex'),
       disposition, rule, masked FROM ledger_message ORDER BY position
"""
DELIVERIES = """
SELECT id::text, message_id::text, connection_key, state, idempotency_key::text, reference, source_version, document_id
FROM ledger_delivery ORDER BY id
"""
ATTEMPTS = """
SELECT a.id::text, a.delivery_id::text, a.outcome, count(s.id), count(s.status),
    extract(epoch FROM a.started_at)::float8
FROM ledger_attempt a LEFT JOIN ledger_step s ON s.attempt_id = a.id
GROUP BY a.id, a.delivery_id, a.outcome, a.started_at ORDER BY a.id
"""
EXCEPTIONS = """
SELECT message_id::text, delivery_id::text, state, error_class, title FROM exceptions_exceptionitem ORDER BY id
"""
REPEATS = "SELECT event_id, count(*) FROM ledger_repeat WHERE same_body = %s GROUP BY event_id"
ENTRIES = "SELECT e.delivery_id::text, l.parked FROM engine_entry e JOIN engine_lane l ON l.id = e.lane_id"
INTENTS = "SELECT DISTINCT attempt_id::text, delivery_id::text FROM engine_intent"
TRAIL = "SELECT action, object_id, after, canonical, leaf, outcome FROM audit_auditevent"
RETRIED = """
SELECT exception_id::text, count(*) FROM exceptions_transition WHERE to_state = 'retrying' GROUP BY exception_id
"""
# Everything that is text or bytes and may hold what a sender wrote.
BODIES = """
SELECT body FROM ledger_payload
UNION ALL SELECT convert_to(concat_ws(' ', rule, event_id, object_id, order_key), 'UTF8') FROM ledger_message
UNION ALL SELECT convert_to(concat_ws(' ', error_message, error_detail), 'UTF8') FROM ledger_attempt
UNION ALL SELECT convert_to(concat_ws(' ', title, detail, resolution), 'UTF8') FROM exceptions_exceptionitem
UNION ALL SELECT convert_to(value, 'UTF8') FROM ledger_businesskey
"""
COUNTED = "SELECT coalesce(sum(count), 0)::bigint FROM rollups_minute WHERE kind = %s AND outcome = %s"
# (what, kind and outcome in the rollups, the same from the rows)
SUMS = (
    ("messages received", ("received", ""), "SELECT count(*) FROM ledger_message"),
    ("repeats", ("repeated", ""), "SELECT count(*) FROM ledger_repeat WHERE same_body"),
    ("conflicts", ("repeated", "conflict"), "SELECT count(*) FROM ledger_repeat WHERE NOT same_body"),
    *(
        (
            f"attempts {outcome}",
            ("attempt", outcome),
            f"SELECT count(*) FROM ledger_attempt WHERE outcome = '{outcome}'",
        )
        for outcome in ("ok", "failed", "uncertain", "interrupted")
    ),
    ("delivered", ("delivery", "delivered"), "SELECT count(*) FROM ledger_delivery WHERE state = 'delivered'"),
    *(
        (name, ("disposed", name), f"SELECT count(*) FROM ledger_message WHERE disposition = '{name}'")
        for name in ("ignored", "deduplicated", "superseded", "unreadable", "filtered")
    ),
)


def take(world: World) -> list[Partner]:
    return [_partner(key, schema) for key, schema in world.schemas.items()]


def _partner(key: str, schema: str) -> Partner:
    with partner_scope(schema, ALL):
        retailers = dict(Retailer.objects.values_list("id", "key"))
        found = Partner(
            key=key,
            retailers=retailers,
            messages=[Message(*row) for row in _rows(MESSAGES)],
            repeats=dict(_rows(REPEATS, True)),
            conflicts=dict(_rows(REPEATS, False)),
            deliveries=[Delivery(*row) for row in _rows(DELIVERIES)],
            attempts=[Attempt(*row) for row in _rows(ATTEMPTS)],
            exceptions=[Exc(*row) for row in _rows(EXCEPTIONS)],
            waiting=list(_waiting()),
            intents=[Intent(*row) for row in _rows(INTENTS)],
            trail=[_act(*row) for row in _rows(TRAIL)],
            retried=dict(_rows(RETRIED)),
            seen=[],
            sums=list(_sums()),
        )
    for retailer_id, retailer in retailers.items():
        with partner_scope(schema, [retailer_id]):
            found.seen.append(_seen(retailer))
    return found


def _rows(query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters or None)
        return cursor.fetchall()


def _waiting() -> Iterator[Waiting]:
    now = datetime.now(UTC)
    for delivery_id, parked in _rows(ENTRIES):
        yield Waiting(delivery_id, waiting_reason(UUID(delivery_id), at=now), parked)


def _act(action: str, object_id: str, after: str | None, canonical: bytes, leaf: bytes, outcome: str) -> Act:
    about = json.loads(after).get("message", "") if action == "card_data.masked" and after else object_id
    return Act(action, about, sha256(LEAF + bytes(canonical)).digest() == bytes(leaf), outcome)


def _seen(retailer: str) -> Seen:
    bodies = _rows(BODIES)
    found = {canary.decode() for (body,) in bodies for canary in RAW_CANARY.findall(bytes(body))}
    return Seen(retailer, len(bodies), sorted(found))


def _sums() -> Iterator[Sums]:
    for what, counted, query in SUMS:
        yield Sums(what, _rows(COUNTED, *counted)[0][0], _rows(query)[0][0])
    now = datetime.now(UTC)
    told = equation(now - timedelta(hours=12), now + timedelta(minutes=2))
    yield Sums("the equation's received", told.received, sum(told.terms.values()))


if __name__ == "__main__":
    django.setup()

    from django.db import connection

    from connectors.engine.selectors import waiting_reason
    from monitoring.rollups.equation import equation
    from tenants.context import ALL, partner_scope
    from tenants.retailers.models import Retailer

    world_file, ledger_file = map(Path, sys.argv[1:])
    told = take(msgspec.json.decode(world_file.read_bytes(), type=World))
    ledger_file.write_bytes(msgspec.json.encode(told))
