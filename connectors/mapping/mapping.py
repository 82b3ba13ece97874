"""A compiled map: run it on a document, or let it explain itself field by field."""

from __future__ import annotations

from collections.abc import Mapping as Table
from dataclasses import dataclass
from typing import Any

import msgspec

from connectors.mapping import shapes
from connectors.mapping.casts import kind
from connectors.mapping.errors import MappingError, MappingRefused, join
from connectors.mapping.language import Compiler
from connectors.mapping.lists import fields_object
from connectors.mapping.nodes import Node, Part
from connectors.mapping.position import escaped, line_of, lines_by_pointer
from connectors.sdk import safe_json

MAX_DEFINITION_BYTES = 200_000
_KNOWN_KEYS = frozenset(("object", "about", "let", "fields", "tables"))


@dataclass(frozen=True, slots=True)
class Explained:
    """One field of a result. `path` names where in the source it was read, all places separated by commas."""

    field: str
    value: Any
    path: str
    rule: str


class Mapping:
    """Immutable and free of state: one instance serves all threads."""

    def __init__(self, name: str, node: Node, target: type[msgspec.Struct] | None) -> None:
        self.name = name
        self.target = target
        self._node = node

    def values(self, document: Any) -> dict[str, Any]:
        """The mapped fields as plain values. Raises MappingError."""
        if type(document) is not dict:
            raise MappingError("", "$", f"is {kind(document)}, not an object")
        made: dict[str, Any] = self._node.run(document, document)
        return made

    def run(self, document: Any) -> Any:
        """The target's Struct (checked against its types), or a dict for a map without one. Raises MappingError."""
        values = self.values(document)
        if self.target is None:
            return values
        try:
            return msgspec.convert(values, self.target)
        except msgspec.ValidationError as error:
            reason, _, place = str(error).partition(" - at ")
            field = place.strip("`").removeprefix("$.")
            raise MappingError(field, self._path_of(field, document), _plain(reason)) from error

    def explain(self, document: Any) -> list[Explained]:
        """Every field of the result: value, concrete path it came from, rule. Raises MappingError."""
        self.values(document)
        rows: list[Explained] = []
        _explain(Part("", self._node, document, ""), document, "", rows)
        return rows

    def _path_of(self, field: str, document: Any) -> str:
        return next((row.path for row in self.explain(document) if row.field == field), "")


def _explain(part: Part, document: Any, field: str, rows: list[Explained]) -> None:
    inner = part.node.expand(part.item, document, part.place) if part.node.expand else None
    if inner is None:
        traced = part.node.trace(part.item, document, part.place)
        rows.append(Explained(field, traced.value, ", ".join(dict.fromkeys(traced.paths)), part.node.text))
        return
    for one in inner:
        _explain(one, document, join(field, one.suffix), rows)


def _plain(reason: str) -> str:
    if reason.startswith("Expected") and "got `null`" in reason:
        return "is missing"
    return reason.replace("`", "")


def compile_map(
    definition: str | bytes | dict[str, Any],
    *,
    target: type[msgspec.Struct] | None = None,
    tables: Table[str, Table[str, Any]] | None = None,
) -> Mapping:
    """A definition (JSON text, or what it parses to) as a Mapping.

    `target` is the Struct the result becomes; its field names are checked here, its types with every result.
    `tables` are look-up tables from outside, beside the map's own.

    Raises:
        MappingRefused: with JSON pointer, line (when `definition` is text) and reason.
    """
    if isinstance(definition, dict):
        return _compiled(definition, target, tables or {})
    text = definition.decode() if isinstance(definition, bytes) else definition
    try:
        parsed = safe_json.parse(text.encode(), max_bytes=MAX_DEFINITION_BYTES)
    except safe_json.UnreadablePayload as error:
        raise MappingRefused("", error.reason) from error
    try:
        return _compiled(parsed, target, tables or {})
    except MappingRefused as error:
        line = line_of(error.pointer, lines_by_pointer(text))
        raise MappingRefused(error.pointer, error.reason, line) from error


def _compiled(definition: Any, target: type[msgspec.Struct] | None, tables: Table[str, Table[str, Any]]) -> Mapping:
    if not isinstance(definition, dict):
        raise MappingRefused("", f"a map is an object, not {kind(definition)}")
    for key in definition:
        if key not in _KNOWN_KEYS:
            raise MappingRefused(f"/{escaped(key)}", f"a map has no part {key!r}")
    compiler = Compiler({**tables, **_own_tables(definition.get("tables", {}))})
    for name, rule in _let(definition.get("let", {})).items():
        compiler.named[name] = compiler.rule(rule, f"/let/{escaped(name)}")
    node = fields_object(compiler.fields(definition.get("fields"), "/fields"))
    if target is not None:
        shapes.check(node, target, "/fields")
    return Mapping(str(definition.get("object", "")), node, target)


def _let(definition: Any) -> dict[str, Any]:
    if not isinstance(definition, dict) or len(definition) > 50:
        raise MappingRefused("/let", "let is an object of at most 50 named rules")
    return definition


def _own_tables(definition: Any) -> dict[str, dict[str, Any]]:
    if not isinstance(definition, dict) or not all(isinstance(table, dict) for table in definition.values()):
        raise MappingRefused("/tables", "tables is an object of objects")
    return definition
