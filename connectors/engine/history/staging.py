"""SQL that decides everything about a chunk's messages, once, into the temporary table `past`.

The statements that fill the ledger (`tables`, `rollups`) only read it. Times are drawn from log-normal distributions
around the medians below; `z` are their standard normal numbers.
"""

# ruff: noqa: S608 - every name in these statements is ours
from __future__ import annotations

from typing import Final

CAST: Final = (
    """CREATE TEMP TABLE past_flow (f smallint, low float8, high float8, retailer_id bigint, flow_id bigint,
    flow_key text, source_id bigint, source_key text, connector text, version text, version_before text,
    target_id bigint, target_key text, target_version text, address text, currency text, stores integer,
    first_f smallint)""",
    "CREATE TEMP TABLE past_store (f smallint, s integer, store_key text)",
    """CREATE TEMP TABLE past_topic (f smallint, t smallint, low float8, high float8, topic text, object_type text,
    operation text, effect text)""",
    "CREATE TEMP TABLE past_class (number smallint, error_class text)",
    """CREATE TEMP TABLE past_failure (x smallint, low float8, high float8, error_class text, title text, detail text,
    status integer)""",
    "CREATE TEMP TABLE past_fingerprint (f smallint, operation text, x smallint, fingerprint text)",
)
_Z: Final = "sqrt(-2 * ln(1 - random())) * cos(6.283185307179586 * random())"


def _us(median_us: int, sigma: float, z: str) -> str:
    return f"({median_us} * exp({sigma} * {z}))::bigint"


def _after(moment: str, us: str) -> str:
    return f"{moment} + {us} * interval '1 microsecond'"


def new_id(at: str, begins: int = 1, tail: str = "") -> str:
    """An expression for a UUIDv7 of a moment; its random part is cut from the message's 32 digits."""
    digits = 15 - len(tail)
    return (
        f"(lpad(to_hex(floor(date_part('epoch', {at}) * 1000)::bigint), 12, '0') || '7' || substr(hex, {begins}, 3)"
        f" || '8' || substr(hex, {begins + 3}, {digits}) || '{tail}')::uuid"
    )


