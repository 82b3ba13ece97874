"""Whether a partner's ledger is sound: what a restore is judged by. Reads the whole of the partner in scope."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.db import connection

from governance.credentials.envelope import CannotOpen, Sealed, context, unseal
from governance.credentials.keyring import KeyNotHere, Keyring
from governance.credentials.models import Credential
from monitoring.retention.clocks import PAYLOAD, RECORDS
from monitoring.rollups.equation import equation
from monitoring.rollups.reading import ANY_STEP, counted, rows_of
from tenants.context import require_scope

DAY: Final = timedelta(days=1)

# Where the months begin of which retention has removed nothing; what is older may be there in part.
_WHOLE_SINCE: Final = """SELECT coalesce(max(month) + interval '1 month', '2000-01-01') AT TIME ZONE 'UTC'
    FROM retention_period WHERE kind = '{kind}'"""
_RECORDS_SINCE: Final = _WHOLE_SINCE.format(kind=RECORDS)
_BODIES_SINCE: Final = _WHOLE_SINCE.format(kind=PAYLOAD)

# Each counts rows that contradict the sentence.
_CONTRADICTIONS: Final = {
    "every acknowledged event is one message": (
        f"""SELECT count(*) FROM ledger_eventkey k WHERE k.message_id >= ledger_first_id(({_RECORDS_SINCE}))
            AND NOT EXISTS (SELECT FROM ledger_message m WHERE m.id = k.message_id)""",  # noqa: S608 - ours
        """SELECT count(*) FROM ledger_message m WHERE m.position > 0
            AND m.received_at >= (SELECT min(created_at) FROM ledger_eventkey)
            AND NOT EXISTS (SELECT FROM ledger_eventkey k WHERE k.message_id = m.id)""",
        "SELECT count(*) FROM (SELECT FROM ledger_eventkey GROUP BY message_id HAVING count(*) > 1) AS twice",
        "SELECT count(*) FROM (SELECT FROM ledger_message GROUP BY position HAVING count(*) > 1) AS twice",
    ),
    "every message has its body": (
        f"""SELECT count(*) FROM ledger_message m WHERE m.position > 0 AND m.id >= ledger_first_id(({_BODIES_SINCE}))
            AND NOT EXISTS (SELECT FROM ledger_payload p WHERE p.id = m.id)""",  # noqa: S608 - ours
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
_ARRIVALS: Final = (
    ("messages", "kind = 'received'", "SELECT count(*) FROM ledger_message WHERE received_at >= %s"),
    ("repeats", "kind = 'repeated'", "SELECT count(*) FROM ledger_repeat WHERE received_at >= %s"),
)
# Of what arrived in one month and was worked on in the next, retention leaves a part.
_WORK: Final = (
    ("attempts", "kind = 'attempt'", "SELECT count(*) FROM ledger_attempt"),
    (
        "deliveries",
        "kind = 'delivery' AND outcome = 'delivered'",
        "SELECT count(*) FROM ledger_delivery WHERE state = 'delivered'",
    ),
)
_EVER: Final = datetime(2000, 1, 1, tzinfo=UTC)
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
    first, last = _one(_SPAN)
    (whole_since,) = _one(_RECORDS_SINCE)
    if first is None or last < whole_since:
        return
    begin = max(first.replace(second=0, microsecond=0), whole_since)
    arrivals = [(words, condition, query, [begin]) for words, condition, query in _ARRIVALS]
    work = [] if whole_since > _EVER else [(*one, []) for one in _WORK]
    source = counted(begin, datetime.now(UTC) + DAY, step=ANY_STEP, retailers=None)
    for words, condition, query, given in [*arrivals, *work]:
        rolled = rows_of(source, f"SELECT coalesce(sum(count), 0)::bigint FROM {{counted}} WHERE {condition}")[0][0]  # noqa: S608
        rows = _one(query, given)[0]
        yield Check(f"{words}: the rollups say what the ledger says", abs(rolled - rows), f"{rows:,}")


def _one(query: str, given: Sequence[Any] = ()) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(query, given or None)
        return cursor.fetchone()
