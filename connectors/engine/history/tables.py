"""SQL that writes a chunk's ledger rows from the temporary table `past`, as intake, router and drain would have."""

# ruff: noqa: S608 - every name in these statements is ours
from __future__ import annotations

from typing import Final

from connectors.engine.history.staging import new_id

PERSON: Final = "someone in the loaded past"
_FIND: Final = "find the document by our reference"
_CHANGE: Final = "write the document"

MESSAGES: Final = """
INSERT INTO ledger_message (id, position, retailer_id, connection_id, connection_key, connector, door, topic, event_id,
    object_type, object_id, source_version, order_key, api_version, received_at, occurred_at, body_hash, size, masked,
    trace_id, disposition, rule)
SELECT message_id, n, retailer_id, source_id, source_key, connector, door,
    CASE outcome WHEN 'ignored' THEN 'products/update' ELSE topic END, hex::uuid::text,
    CASE WHEN plain THEN '' ELSE object_type END, CASE WHEN plain THEN '' ELSE object_id END,
    CASE WHEN plain THEN '' ELSE source_version END, CASE WHEN plain THEN '' ELSE order_id END, version, at,
    CASE WHEN plain THEN NULL ELSE at - source_us * interval '1 microsecond' END, sha256(hex::bytea),
    2400 + 900 * units, 0, hex, CASE WHEN routed THEN '' ELSE outcome END,
    CASE outcome WHEN 'ignored' THEN 'No flow takes products/update'
        WHEN 'deduplicated' THEN 'Version ' || source_version || ' of this ' || object_type || ' came before'
        WHEN 'superseded' THEN 'Older than a version which came before'
        WHEN 'unreadable' THEN 'The body ends in the middle of a string.' ELSE '' END
FROM past, LATERAL (SELECT outcome IN ('ignored', 'unreadable') AS plain) AS known
"""

# As `Arrival.key` makes it: a sender who repeats an event of the past is recognised.
EVENT_KEYS: Final = """
INSERT INTO ledger_eventkey (key, retailer_id, message_id, body_hash, created_at)
SELECT substr(sha256(convert_to(source_id::text, 'UTF8') || '\\x00' || convert_to(
        CASE outcome WHEN 'ignored' THEN 'products/update' ELSE topic END, 'UTF8') || '\\x00' ||
        convert_to(hex::uuid::text, 'UTF8')), 1, 16),
    retailer_id, message_id, sha256(hex::bytea), at
FROM past
"""

# As `Routable.object_key` makes it.
OBJECT_VERSIONS: Final = """
INSERT INTO ledger_objectversion (key, retailer_id, version, message_id, body_hash)
SELECT DISTINCT ON (source_id, object_type, object_id)
    substr(sha256(convert_to(source_id::text, 'UTF8') || '\\x00' || convert_to(object_type, 'UTF8') || '\\x00' ||
        convert_to(object_id, 'UTF8')), 1, 16), retailer_id, source_version, message_id, sha256(hex::bytea)
FROM past WHERE routed ORDER BY source_id, object_type, object_id, source_version DESC, n DESC
"""

BUSINESS_KEYS: Final = f"""
INSERT INTO ledger_businesskey (id, retailer_id, type, value, message_id)
SELECT {new_id("at", 2, "1")}, retailer_id, 'order', number, message_id FROM past
    WHERE routed OR outcome IN ('deduplicated', 'superseded')
UNION ALL SELECT {new_id("at", 3, "2")}, retailer_id, 'order_id', order_id, message_id FROM past
    WHERE routed OR outcome IN ('deduplicated', 'superseded')
UNION ALL SELECT {new_id("finished", 4, "3")}, retailer_id, 'document', 'SO' || (90000000 + o), message_id FROM past
    WHERE accepted
"""

FACTS: Final = """
INSERT INTO ledger_fact (message_id, retailer_id, object_type, number, value, currency, units, store_key, channel,
    counterparty, occurred_at)
SELECT message_id, retailer_id, object_type, number, value, currency, units, store_key,
    CASE s WHEN 0 THEN 'web' ELSE 'pos' END, NULL, at - source_us * interval '1 microsecond'
FROM past WHERE routed
"""

# The idempotency key of the past is not a UUIDv5, which SQL cannot make; nothing is ever sent by it again.
DELIVERIES: Final = """
INSERT INTO ledger_delivery (id, message_id, retailer_id, flow_id, flow_key, connection_id, connection_key, operation,
    object_type, object_id, source_version, lane_key, kind, state, idempotency_key, reference, attempts, map_version,
    document_id, document_type, effect, ran_at, accepted_at, error_class, error_message, trace_id, received_at,
    created_at, finished_at)
SELECT delivery_id, message_id, p.retailer_id, flow_id, flow_key, target_id, target_key, operation, object_type,
    object_id, source_version, order_id, 'live',
    CASE WHEN accepted THEN 'delivered' WHEN outcome = 'open' THEN 'exception' ELSE 'closed' END,
    md5(flow_id || object_id || source_version)::uuid, source_key || '/' || object_id,
    CASE WHEN twice THEN 2 ELSE 1 END, connector || ':' || topic, CASE WHEN accepted THEN 'SO' || (90000000 + o) ELSE ''
    END, CASE WHEN accepted THEN 'sale' ELSE '' END, CASE WHEN accepted THEN effect ELSE '' END, started,
    CASE WHEN accepted THEN finished END, CASE WHEN accepted THEN '' ELSE x.error_class END,
    CASE WHEN accepted THEN '' ELSE x.title END, hex, at, at + interval '9 milliseconds', finished
FROM past p LEFT JOIN past_failure x ON x.x = p.x WHERE routed
"""

