"""Every object as people read it: fields, types in words, what they mean: the comments beside the fields."""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Union, get_args, get_origin

import msgspec

from connectors.canonical.base import Canonical
from connectors.canonical.objects import OBJECTS
from connectors.canonical.rules.meanings import breaches_of
from connectors.canonical.schemas import VERSIONS

_WORDS = {str: "text", bool: "yes or no", int: "whole number", Decimal: "decimal", date: "date", datetime: "time"}

_HEAD = """# Canonical objects

Generated from `connectors/canonical`; `tests/connectors/canonical/test_described.py` says how. Each object has a JSON
Schema under its version, to be had on the console's page *Objects*. A `?` stands after what a connector may leave out:
it is written as well, as null, false or an empty list. Money is text of decimals in the object's `currency`; unknown is
null, never 0. A breach is an invariant that does not hold; the object then becomes an exception that names it.
"""


@dataclass(frozen=True, slots=True)
class FieldShown:
    name: str
    kind: str
    required: bool
    meaning: str


@dataclass(frozen=True, slots=True)
class Part:
    """A Struct: the object itself, or what its fields hold."""

    name: str
    meaning: str
    fields: tuple[FieldShown, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    name: str
    version: str
    parts: tuple[Part, ...]  # the object first
    invariants: tuple[tuple[str, str], ...]

    @property
    def meaning(self) -> str:
        return self.parts[0].meaning


@cache
def described(name: str) -> Shown:
    """Raises KeyError."""
    kinds = dict.fromkeys(_kinds(OBJECTS[name]))
    return Shown(name, VERSIONS[name], tuple(_part(kind) for kind in kinds), breaches_of(name))


def all_described() -> tuple[Shown, ...]:
    return tuple(described(name) for name in OBJECTS)


def _kinds(kind: type[Canonical]) -> Iterator[type[Canonical]]:
    yield kind
    for field in msgspec.structs.fields(kind):
        for held in _held(field.type):
            yield from _kinds(held)


def _held(kind: Any) -> Iterator[type[Canonical]]:
    if isinstance(kind, type) and issubclass(kind, Canonical):
        yield kind
    for one in get_args(kind):
        yield from _held(one)


def _part(kind: type[Canonical]) -> Part:
    comments = _comments(kind)
    fields = tuple(
        FieldShown(field.name, _word(field.type), field.required, comments.get(field.name, ""))
        for field in msgspec.structs.fields(kind)
    )
    return Part(kind.__name__, inspect.cleandoc(kind.__doc__ or ""), fields)


def _word(kind: Any) -> str:
    """`Decimal | None` is "decimal, or unknown", `tuple[OrderLine, ...]` "list of OrderLine"."""
    if isinstance(kind, types.UnionType) or get_origin(kind) is Union:
        return ", or ".join("unknown" if one is type(None) else _word(one) for one in get_args(kind))
    if get_origin(kind) is tuple:
        parts = get_args(kind)
        if parts[-1] is Ellipsis:
            return f"list of {_word(parts[0])}"
        return f"({', '.join(_word(one) for one in parts)})"
    return _WORDS.get(kind) or kind.__name__


def _comments(kind: type) -> dict[str, str]:
    """Of the class and those it stands on: the words after each field."""
    found: dict[str, str] = {}
    for one in reversed(kind.__mro__):
        if issubclass(one, Canonical) and one is not Canonical:
            found |= _comments_of(one)
    return found


def _comments_of(kind: type) -> dict[str, str]:
    source = inspect.cleandoc("\n" + inspect.getsource(kind))
    lines = source.splitlines()
    body = ast.parse(source).body[0]
    fields = [one for one in getattr(body, "body", ()) if isinstance(one, ast.AnnAssign)]
    return {
        one.target.id: lines[(one.end_lineno or 1) - 1].partition("  # ")[2].strip()
        for one in fields
        if isinstance(one.target, ast.Name)
    }


def reference() -> str:
    """The reference in docs/, whole. Generated: nobody edits it by hand."""
    parts = [_HEAD, *(f"- [{name}](#{name}) {VERSIONS[name]}" for name in OBJECTS), ""]
    for shown in all_described():
        parts += [f"## {shown.name}", "", f"Version {shown.version}.", ""]
        parts += [f"- `{name}`: {meaning}" for name, meaning in shown.invariants]
        for part in shown.parts:
            parts += ["", f"### {part.name}", ""]
            parts += [part.meaning, ""] if part.meaning else []
            parts += ["| field | type | meaning |", "|---|---|---|"]
            parts += [
                f"| `{one.name}`{'' if one.required else ' ?'} | {one.kind} | {one.meaning} |" for one in part.fields
            ]
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"
