"""Values as cells of a file that a spreadsheet will open."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import orjson

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_NUMBER = re.compile(r"^[+-]?\d+(?:[.,]\d+)*$")


def cell(value: Any, zone: ZoneInfo) -> str:
    """Text that no spreadsheet runs as a formula; plain numbers stay numbers; times are ISO 8601 with their offset."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(timespec="milliseconds")
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    if text.startswith(_FORMULA) and not _NUMBER.match(text):
        return f"'{text}"
    return text


def csv_lines(rows: Iterable[Sequence[Any]], zone: ZoneInfo) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerows([[cell(value, zone) for value in row] for row in rows])
    return buffer.getvalue().encode()


def json_lines(names: Sequence[str], rows: Iterable[Sequence[Any]], zone: ZoneInfo) -> bytes:
    return b"".join(
        orjson.dumps(dict(zip(names, [_plain(v, zone) for v in row], strict=True)), option=orjson.OPT_APPEND_NEWLINE)
        for row in rows
    )


def _plain(value: Any, zone: ZoneInfo) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(timespec="milliseconds")
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value if value is None or isinstance(value, int | float | str | list) else str(value)
