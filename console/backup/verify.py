"""Whether a partner's ledger is sound: what a restore is judged by. Reads the whole of the partner in scope."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.db import connection

from governance.credentials.envelope import CannotOpen, Sealed, context, unseal
from governance.credentials.keyring import KeyNotHere, Keyring
from governance.credentials.models import Credential
from monitoring.rollups.equation import equation
from monitoring.rollups.reading import ANY_STEP, counted, rows_of
from tenants.context import require_scope

DAY: Final = timedelta(days=1)

# Each counts rows that contradict the sentence. What retention has dropped on one side is not asked for on the other.
_CONTRADICTIONS: Final = {
    "every acknowledged event is one message": (
        """SELECT count(*) FROM ledger_eventkey k
            WHERE k.message_id >= (SELECT ledger_first_id(date_trunc('month', coalesce(min(received_at), now()), 'UTC'))
                FROM ledger_message)
            AND NOT EXISTS (SELECT FROM ledger_message m WHERE m.id = k.message_id)""",
        """SELECT count(*) FROM ledger_message m WHERE m.position > 0
            AND m.received_at >= (SELECT min(created_at) FROM ledger_eventkey)
            AND NOT EXISTS (SELECT FROM ledger_eventkey k WHERE k.message_id = m.id)""",
        "SELECT count(*) FROM (SELECT FROM ledger_eventkey GROUP BY message_id HAVING count(*) > 1) AS twice",
        "SELECT count(*) FROM (SELECT FROM ledger_message GROUP BY position HAVING count(*) > 1) AS twice",
    ),
    "every message has its body": (
        """SELECT count(*) FROM ledger_message m WHERE m.position > 0
            AND m.id >= (SELECT id FROM ledger_payload ORDER BY id LIMIT 1)
            AND NOT EXISTS (SELECT FROM ledger_payload p WHERE p.id = m.id)""",
    ),
    "every delivery is accounted for": (
        """SELECT count(*) FROM ledger_delivery d WHERE state IN ('waiting', 'retrying')
            AND NOT EXISTS (SELECT FROM engine_entry e WHERE e.delivery_id = d.id)""",
        """SELECT count(*) FROM ledger_delivery d WHERE state = 'exception' AND NOT EXISTS (
            SELECT FROM exceptions_exceptionitem e WHERE e.delivery_id = d.id AND e.state IN ('open', 'retrying'))""",
        """SELECT count(*) FROM engine_entry e WHERE NOT EXISTS (
            SELECT FROM ledger_delivery d WHERE d.id = e.delivery_id AND d.state NOT IN ('delivered', 'closed'))""",
        """SELECT count(*) FROM ledger_message m WHERE disposition = '' AND position > 0
            AND position <= (SELECT position FROM engine_head WHERE id = 2)
            AND NOT EXISTS (SELECT FROM ledger_delivery d WHERE d.message_id = m.id)""",
    ),
    "the trail's events hash to their leaves": (
        "SELECT count(*) FROM audit_auditevent WHERE sha256('\\x00'::bytea || canonical) <> leaf",
        "SELECT CASE WHEN count(*) = 0 THEN 1 ELSE 0 END FROM audit_auditevent",
    ),
}
# (in words, kind and outcomes as the rollups count them, the same from the rows)
_SUMS: Final = (
    ("messages", "kind = 'received'", "SELECT count(*) FROM ledger_message"),
    ("repeats", "kind = 'repeated'", "SELECT count(*) FROM ledger_repeat"),
    ("attempts", "kind = 'attempt'", "SELECT count(*) FROM ledger_attempt"),
    (
        "deliveries",
        "kind = 'delivery' AND outcome = 'delivered'",
        "SELECT count(*) FROM ledger_delivery WHERE state = 'delivered'",
    ),
)
_SPAN: Final = "SELECT min(received_at), max(received_at) FROM ledger_message"


@dataclass(frozen=True)
class Check:
    """`wrong`: how many rows contradict it, or by how much two counts differ."""

    sentence: str
    wrong: int
    detail: str = ""

    @property
    def holds(self) -> bool:
        return self.wrong == 0


def ledger_checks(*, at: datetime | None = None) -> list[Check]:
    """Reads the whole ledger, with counts and joins: seconds a million rows."""
    return [*_contradictions(), *_equations(at or datetime.now(UTC)), *_sums()]


def secrets_check(keys: Path) -> tuple[int, int]:
    """(how many active secrets there are, how many of them these keys open)."""
    ring, schema = Keyring(keys), require_scope().schema
    rows = list(Credential.objects.scoped().active())
    return len(rows), sum(_opens(row, ring, schema) for row in rows)


def _opens(row: Credential, ring: Keyring, schema: str) -> bool:
    sealed = Sealed(bytes(row.wrapped_key), bytes(row.ciphertext))
    try:
        unseal(sealed, key=ring.private(row.key_id), bound_to=context(schema, row.pk, row.version))
    except (KeyNotHere, CannotOpen):
        return False
    return True


def _contradictions() -> Iterator[Check]:
    for sentence, queries in _CONTRADICTIONS.items():
        yield Check(sentence, sum(_one(query)[0] for query in queries))


def _equations(until: datetime) -> Iterator[Check]:
    """Day by day, as O1 is read."""
    first, last = _one(_SPAN)
    wrong, days, received = 0, 0, 0
    day = first.replace(hour=0, minute=0, second=0, microsecond=0) if first else until
    while first and day <= last:
        told = equation(day, day + DAY)
        wrong, days, received = wrong + abs(told.difference), days + 1, received + told.received
        day += DAY
    yield Check("received = what became of it, day by day", wrong, f"{received:,} in {days} days")


def _sums() -> Iterator[Check]:
    first, _ = _one(_SPAN)
    if first is None:
        return
    begin = first.replace(second=0, microsecond=0)
    source = counted(begin, datetime.now(UTC) + DAY, step=ANY_STEP, retailers=None)
    for words, condition, query in _SUMS:
        rolled = rows_of(source, f"SELECT coalesce(sum(count), 0)::bigint FROM {{counted}} WHERE {condition}")[0][0]  # noqa: S608
        rows = _one(query)[0]
        yield Check(f"{words}: the rollups say what the ledger says", abs(rolled - rows), f"{rows:,}")


def _one(query: str) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()