_ATTEMPT: Final = """
INSERT INTO ledger_attempt (id, delivery_id, message_id, retailer_id, flow_key, connection_key, operation, number,
    trigger, started_at, duration_us, transform_us, target_us, outcome, error_class, error_message, error_detail,
    version_requested, version_served, worker)
"""
FIRST_ATTEMPTS: Final = f"""{_ATTEMPT}
SELECT attempt_id, delivery_id, message_id, retailer_id, flow_key, target_key, operation, 1, 'auto', started,
    transform_us + first_us + second_us + 1500, transform_us, first_us + second_us,
    CASE WHEN p.x IS NULL THEN 'ok' ELSE 'failed' END, coalesce(x.error_class, ''), coalesce(x.title, ''),
    coalesce(x.detail, ''), target_version,
    CASE WHEN p.x IS NOT NULL AND x.status IS NULL THEN '' ELSE target_version END, 'history'
FROM past p LEFT JOIN past_failure x ON x.x = p.x WHERE routed
"""
SECOND_ATTEMPTS: Final = f"""{_ATTEMPT}
SELECT second_id, delivery_id, message_id, retailer_id, flow_key, target_key, operation, 2,
    CASE outcome WHEN 'resolved' THEN 'manual' ELSE 'auto' END, again, transform_us + find_us + change_us + 1500,
    transform_us, find_us + change_us, 'ok', '', '', '', target_version, target_version, 'history'
FROM past WHERE twice
"""

STEPS: Final = f"""
INSERT INTO ledger_step (id, attempt_id, retailer_id, number, name, changes, method, target, status, started_at,
    duration_us, version_requested, version_served, request_id, response_id, error)
SELECT {new_id("started", 6, "1")}, attempt_id, retailer_id, 1, '{_FIND}', false, 'POST', address,
    CASE WHEN p.x IS NULL OR second_us > 0 THEN 200 ELSE status END, started + transform_us * interval '1 microsecond',
    first_us, target_version, CASE WHEN p.x IS NOT NULL AND status IS NULL THEN '' ELSE target_version END, NULL, NULL,
    CASE WHEN p.x IS NOT NULL AND status IS NULL THEN 'no answer' ELSE '' END
FROM past p WHERE routed
UNION ALL SELECT {new_id("started", 6, "2")}, attempt_id, retailer_id, 2, '{_CHANGE}', true, 'POST', address, 200,
    started + (transform_us + first_us) * interval '1 microsecond', second_us, target_version, target_version,
    CASE WHEN n >= %(bodies_from)s THEN {new_id("started", 5, "5")} END,
    CASE WHEN n >= %(bodies_from)s THEN {new_id("started", 5, "6")} END, ''
FROM past WHERE routed AND second_us > 0
UNION ALL SELECT {new_id("again", 6, "3")}, second_id, retailer_id, 1, '{_FIND}', false, 'POST', address, 200,
    again + transform_us * interval '1 microsecond', find_us, target_version, target_version, NULL, NULL, ''
FROM past WHERE twice
UNION ALL SELECT {new_id("again", 6, "4")}, second_id, retailer_id, 2, '{_CHANGE}', true, 'POST', address, 200,
    again + (transform_us + find_us) * interval '1 microsecond', change_us, target_version, target_version, NULL, NULL,
    ''
FROM past WHERE twice
"""

REPEATS: Final = f"""
INSERT INTO ledger_repeat (id, message_id, retailer_id, connection_id, connection_key, topic, event_id, received_at,
    same_body)
SELECT {new_id("repeated", 7)}, message_id, retailer_id, source_id, source_key,
    CASE outcome WHEN 'ignored' THEN 'products/update' ELSE topic END, hex::uuid::text, repeated, true
FROM past WHERE repeated IS NOT NULL
"""

