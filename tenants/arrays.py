"""Columns of values as PostgreSQL's binary arrays: what set-based statements take as `%s::uuid[]`, `%s::text[]` …

psycopg's own list dumper chooses a dumper for each value and writes most types as text, bytes doubled as hex. Here the
type is known, so a value costs a fifth of that (docs/decisions/0007-speed.md). None is NULL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import Any, Final

import psycopg
from psycopg import pq
from psycopg.adapt import Dumper

_NULL: Final = b"\xff\xff\xff\xff"
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_HEAD: Final = Struct(">iiIii")  # dimensions, whether any is NULL, oid of the elements, length, lower bound
_EMPTY: Final = Struct(">iiI")
_LENGTH: Final = Struct(">i")


class Array:
    """One encoded array. Its subclasses, one a type, tell psycopg which type it is."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data


def _uuid(value: Any) -> bytes:
    return b"\0\0\0\x10" + value.bytes


def _packed(layout: str, size: int) -> Callable[[Any], bytes]:
    pack = Struct(layout).pack
    return lambda value: pack(size, value)


def _text(value: str) -> bytes:
    data = value.encode()
    return _LENGTH.pack(len(data)) + data


def _bytea(value: bytes) -> bytes:
    return _LENGTH.pack(len(value)) + value


_moment = Struct(">iq").pack


def _timestamptz(value: datetime) -> bytes:
    since = value - _EPOCH
    return _moment(8, (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


_span = Struct(">iqii").pack


def _interval(value: timedelta) -> bytes:
    return _span(16, value.seconds * 1_000_000 + value.microseconds, value.days, 0)


# type -> (oid of the element, oid of the array, encoder of one value with its length): PostgreSQL's pg_type.dat
_KINDS: Final[dict[str, tuple[int, int, Callable[[Any], bytes]]]] = {
    "uuid": (2950, 2951, _uuid),
    "bigint": (20, 1016, _packed(">iq", 8)),
    "integer": (23, 1007, _packed(">ii", 4)),
    "smallint": (21, 1005, _packed(">ih", 2)),
    "double": (701, 1022, _packed(">id", 8)),
    "boolean": (16, 1000, _packed(">i?", 1)),
    "text": (25, 1009, _text),
    "bytea": (17, 1001, _bytea),
    "timestamptz": (1184, 1185, _timestamptz),
    "interval": (1186, 1187, _interval),
}


def _type(name: str, oid: int) -> type[Array]:
    class Typed(Array):
        __slots__ = ()

    class TypedDumper(Dumper):
        format = pq.Format.BINARY

        def dump(self, obj: Array) -> bytes:
            return obj.data

    Typed.__name__ = f"{name.title()}Array"
    TypedDumper.oid = oid
    psycopg.adapters.register_dumper(Typed, TypedDumper)
    return Typed


_TYPES: Final = {name: _type(name, oid) for name, (_, oid, _) in _KINDS.items()}


def array(kind: str, values: Sequence[Any]) -> Any:
    """`values` as a parameter for `%s::<kind>[]`. Kinds not listed here (numeric) go as psycopg sends a list.

    Raises psycopg.DataError for text that no column takes (half a surrogate pair); NUL is refused by the server.
    """
    if kind not in _KINDS:
        return list(values)
    oid, _, encode = _KINDS[kind]
    try:
        return _TYPES[kind](_encoded(oid, encode, values))
    except UnicodeEncodeError as error:
        raise psycopg.DataError("the text is not valid Unicode") from error


def _encoded(oid: int, encode: Callable[[Any], bytes], values: Sequence[Any]) -> bytes:
    if not values:
        return _EMPTY.pack(0, 0, oid)
    items = [_NULL if value is None else encode(value) for value in values]
    return _HEAD.pack(1, _NULL in items, oid, len(items), 1) + b"".join(items)


def arrays(kinds: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[Any]:
    """Rows turned into one array a column."""
    columns = zip(*rows, strict=True) if rows else [()] * len(kinds)
    return [array(kind, column) for kind, column in zip(kinds, columns, strict=True)]
