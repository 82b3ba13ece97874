"""The counted rows of a range as SQL, from sums as coarse as they may be, in the scope and of the picked retailers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import connection

from monitoring.rollups.folding import folded_state
from monitoring.rollups.tiling import RAW, Folded, Tile, tiles
from tenants.context import ALL, require_scope

Retailers = Sequence[int] | None

ANY_STEP: Final = timedelta(days=1)  # for sums over a whole range: every grain divides it
BEGINNING: Final = datetime(2000, 1, 1, tzinfo=UTC)
END: Final = datetime(9000, 1, 1, tzinfo=UTC)
_KEYS: Final = "retailer_id, kind, outcome, connection_key, flow_key, api_version, currency, count, value, histogram"
_RAW: Final = f"""SELECT minute AS at, minute AS last, {_KEYS} FROM rollups_minute
    WHERE minute >= %(since_N)s AND minute < %(until_N)s"""  # noqa: S608 - names are ours
_FOLDED: Final = f"""SELECT start AS at, last, {_KEYS} FROM rollups_folded
    WHERE grain = %(grain_N)s AND start >= %(since_N)s AND start < %(until_N)s"""  # noqa: S608 - names are ours
_CHOSEN: Final = " AND (%(counted_of)s::bigint[] IS NULL OR retailer_id = ANY(%(counted_of)s::bigint[]))"


@dataclass(frozen=True, slots=True)
class Source:
    """`sql` stands in a FROM clause as `({sql}) AS counted`: at, last (the newest minute in it), the keys, the sums."""

    sql: str
    given: dict[str, Any]


def counted(
    since: datetime, until: datetime, *, step: timedelta, retailers: Retailers, folded: Folded | None = None
) -> Source:
    """`folded` may be handed in where several reads follow each other. Cost: one query without it, else none."""
    found = tiles(since, until, step=step, folded=folded_state() if folded is None else folded)
    parts: list[str] = []
    given: dict[str, Any] = {"counted_of": visible(retailers)}
    for number, tile in enumerate(found or [Tile(RAW, since, since)]):
        parts.append(((_RAW if tile.grain == RAW else _FOLDED) + _CHOSEN).replace("_N)", f"_{number})"))
        given |= {f"grain_{number}": tile.grain, f"since_{number}": tile.since, f"until_{number}": tile.until}
    return Source(" UNION ALL ".join(parts), given)


def rows_of(source: Source, sql: str, **given: Any) -> list[tuple[Any, ...]]:
    """`sql` has `{counted}` where the source stands, and its own parameters by name."""
    with connection.cursor() as cursor:
        cursor.execute(sql.replace("{counted}", f"({source.sql}) AS counted"), source.given | given)
        return cursor.fetchall()


def visible(retailers: Retailers) -> list[int] | None:
    """The floor for SQL of our own: the scope's retailers, narrowed to those picked; None for all of the partner's."""
    seen = require_scope().retailers
    if seen == ALL:
        return None if retailers is None else list(retailers)
    return sorted(seen if retailers is None else seen & set(retailers))
