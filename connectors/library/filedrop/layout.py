"""The text of a store-day file: bytes to rows, whatever till wrote them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from connectors.sdk.files import Control, UnreadableFile

TRAILER = "TRAILER"
MAX_ROWS = 200_000
REQUIRED = ("receipt", "sold_at", "sku", "quantity", "unit_price")
OPTIONAL = (
    *("till", "line", "description", "discount", "tax_name", "tax_rate", "tax_amount"),
    *("currency", "tender", "original", "original_line"),
)
KNOWN = frozenset((*REQUIRED, *OPTIONAL))


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` without header, trailer and empty lines; each with the number of its line in the file."""

    rows: list[tuple[int, dict[str, str]]]
    trailer: Control | None
    encoding: str


def table(data: bytes, columns: str) -> Table:
    """Raises UnreadableFile."""
    text, encoding = decoded(data)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        header = _header(next(lines, []), columns)
        rows, trailer = [], None
        for cells in lines:
            if trailer is not None and any(cells):
                raise UnreadableFile(f"Line {lines.line_num} follows the trailer.")
            if cells and cells[0].strip() == TRAILER:
                trailer = figures(cells[1:])
            elif any(cell.strip() for cell in cells):
                rows.append((lines.line_num, _row(header, cells, lines.line_num)))
            if len(rows) > MAX_ROWS:
                raise UnreadableFile(f"The file has more than {MAX_ROWS:,} rows.")
    except csv.Error as error:
        raise UnreadableFile(f"Line {lines.line_num} is no CSV: {error}.") from error
    return Table(rows, trailer, encoding)


def decoded(data: bytes) -> tuple[str, str]:
    """UTF-8 with or without its mark, UTF-16 with its mark, else Latin-1, in which every byte is a character."""
    if b"\0" in data and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableFile("The file holds NUL: it is no text.")
    for encoding, applies in (
        ("utf-16", data.startswith((b"\xff\xfe", b"\xfe\xff"))),
        ("utf-8-sig", data.startswith(b"\xef\xbb\xbf")),
        ("utf-8", True),
        ("latin-1", True),
    ):
        if applies:
            try:
                return data.decode(encoding), encoding
            except UnicodeDecodeError:
                continue
    raise UnreadableFile("The file is no text.")


def figures(cells: list[str]) -> Control:
    """Of `rows=12`, `total=345.60`, in any order. Raises UnreadableFile."""
    found = dict(_pairs(cells))
    rows = found.pop("rows", None)
    total = found.pop("total", None)
    if found or (rows is None and total is None):
        raise UnreadableFile("Control figures are rows=… and total=….")
    if rows is not None and not rows.isdecimal():
        raise UnreadableFile(f"The control figures state {rows!r} rows.")
    return Control(None if rows is None else int(rows), None if total is None else number(total, "control total"))


def number(text: str, where: str) -> Decimal:
    """Raises UnreadableFile for what is no plain decimal number with a point."""
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        raise UnreadableFile(f"{where}: {text.strip()[:40]!r} is no number.") from None
    if not value.is_finite() or not -15 <= int(value.as_tuple().exponent) <= 15 or abs(value) >= 10**15:
        raise UnreadableFile(f"{where}: {text.strip()[:40]!r} is no amount.")
    return value


def _pairs(cells: list[str]) -> Iterator[tuple[str, str]]:
    for cell in cells:
        if cell.strip():
            name, _, value = cell.partition("=")
            yield name.strip().lower(), value.strip()


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",;\t|", key=first.count)


def _header(cells: list[str], columns: str) -> list[str]:
    renamed = {name.strip(): ours.strip() for name, _, ours in (pair.partition("=") for pair in columns.split(","))}
    header = [renamed.get(cell.strip(), cell.strip().lower()) for cell in cells]
    if missing := [name for name in REQUIRED if header.count(name) != 1]:
        raise UnreadableFile(f"The first line must name once each: {', '.join(missing)}.")
    return header


def _row(header: list[str], cells: list[str], line: int) -> dict[str, str]:
    if len(cells) != len(header):
        raise UnreadableFile(f"Line {line} has {len(cells)} columns, the first line names {len(header)}.")
    return {name: cell.strip() for name, cell in zip(header, cells, strict=True) if name in KNOWN}


def totals(rows: list[tuple[int, dict[str, str]]]) -> Decimal:
    """What all rows are worth with their taxes; what is taken back counts negative."""
    return sum((worth(row, line) for line, row in rows), Decimal(0))


def worth(row: Mapping[str, str], line: int) -> Decimal:
    net = _amount(row, "quantity", line) * _amount(row, "unit_price", line)
    return net - _amount(row, "discount", line) + _amount(row, "tax_amount", line)


def _amount(row: Mapping[str, str], name: str, line: int) -> Decimal:
    text = row.get(name, "")
    if not text and name not in REQUIRED:
        return Decimal(0)
    return number(text, f"Line {line}, {name}")
