"""Does a map fit the Struct it is for? Names are checked when the map is compiled, not with the first message."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from connectors.mapping.errors import MappingRefused
from connectors.mapping.nodes import Node
from connectors.mapping.position import escaped


def check(node: Node, target: type[msgspec.Struct], at: str) -> None:
    """Raises MappingRefused for a field the target does not have, or a required one the map leaves out."""
    hints = get_type_hints(target)
    fields = {field.encode_name: field for field in msgspec.structs.fields(target)}
    for name, child in node.fields:
        if name not in fields:
            raise MappingRefused(f"{at}/{escaped(name)}", f"{target.__name__} has no field {name!r}")
        inner = _struct_in(hints[fields[name].name])
        if inner is not None:
            for made in _objects_of(child):
                check(made, inner, f"{at}/{escaped(name)}")
    given = {name for name, _ in node.fields}
    missing = [name for name, field in fields.items() if field.required and name not in given]
    if missing:
        raise MappingRefused(at, f"{target.__name__} needs {', '.join(missing)}")


def _objects_of(node: Node) -> list[Node]:
    """The objects a rule may make, by any of its branches."""
    if node.fields:
        return [node]
    return [made for option in node.options for made in _objects_of(option)]


def _struct_in(hint: Any) -> type[msgspec.Struct] | None:
    """The Struct within `X | None`, `tuple[X, ...]` or `X`."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint
    if get_origin(hint) in (Union, UnionType, tuple, list):
        for part in get_args(hint):
            if part is not NoneType and part is not Ellipsis:
                found = _struct_in(part)
                if found is not None:
                    return found
    return None
