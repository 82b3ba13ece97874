"""Minutes folded into quarters of an hour, hours and half days, each exactly once.

Fold what nobody may still be counting into: every writer notes in `rollups_late`, in its own transaction, a minute that
lies more than SETTLE before its beginning (`writer.UPSERT`), and no minute is folded before SETTLE has passed since the
beginning of the oldest transaction that runs. What is noted is folded anew, from the minutes: sums are replaced, never
added to, so folding twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction

from monitoring.rollups.tiling import GRAINS, MINUTE, ORIGIN, Folded, floor

SETTLE: Final = timedelta(minutes=2)
MOST_AT_ONCE: Final = timedelta(days=2)
MOST_LATE_READ: Final = 50
_LATE_AT_ONCE: Final = 5_000

# Other sessions of our role are all that count: what they began is known, and nobody else writes here while we run.
_HORIZON: Final = """
SELECT least(now(), min(xact_start)) - %s FROM pg_stat_activity WHERE datname = current_database()
"""
_TAKE_LATE: Final = """
DELETE FROM rollups_late WHERE ctid = ANY (ARRAY(SELECT ctid FROM rollups_late LIMIT %s)) RETURNING minute
"""
_COLUMNS: Final = "grain, start, retailer_id, kind, outcome, connection_key, flow_key, api_version, currency"
_SUMS: Final = "sum(count), sum(value), rollups_sum(histogram)"
_FROM_MINUTES: Final = f"""
INSERT INTO rollups_folded ({_COLUMNS}, last, count, value, histogram)
SELECT 1, minute, retailer_id, kind, outcome, connection_key, flow_key, api_version, currency, minute, {_SUMS}
FROM rollups_minute WHERE minute >= %(since)s AND minute < %(until)s
GROUP BY minute, retailer_id, kind, outcome, connection_key, flow_key, api_version, currency
"""  # noqa: S608 - names are ours
_FROM_FINER: Final = f"""
INSERT INTO rollups_folded ({_COLUMNS}, last, count, value, histogram)
SELECT %(grain)s, date_bin(make_interval(mins => %(grain)s), start, %(origin)s), retailer_id, kind, outcome,
    connection_key, flow_key, api_version, currency, max(last), {_SUMS}
FROM rollups_folded WHERE grain = %(finer)s AND start >= %(since)s AND start < %(until)s
GROUP BY 2, retailer_id, kind, outcome, connection_key, flow_key, api_version, currency
"""  # noqa: S608 - names are ours


def fold() -> bool:
    """Fold the next part of the partner in scope, which must be its whole; true while there is more to do.

    Two may run: one of them does nothing.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('signalbox folding'), hashtext(current_schema()))")
        if not cursor.fetchone()[0]:
            return False
        late = _take_late(cursor)
        known = _progress(cursor)
        since, until, more = _next_part(cursor, known)
        for begin, end in _ranges(late, until=known):
            _replace(cursor, begin, end, known)
        if until is not None and since is not None:
            _append(cursor, since, until)
            cursor.execute(
                "INSERT INTO rollups_progress VALUES (1, %s)"
                " ON CONFLICT (id) DO UPDATE SET folded_until = excluded.folded_until",
                [until],
            )
        return more or len(late) == _LATE_AT_ONCE


def fold_all() -> None:
    """Until nothing is left."""
    while fold():
        pass


def folded_state() -> Folded:
    """Cost: one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT folded_until FROM rollups_progress),"
            " ARRAY(SELECT DISTINCT minute FROM rollups_late LIMIT %s)",
            [MOST_LATE_READ],
        )
        until, late = cursor.fetchone()
    return Folded(until, frozenset(late))


def _take_late(cursor: Any) -> list[datetime]:
    """First of all: whoever's note is seen here, their counts are seen by every later statement."""
    cursor.execute(_TAKE_LATE, [_LATE_AT_ONCE])
    return [row[0] for row in cursor.fetchall()]


def _progress(cursor: Any) -> datetime | None:
    cursor.execute("SELECT folded_until FROM rollups_progress")
    row = cursor.fetchone()
    return row[0] if row else None


def _next_part(cursor: Any, known: datetime | None) -> tuple[datetime | None, datetime | None, bool]:
    """(from, to, whether there is more after it); nothing to fold is (None, None, False)."""
    horizon = floor(_horizon(cursor), 1)
    since = known
    if since is None:
        cursor.execute("SELECT min(minute) FROM rollups_minute")
        since = cursor.fetchone()[0]
    if since is None or since >= horizon:
        return None, None, False
    until = min(horizon, since + MOST_AT_ONCE)
    return since, until, until < horizon


def _horizon(cursor: Any) -> datetime:
    """Whoever counts into a minute before it notes that minute."""
    cursor.execute(_HORIZON, [SETTLE])
    return cursor.fetchone()[0]


def _append(cursor: Any, since: datetime, until: datetime) -> None:
    """New minutes, and every coarser bucket that is whole by now."""
    cursor.execute(_FROM_MINUTES, {"since": since, "until": until})
    for finer, grain in _pairs():
        _fold_finer(cursor, finer, grain, floor(since, grain), floor(until, grain))


def _replace(cursor: Any, begin: datetime, end: datetime, known: datetime) -> None:
    """Every bucket that holds a part of the range, as far as it was folded."""
    cursor.execute("DELETE FROM rollups_folded WHERE grain = 1 AND start >= %s AND start < %s", [begin, end])
    cursor.execute(_FROM_MINUTES, {"since": begin, "until": end})
    for finer, grain in _pairs():
        low, high = floor(begin, grain), min(floor(end - MINUTE, grain) + grain * MINUTE, floor(known, grain))
        cursor.execute("DELETE FROM rollups_folded WHERE grain = %s AND start >= %s AND start < %s", [grain, low, high])
        _fold_finer(cursor, finer, grain, low, high)


def _fold_finer(cursor: Any, finer: int, grain: int, since: datetime, until: datetime) -> None:
    if since < until:
        given = {"grain": grain, "finer": finer, "since": since, "until": until, "origin": ORIGIN}
        cursor.execute(_FROM_FINER, given)


def _pairs() -> list[tuple[int, int]]:
    """(finer, coarser), finest first."""
    ascending = GRAINS[::-1]
    return list(zip(ascending, ascending[1:], strict=False))


def _ranges(late: Iterable[datetime], *, until: datetime | None) -> list[tuple[datetime, datetime]]:
    """Noted minutes that were folded, as ranges without gaps, none longer than a part."""
    found: list[tuple[datetime, datetime]] = []
    for minute in sorted({minute for minute in late if until is not None and minute < until}):
        if found and found[-1][1] == minute and minute - found[-1][0] < MOST_AT_ONCE:
            found[-1] = (found[-1][0], minute + MINUTE)
        else:
            found.append((minute, minute + MINUTE))
    return found