# Numbers are the messages' positions: below every position that is there, so that no router takes them for new ones.
# An update is about an order of the same chunk; what is open has an object of its own, so its lane holds only itself.
STAGE: Final = f"""
CREATE TEMP TABLE past AS
WITH drawn AS (
    SELECT %(first)s + s.skipped + k AS n,
        s.start + make_interval(secs => s.seconds * (k + random()) / s.count) AS at,
        random() AS of_flow, random() AS of_topic, random() AS of_store, random() AS of_version, random() AS of_door,
        random() AS of_failure, random() AS of_object, random() AS of_repeat, random() AS of_wait, random() AS of_order,
        {_Z} AS z_queue, {_Z} AS z_step, {_Z} AS z_value, {_Z} AS z_source
    FROM unnest(%(starts)s::timestamptz[], %(seconds)s::float8[], %(counts)s::int[], %(skipped)s::int[])
        AS s (start, seconds, count, skipped), generate_series(0, s.count - 1) AS k
), told AS (
    SELECT d.*, f.f, f.stores, f.currency, t.t, t.topic, t.object_type, t.operation, t.effect,
        (%(outcomes)s::text[])[width_bucket(row_number() OVER (ORDER BY d.of_order) - 1, %(bounds)s::bigint[])]
            AS fate,
        {_us(55_000, 0.7, "z_queue")} + 9000 AS queue_us, {_us(350, 0.4, "z_step")} AS transform_us,
        {_us(38_000, 0.5, "z_step")} AS find_us, {_us(190_000, 0.55, "z_queue * 0.4 + z_step * 0.9")} AS change_us
    FROM drawn d JOIN past_flow f ON d.of_flow >= f.low AND d.of_flow < f.high
        JOIN past_topic t ON t.f = f.f AND d.of_topic >= t.low AND d.of_topic < t.high
), failed AS (
    SELECT told.*, x.x, x.status, x.error_class,
        CASE WHEN told.fate = 'retried' THEN 4000 WHEN x.x IS NOT NULL AND x.status IS NULL THEN 30000000
            ELSE find_us END AS first_us,
        CASE WHEN x.x IS NULL OR x.status = 200 THEN change_us ELSE 0 END AS second_us,
        CASE told.fate WHEN 'retried' THEN 5000000 + 50000000 * of_wait
            ELSE 600000000 + 21000000000 * of_wait * of_wait END::bigint AS wait_us
    FROM told LEFT JOIN past_failure x ON told.fate IN ('resolved', 'closed', 'retried')
        AND (told.fate = 'retried') = (x.x = -1)
        AND (x.x = -1 OR told.of_failure >= x.low AND told.of_failure < x.high)
), timed AS (
    SELECT failed.*, {_after("at", "queue_us")} AS started,
        {_after("at", "(queue_us + transform_us + first_us + second_us + 1500)")} AS ended
    FROM failed
), decided AS (
    SELECT timed.*, again, CASE WHEN fate IN ('resolved', 'closed') AND (again + interval '1 minute' > %(until)s
            OR at > %(until)s - interval '3 days' AND of_version < 0.3) THEN 'open' ELSE fate END AS outcome
    FROM timed, LATERAL (SELECT {_after("ended", "wait_us")} AS again) AS retry
), past AS (
SELECT n, f, t, at, outcome, topic, object_type, operation, effect, md5(%(salt)s || n) AS hex, x, status, error_class,
    CASE WHEN outcome = 'open' OR effect = 'created' THEN n
        ELSE greatest(%(begun)s, n - 1 - floor(of_object * 400)::bigint) END AS o,
    CASE WHEN stores > 0 AND of_store < 0.78 THEN 1 + floor(of_store / 0.78 * stores)::int ELSE 0 END AS s,
    CASE WHEN of_version < 0.02 THEN 0 WHEN (of_version < 0.1) = (at > %(upgraded)s) THEN 1 ELSE 2 END AS v,
    CASE WHEN of_door < 0.96 THEN 'webhook' ELSE 'poll' END AS door,
    round((84 * exp(0.7 * z_value))::numeric, 2) AS value, currency, 1 + floor(of_object * 4)::int AS units,
    {_us(900_000, 0.6, "z_source")} AS source_us,
    queue_us, transform_us, find_us, change_us, first_us, second_us, started, ended, again,
    {_after("again", "(transform_us + find_us + change_us + 1500)")} AS ended_again,
    outcome IN ('delivered', 'retried', 'resolved') AS accepted,
    outcome IN ('delivered', 'retried', 'resolved', 'closed', 'open') AS routed,
    outcome IN ('retried', 'resolved') AS twice,
    CASE WHEN of_repeat < 0.012 AND outcome <> 'unreadable' AND later < %(until)s THEN later END AS repeated
FROM decided, LATERAL (SELECT at + make_interval(secs => 5 + of_wait * 595) AS later) AS repeat
)
SELECT p.*, f.retailer_id, f.flow_id, f.flow_key, f.source_id, f.source_key, f.connector, f.target_id, f.target_key,
    f.target_version, f.address, f.first_f, st.store_key,
    CASE p.v WHEN 0 THEN '' WHEN 1 THEN f.version_before ELSE f.version END AS version,
    CASE WHEN accepted THEN CASE WHEN twice THEN ended_again ELSE ended END
        WHEN outcome = 'closed' THEN again WHEN outcome = 'open' THEN ended END AS finished,
    {new_id("p.at")} AS message_id, {new_id("p.at + interval '9 milliseconds'", 5)} AS delivery_id,
    {new_id("p.started", 8)} AS attempt_id, {new_id("p.again", 9)} AS second_id,
    {new_id("p.ended", 11)} AS exception_id,
    (p.o + CASE WHEN outcome = 'open' THEN 7999999999999 ELSE 6999999999999 END)::text AS order_id,
    (CASE WHEN p.object_type = 'refund' THEN p.n + 8999999999999
        ELSE p.o + CASE WHEN outcome = 'open' THEN 7999999999999 ELSE 6999999999999 END END)::text AS object_id,
    '#' || (50000000 + p.o) AS number,
    to_char((p.at - p.source_us * interval '1 microsecond') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
        AS source_version
FROM past p JOIN past_flow f USING (f) JOIN past_store st ON st.f = p.f AND st.s = p.s
"""
