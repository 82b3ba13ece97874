"""What changed in the table since: by (updated_at, id), page by page, with an overlap for what was committed late.

A transaction writes its row's time when it works and shows the row when it commits: an older row may show after a
newer one was read. So each reading begins `overlap` before the newest row seen; the engine drops what it has. The
place never passes the database's own clock: a row dated into the future hides nothing that comes after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from connectors.library.sqltable import client
from connectors.library.sqltable.client import Row
from connectors.library.sqltable.manifest import CHANGED, manifest
from connectors.mapping.casts import instant
from connectors.sdk import safe_json
from connectors.sdk.connector import Subject
from connectors.sdk.errors import Misconfigured
from connectors.sdk.polling import Found, Page, Stream, TableCall, every

ROWS: Final = "rows"
USUAL: Final = timedelta(seconds=60)
OVERLAP: Final = timedelta(minutes=5)
LONGEST_OVERLAP: Final = timedelta(days=7)
NOTHING: Final = Subject(object_type="", object_id="", source_version="")


class TablePolls:
    def streams(self, config: Mapping[str, str]) -> Sequence[Stream]:
        return (Stream(ROWS, "Rows that changed", every(config, "look_every", usual=USUAL)),)

    async def page(self, call: TableCall, stream: str, state: Mapping[str, str], *, start: datetime) -> Page:
        """State: `seen`, up to which all was read; within a reading also `since`, its beginning, and (`at`, `id`).

        Raises: ConnectorError.
        """
        seen = _moment(state.get("seen")) or start
        since = _moment(state.get("since")) or seen - overlap(call.config)
        after = (state["at"], state["id"]) if "at" in state and "id" in state else None
        columns = (await client.layout(call)).columns
        rows, whole = await client.rows_after(call, columns, since, after, limit=client.PAGE + 1)
        _refuse_same_place(rows, columns["id"])
        more = len(rows) > client.PAGE or not whole
        read = rows[:-1] if more and len(rows) > 1 else rows  # the last one was to be compared with
        then = {"seen": max([seen, *(min(row.updated_at, row.as_of) for row in read)]).isoformat()}
        if more:
            last = read[-1]
            then |= {"since": since.isoformat(), "at": last.updated_at.isoformat(), "id": last.id}
        return Page([found(row) for row in read], then, more, manifest.api_versions[0].name)


def overlap(config: Mapping[str, str]) -> timedelta:
    return min(LONGEST_OVERLAP, every(config, "overlap", usual=OVERLAP, least=timedelta(0)) or OVERLAP)


def found(row: Row) -> Found:
    """The row under our names, with its time as UTC whatever their column's type is."""
    document: dict[str, Any] = dict(safe_json.parse(row.text.encode()))
    document["id"] = row.id
    document["updated_at"] = instant(row.updated_at.isoformat())
    if isinstance(document.get("lines"), str):
        try:
            document["lines"] = safe_json.parse(document["lines"].encode())
        except safe_json.UnreadablePayload as error:
            return Found(CHANGED, document, NOTHING, unreadable=f"The row's lines are no JSON: {error}")
    return Found(CHANGED, document, subject_of(document))


def subject_of(document: Mapping[str, Any]) -> Subject:
    return Subject(
        object_type="order",
        object_id=document["id"],
        source_version=document["updated_at"],
        order_key=document["id"],
        occurred_at=datetime.fromisoformat(document["updated_at"]),
        business_keys=(("order_id", document["id"]), ("order", str(document.get("number") or document["id"]))),
    )


def _refuse_same_place(rows: Sequence[Row], column: str) -> None:
    """Between pages one of them would be skipped."""
    for before, row in zip(rows, rows[1:], strict=False):
        if (before.updated_at, before.id) == (row.updated_at, row.id):
            raise Misconfigured(f"Two rows have the same {column} ({row.id[:80]}): it must name one row only.")


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
