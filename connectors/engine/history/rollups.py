"""SQL that counts a chunk's events from the temporary table `past` into the minute rollups.

The same events as the engine counts (`connectors.engine.drain.rows.counted`), by the same buckets
(`monitoring.rollups.histogram`); keys are small numbers until the last step, because sorting text would cost more.
"""

# ruff: noqa: S608 - every name in these statements is ours
from __future__ import annotations

from typing import Final

from monitoring.rollups.histogram import FIRST_US, GROWTH, LAST
from monitoring.rollups.writer import NOTE_LATE

# code -> (kind, outcome). A failure's code is FAILURE plus the number of its class.
KINDS: Final = {
    1: ("received", ""),
    2: ("disposed", "ignored"),
    3: ("disposed", "deduplicated"),
    4: ("disposed", "superseded"),
    5: ("disposed", "unreadable"),
    6: ("repeated", ""),
    7: ("hop", "queue"),
    8: ("hop", "transform"),
    10: ("attempt", "ok"),
    11: ("attempt", "failed"),
    12: ("delivery", "delivered"),
    13: ("delivery", "exception"),
    14: ("delivery", "closed"),
}
FAILURE: Final = 20
# Versions: 0 none, 1 and 2 the source's, 3 and 4 the target's with and without an answer. `w` is the first with the
# same text: a row of the rollups is met once.
CAST: Final = (
    "CREATE TEMP TABLE past_kind (code smallint, kind text, outcome text)",
    """CREATE TEMP TABLE past_version AS SELECT f, v, said AS version, min(v) OVER (PARTITION BY f, said) AS w
    FROM past_flow, LATERAL (VALUES (0, ''), (1, version_before), (2, version),
        (3, CASE target_version WHEN '' THEN '' ELSE target_version || '|' || target_version END),
        (4, CASE target_version WHEN '' THEN '' ELSE target_version || '|' END)) AS known (v, said)""",
)


def _bucket(us: str) -> str:
    return (
        f"CASE WHEN {us} <= {FIRST_US} THEN 0 ELSE least({LAST}, "
        f"ceil(ln(({us})::float8 / {FIRST_US}) / ln({GROWTH}::float8) - 1e-9)) END::smallint"
    )


def _us(since: str, until: str) -> str:
    return f"(extract(epoch FROM {until} - {since}) * 1000000)::bigint"


_SILENT: Final = "CASE WHEN x IS NOT NULL AND status IS NULL THEN 4 ELSE 3 END"
_EVENTS: Final = f"""
SELECT at AS moment, 1 AS code, first_f AS f, 0 AS s, v, CASE WHEN outcome NOT IN ('ignored', 'unreadable') THEN
    {_bucket("source_us")} END AS bucket, NULL::numeric AS value FROM past
UNION ALL SELECT at, CASE outcome WHEN 'ignored' THEN 2 WHEN 'deduplicated' THEN 3 WHEN 'superseded' THEN 4 ELSE 5 END,
    first_f, 0, v, NULL, NULL FROM past WHERE NOT routed
UNION ALL SELECT repeated, 6, first_f, 0, 0, NULL, NULL FROM past WHERE repeated IS NOT NULL
UNION ALL SELECT started, 7, f, 0, 0, {_bucket("queue_us")}, NULL FROM past WHERE routed
UNION ALL SELECT started, 8, f, 0, 0, {_bucket("transform_us")}, NULL FROM past WHERE routed
UNION ALL SELECT started, CASE WHEN x IS NULL THEN 10 ELSE 11 END, f, s, {_SILENT},
    {_bucket("first_us + second_us")}, NULL FROM past WHERE routed
UNION ALL SELECT started, {FAILURE} + c.number, f, 0, 0, NULL, NULL
    FROM past p JOIN past_class c ON c.error_class = p.error_class WHERE routed
UNION ALL SELECT again, 7, f, 0, 0, 0, NULL FROM past WHERE twice
UNION ALL SELECT again, 8, f, 0, 0, {_bucket("transform_us")}, NULL FROM past WHERE twice
UNION ALL SELECT again, 10, f, s, 3, {_bucket("find_us + change_us")}, NULL FROM past WHERE twice
UNION ALL SELECT finished, 12, f, s, 0, {_bucket(_us("at", "finished"))}, value FROM past WHERE accepted
UNION ALL SELECT ended, 13, f, s, 0, {_bucket(_us("at", "ended"))}, value FROM past
    WHERE outcome IN ('open', 'resolved', 'closed')
UNION ALL SELECT again, 14, f, s, 0, NULL, value FROM past WHERE outcome = 'closed'
"""
COUNT: Final = f"""
WITH event AS ({_EVENTS}), grouped AS (
    SELECT date_trunc('minute', moment) AS minute, code, f, s, w AS v, bucket, count(*) AS n,
        sum(value) AS value
    FROM event JOIN past_version USING (f, v) GROUP BY 1, 2, 3, 4, 5, 6
), spaced AS (
    SELECT *, lead(bucket) OVER (PARTITION BY minute, code, f, s, v ORDER BY bucket) - bucket - 1 AS gap FROM grouped
), summed AS (
    SELECT minute, code, f, s, v, sum(n) AS count, coalesce(sum(value), 0) AS value, CASE WHEN count(bucket) > 0 THEN
        format('[%%s:%%s]={{%%s}}', min(bucket), max(bucket),
            string_agg(n || repeat(',0', coalesce(gap, 0)), ',' ORDER BY bucket) FILTER (WHERE bucket IS NOT NULL))
        ELSE '{{}}' END::bigint[] AS histogram
    FROM spaced GROUP BY 1, 2, 3, 4, 5
), counted AS (SELECT DISTINCT minute FROM summed), noted AS ({NOTE_LATE})
INSERT INTO rollups_minute AS r (minute, retailer_id, kind, outcome, connection_key, flow_key, store_key, api_version,
    currency, slot, count, value, histogram)
SELECT minute, retailer_id, kind, outcome, CASE WHEN code <= 6 THEN source_key ELSE target_key END,
    CASE WHEN code <= 6 THEN '' ELSE flow_key END, store_key, pv.version,
    CASE WHEN code BETWEEN 12 AND 14 THEN currency ELSE '' END, %(slot)s, count, value, histogram
FROM summed JOIN past_flow USING (f) JOIN past_store USING (f, s) JOIN past_version pv USING (f, v)
    JOIN past_kind USING (code)
ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9
ON CONFLICT (minute, retailer_id, kind, outcome, connection_key, flow_key, store_key, api_version, currency, slot)
DO UPDATE SET count = r.count + EXCLUDED.count, value = r.value + EXCLUDED.value,
    histogram = rollups_add(r.histogram, EXCLUDED.histogram)
"""
