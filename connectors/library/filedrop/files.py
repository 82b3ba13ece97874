"""A store-day file as receipts: one document each, in the order of the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.library.filedrop.layout import TRAILER, decoded, figures, table, totals
from connectors.library.filedrop.manifest import RETURNED, SOLD
from connectors.library.filedrop.names import SIDECAR, named
from connectors.mapping.casts import instant
from connectors.sdk.connector import Subject
from connectors.sdk.files import Control, FileName, FileRecord, ReadFile, UnreadableFile

# Of the receipt, from its first row; all else is a line's.
OF_RECEIPT = ("till", "sold_at", "tender", "original")


class StoreDayFiles:
    def named(self, name: str, config: Mapping[str, str]) -> FileName | None:
        return named(name, config)

    def sidecar(self, name: str, config: Mapping[str, str]) -> str:
        wanted = "sidecar" in (config.get("control"), config.get("whole_when"))
        return name + SIDECAR if wanted else ""

    def control(self, data: bytes) -> Control:
        return figures(decoded(data)[0].replace(",", "\n").splitlines())

    def finished(self, data: bytes, config: Mapping[str, str]) -> bool:
        if (config.get("control") or "trailer") != "trailer":
            return True
        last = decoded(data)[0].rstrip().rpartition("\n")[2]
        return last.startswith(TRAILER)

    def read(self, named: FileName, data: bytes, config: Mapping[str, str]) -> ReadFile:
        """Raises UnreadableFile: not one receipt of a file is taken where one row of it cannot be read."""
        found = table(data, config.get("columns", ""))
        documents = _receipts(named, found.rows, config)
        return ReadFile(
            records=[_record(document) for document in documents],
            rows=len(found.rows),
            total=totals(found.rows),
            encoding=found.encoding,
            control=found.trailer,
        )


def _receipts(
    named: FileName, rows: Iterable[tuple[int, dict[str, str]]], config: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Rows of one receipt need not follow one another: some tills write line by line as they sell."""
    found: dict[str, dict[str, Any]] = {}
    for number, row in rows:
        if not (receipt := row["receipt"]):
            raise UnreadableFile(f"Line {number} names no receipt.")
        known = found.get(receipt)
        if known is None:
            known = found[receipt] = {
                "receipt": receipt,
                "store": named.store,
                "day": named.day.isoformat(),
                "currency": row.get("currency") or config.get("currency", ""),
                **{name: row[name] for name in OF_RECEIPT if row.get(name)},
                "sold_at": _moment(row["sold_at"], number, config.get("timezone", "")),
                "lines": [],
            }
        line = {
            name: value for name, value in row.items() if value and name not in ("receipt", "currency", *OF_RECEIPT)
        }
        known["lines"].append({"line": str(len(known["lines"]) + 1)} | line)
    return list(found.values())


def _moment(text: str, number: int, zone: str) -> str:
    """As text that sorts. A time without an offset is one of the tills' own zone."""
    try:
        moment = datetime.fromisoformat(text)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone or "UTC"))
        return str(instant(aware.isoformat()))
    except (ValueError, OverflowError, ZoneInfoNotFoundError):
        raise UnreadableFile(f"Line {number}, sold_at: {text[:40]!r} is no time.") from None


def _record(document: dict[str, Any]) -> FileRecord:
    topic = RETURNED if all(line["quantity"].startswith("-") for line in document["lines"]) else SOLD
    return FileRecord(document["receipt"], topic, document, subject_of(topic, document))


def subject_of(topic: str, document: Mapping[str, Any]) -> Subject:
    identity = identity_of(document)
    keys = [("order_id" if topic == SOLD else "refund", identity), ("order", document["receipt"])]
    return Subject(
        object_type="order" if topic == SOLD else "refund",
        object_id=identity,
        source_version=document["sold_at"],
        occurred_at=datetime.fromisoformat(document["sold_at"]),
        order_key=document.get("original") or identity,
        business_keys=tuple(keys),
    )


def identity_of(document: Mapping[str, Any]) -> str:
    """Receipt numbers begin anew: the same number of another store or day is another receipt."""
    return f"{document['store']}-{document['day']}-{document['receipt']}"
