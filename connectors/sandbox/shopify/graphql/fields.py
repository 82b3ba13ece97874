"""How a GraphQL field is read from a REST document: plain, enumeration, time, money, list, page."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connectors.sandbox.shopify.render.parts import gid
from connectors.sandbox.shopify.throttle import LeakyBucket

Source = dict[str, Any]
Resolver = Callable[[Source, dict[str, Any], "Context"], Any]
PAGING = frozenset({"first", "last", "after", "before", "reverse"})


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a connection: nodes with their cursors."""

    nodes: Sequence[Source]
    cursors: Sequence[str]
    has_next: bool
    has_previous: bool


@dataclass(slots=True)
class Context:
    """What resolvers may reach: the shop's reads and writes, and the scopes of the token that asks."""

    shop: Any
    scopes: frozenset[str]
    version: str
    supported: tuple[str, ...]
    bucket: LeakyBucket
    warnings: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class FieldType:
    resolve: Resolver
    of: str = ""  # the object type; "" for a scalar
    connection: bool = False
    arguments: frozenset[str] = frozenset()
    scope: str = ""


ObjectType = dict[str, FieldType]


def snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda m: f"_{m.group(1).lower()}", name)


def utc(text: str | None) -> str | None:
    if text is None:
        return None
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def short_decimal(text: str) -> str:
    """GraphQL's Decimal drops trailing zeros but keeps one: "12.30" is sent as "12.3", "5.00" as "5.0"."""
    shortest = f"{Decimal(text).normalize():f}"
    return shortest if "." in shortest else f"{shortest}.0"


def plain(*names: str) -> ObjectType:
    return {name: reading(snake(name)) for name in names}


def reading(key: str) -> FieldType:
    return FieldType(lambda source, _a, _c: source.get(key))


def upper(*names: str, **keys: str) -> ObjectType:
    """Enumerations: the REST word in capitals."""
    return {name: _capitals(key) for name, key in ({name: snake(name) for name in names} | keys).items()}


def times(*names: str) -> ObjectType:
    return {name: _time(snake(name)) for name in names}


def bags(*names: str, **keys: str) -> ObjectType:
    """Amounts in both currencies: `totalPriceSet` reads `total_price_set`."""
    return {name: one("MoneyBag", key) for name, key in ({name: snake(name) for name in names} | keys).items()}


def _capitals(key: str) -> FieldType:
    return FieldType(lambda source, _a, _c: source[key].upper() if source.get(key) else None)


def _time(key: str) -> FieldType:
    return FieldType(lambda source, _a, _c: utc(source.get(key)))


def one(of: str, key: str) -> FieldType:
    return FieldType(lambda source, _a, _c: source.get(key), of=of)


def connection(of: str, key: str) -> FieldType:
    """A list inside a document, paged by index."""
    return FieldType(
        lambda source, arguments, _c: slice_page(source.get(key) or [], arguments),
        of=of,
        connection=True,
        arguments=PAGING,
    )


def slice_page(nodes: Sequence[Source], arguments: dict[str, Any]) -> Page:
    nodes = list(reversed(nodes)) if arguments.get("reverse") else list(nodes)
    start = int(arguments["after"]) + 1 if arguments.get("after") else 0
    end = int(arguments["before"]) if arguments.get("before") else len(nodes)
    if arguments.get("first") is not None:
        end = min(end, start + int(arguments["first"]))
    elif arguments.get("last") is not None:
        start = max(start, end - int(arguments["last"]))
    return Page(nodes[start:end], [str(i) for i in range(start, end)], end < len(nodes), start > 0)


def global_id(kind: str, key: str = "id") -> FieldType:
    return FieldType(lambda source, _a, _c: gid(kind, source[key]) if source.get(key) else None)


def number(key: str) -> FieldType:
    return FieldType(lambda source, _a, _c: short_decimal(str(source[key])))
