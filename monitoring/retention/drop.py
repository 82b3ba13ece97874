"""A month that nobody needs: counted, detached without a lock, proven, dropped. Every step may be the last one a killed
pass made: the next pass reads from the catalogue where it stands.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import psycopg

from governance.access.principal import Principal
from governance.audit.events import ObjectRef, event_values
from monitoring.retention import acts, kept, settle  # noqa: F401 acts: registers what is recorded here
from monitoring.retention.clocks import RECORDS
from monitoring.retention.due import Month, Part, Shape
from monitoring.retention.holds import LOCK
from monitoring.retention.models import Period

Connection = psycopg.Connection[Any]
_STATE = """
INSERT INTO retention_period (kind, month, low, high, state, changed_at) VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (kind, month) DO UPDATE SET state = excluded.state, changed_at = excluded.changed_at
"""


def begin(connection: Connection, month: Month, *, at: datetime) -> bool:
    """Whether the month goes as a whole. From here on its messages are counted by what is settled.

    The lock makes it one moment with placing a hold.
    """
    with connection.transaction():
        connection.execute(LOCK)
        if kept.anything_kept(connection.cursor(), month):
            return False
        if month.kind == RECORDS:
            settle.settle_month(connection, month)
        set_state(connection, month, Period.State.DROPPING, at)
        return True


def detach(connection: Connection, month: Month) -> None:
    """Waits for transactions that may read the month, 1.5 s each time it is called; nobody waits for us.

    Raises psycopg.errors.LockNotAvailable: come again.
    """
    for part in month.parts.values():
        if part.shape == Shape.ATTACHED:
            connection.execute(f"ALTER TABLE {part.parent} DETACH PARTITION {part.name} CONCURRENTLY")
        elif part.shape == Shape.PENDING:
            connection.execute(f"ALTER TABLE {part.parent} DETACH PARTITION {part.name} FINALIZE")


def finish(connection: Connection, month: Month, *, by: Principal, at: datetime) -> list[Part]:
    """Drop what is detached, with an act for each table in the same transaction; or bring it all back.

    While the month was on its way out a hold may have been placed or a delivery opened again. Returns what was dropped.
    """
    digests = {part.parent: digest(connection, part) for part in month.parts.values()}
    with connection.transaction():
        connection.execute(LOCK)
        if kept.anything_kept(connection.cursor(), month):
            _bring_back(connection, month, by=by, at=at)
            return []
        for part in month.parts.values():
            connection.execute(f"DROP TABLE {part.name}")
            told = {"digest": digests[part.parent][0], "rows": digests[part.parent][1], "bytes": part.bytes}
            told |= {"from": month.start.isoformat(), "until": month.end.isoformat()}
            record(connection, "partition.dropped", part.name, told, by=by, at=at)
        set_state(connection, month, Period.State.DROPPED, at)
    return list(month.parts.values())


def digest(connection: Connection, part: Part) -> tuple[str, int]:
    """(SHA-256 over the rows in the order of their keys, how many). Of a body its length: its message has its hash."""
    key = kept.key_of(part.parent)
    row = "octet_length(body)::text" if part.parent == "ledger_payload" else "md5(t::text)"
    read = f"COPY (SELECT {key}::text, {row} FROM {part.name} AS t ORDER BY {key}) TO STDOUT"  # noqa: S608 - names are ours
    found, rows = hashlib.sha256(), 0
    with connection.cursor() as cursor, cursor.copy(read) as lines:
        for line in lines:
            found.update(line)
            rows += 1
    return found.hexdigest(), rows


def set_state(connection: Connection, month: Month, state: str, at: datetime) -> None:
    connection.execute(_STATE, [month.kind, month.first, month.low, month.high, str(state), at])


def record(
    connection: Connection, action: str, name: str, after: dict[str, Any], *, by: Principal, at: datetime
) -> None:
    """An event of the partner's log, in the transaction of what it tells."""
    values = event_values(action, by=by, object=ObjectRef("partition", name, name), after=after, at=at)
    columns, marks = ", ".join(values), ", ".join(["%s"] * len(values))
    connection.execute(
        f"INSERT INTO audit_auditevent ({columns}) VALUES ({marks})",  # noqa: S608 - names are ours
        list(values.values()),
    )


def _bring_back(connection: Connection, month: Month, *, by: Principal, at: datetime) -> None:
    for part in month.parts.values():
        bounds = f"FOR VALUES FROM ('{month.low}') TO ('{month.high}')"
        connection.execute(f"ALTER TABLE {part.parent} ATTACH PARTITION {part.name} {bounds}")
    settle.unsettle_month(connection, month)
    set_state(connection, month, Period.State.KEPT, at)
    record(connection, "partition.returned", str(month), {"tables": len(month.parts)}, by=by, at=at)