# Two of three unreadable bodies were dealt with on the day after.
_SETTLED: Final = "outcome = 'unreadable' AND units < 4 AND at < %(until)s - interval '1 day'"
EXCEPTIONS: Final = f"""
INSERT INTO exceptions_exceptionitem (id, retailer_id, message_id, delivery_id, flow_key, connection_key, error_class,
    title, detail, fingerprint, state, resolution, order_number, store_key, value, currency, opened_at, last_seen_at,
    failures, resolved_at)
SELECT exception_id, p.retailer_id, message_id, delivery_id, flow_key, target_key, x.error_class, x.title, x.detail,
    g.fingerprint, CASE outcome WHEN 'open' THEN 'open' ELSE 'resolved' END,
    CASE outcome WHEN 'resolved' THEN 'Accepted by the target as SO' || (90000000 + o) || '.'
        WHEN 'closed' THEN 'Entered by hand in the target.' ELSE '' END, number, store_key, value, currency, ended,
    ended, 1, CASE outcome WHEN 'resolved' THEN finished WHEN 'closed' THEN again END
FROM past p JOIN past_failure x ON x.x = p.x JOIN past_fingerprint g ON g.f = p.f AND g.operation = p.operation
    AND g.x = p.x
WHERE outcome IN ('open', 'resolved', 'closed')
UNION ALL SELECT exception_id, retailer_id, message_id, NULL, '', source_key, 'unreadable',
    'The body ends in the middle of a string.', 'The body is kept exactly as it came.', md5('unreadable'),
    CASE WHEN {_SETTLED} THEN 'resolved' ELSE 'open' END,
    CASE WHEN {_SETTLED} THEN 'The source has sent it again.' ELSE '' END, '', '', NULL, '', at, at, 1,
    CASE WHEN {_SETTLED} THEN at + interval '1 day' END
FROM past WHERE outcome = 'unreadable'
"""

TRANSITIONS: Final = f"""
INSERT INTO exceptions_transition (id, retailer_id, exception_id, at, from_state, to_state, by, reason)
SELECT {new_id("moment", 10, "1")}, retailer_id, exception_id, moment, '', 'open', 'Signalbox', ''
FROM past, LATERAL (SELECT CASE outcome WHEN 'unreadable' THEN at ELSE ended END AS moment) AS opened
WHERE outcome IN ('open', 'resolved', 'closed', 'unreadable')
UNION ALL SELECT {new_id("again", 10, "2")}, retailer_id, exception_id, again, 'open',
    CASE outcome WHEN 'resolved' THEN 'retrying' ELSE 'resolved' END, '{PERSON}',
    CASE outcome WHEN 'resolved' THEN 'The cause is removed.' ELSE 'Entered by hand in the target.' END
FROM past WHERE outcome IN ('resolved', 'closed')
UNION ALL SELECT {new_id("finished", 10, "3")}, retailer_id, exception_id, finished, 'retrying', 'resolved',
    'Signalbox', 'Accepted by the target as SO' || (90000000 + o) || '.' FROM past WHERE outcome = 'resolved'
UNION ALL SELECT {new_id("at + interval '1 day'", 10, "4")}, retailer_id, exception_id, at + interval '1 day', 'open',
    'resolved', '{PERSON}', 'The source has sent it again.' FROM past WHERE {_SETTLED}
"""

_ORDER: Final = """
format('{"id":%%s,"name":"%%s","created_at":"%%s","updated_at":"%%s","currency":"%%s","total_price":"%%s",'
    '"location_id":%%s,"test":false,"email":"shopper-%%s@shopper.example","line_items":[%%s]}', order_id, number,
    source_version, source_version, currency, value, coalesce(to_json(nullif(store_key, ''))::text, 'null'), o,
    (SELECT string_agg(format('{"sku":"HP-%%s","title":"%%s","price":"%%s","quantity":1}', 100 * line + units,
        repeat('Harbour waxed jacket ', 8), round(value / units, 2)), ',') FROM generate_series(1, units) AS line))
"""
PAYLOADS: Final = f"""
INSERT INTO ledger_payload (id, retailer_id, format, key_id, body)
SELECT message_id, retailer_id, 0, '', convert_to(CASE outcome WHEN 'unreadable' THEN '{{"id":' || order_id
    || ',"note":"gift for' ELSE {_ORDER} END, 'UTF8')
FROM past WHERE n >= %(bodies_from)s
UNION ALL SELECT {new_id("started", 5, "5")}, retailer_id, 0, '', convert_to(format('{{"method":"%%s","reference":'
    '"%%s/%%s","total":"%%s"}}', operation, source_key, object_id, value), 'UTF8')
FROM past WHERE n >= %(bodies_from)s AND routed AND second_us > 0
UNION ALL SELECT {new_id("started", 5, "6")}, retailer_id, 0, '', convert_to(CASE WHEN x IS NULL
    THEN format('{{"result":[%%s]}}', 90000000 + o) ELSE '{{"error":["UserError"]}}' END, 'UTF8')
FROM past WHERE n >= %(bodies_from)s AND routed AND second_us > 0
"""

ALL: Final = (
    MESSAGES,
    EVENT_KEYS,
    OBJECT_VERSIONS,
    BUSINESS_KEYS,
    FACTS,
    DELIVERIES,
    FIRST_ATTEMPTS,
    SECOND_ATTEMPTS,
    STEPS,
    REPEATS,
    EXCEPTIONS,
    TRANSITIONS,
    PAYLOADS,
)
OPEN: Final = """
SELECT retailer_id, flow_id, order_id, target_id, ended, n, delivery_id, message_id FROM past WHERE outcome = 'open'
ORDER BY n
"""
