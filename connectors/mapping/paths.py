"""Plain paths: `customer.email`, `line_items[0].sku`, `$.currency` (from the document), `@` (the item itself).

They compile to closures. Null or absent anywhere on the way is None; a value of the wrong kind is a MappingError.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from connectors.mapping.casts import kind
from connectors.mapping.errors import MappingError

Getter = Callable[[Any], Any]

_STEP = re.compile(r"([^.\[\]\s$@\"']+)|\[(\d{1,6})\]")


def parse(path: str) -> tuple[bool, tuple[str | int, ...]]:
    """(from the document's root?, steps). Raises ValueError."""
    rooted = path == "$" or path.startswith("$.")
    rest = path[2:] if rooted else path
    if rest in ("", "@") and path in ("$", "@"):
        return rooted, ()
    steps: list[str | int] = []
    position = 0
    while position < len(rest):
        match = _STEP.match(rest, position)
        if match is None:
            raise ValueError(f"{path!r} is no path: not understood at {rest[position:]!r}")
        name, index = match.groups()
        steps.append(name if name is not None else int(index))
        position = match.end()
        if rest[position : position + 1] == ".":
            position += 1
            if position == len(rest) or rest[position] == "[":
                raise ValueError(f"{path!r} is no path: a name must follow the point")
        elif position < len(rest) and rest[position] != "[":
            raise ValueError(f"{path!r} is no path: not understood at {rest[position:]!r}")
    if not steps:
        raise ValueError("an empty path names nothing")
    return rooted, tuple(steps)


def getter(steps: tuple[str | int, ...]) -> Getter:
    """Expects an object when the first step is a name (the caller checked)."""
    if not steps:
        return lambda item: item
    if len(steps) == 1 and isinstance(steps[0], str):
        return _one(steps[0])
    if len(steps) == 2 and isinstance(steps[0], str) and isinstance(steps[1], str):
        return _two(steps[0], steps[1])
    return _many(steps)


def _one(name: str) -> Getter:
    def get(item: Any) -> Any:
        return item.get(name)

    return get


def _two(first: str, second: str) -> Getter:
    def get(item: Any) -> Any:
        inner = item.get(first)
        if type(inner) is dict:
            return inner.get(second)
        if inner is None:
            return None
        raise MappingError("", first, f"is {kind(inner)}, not an object")

    return get


def _many(steps: tuple[str | int, ...]) -> Getter:
    def get(item: Any) -> Any:
        for position, step in enumerate(steps):
            if item is None:
                return None
            if type(step) is str:
                if type(item) is not dict:
                    raise MappingError("", shown(steps[:position]), f"is {kind(item)}, not an object")
                item = item.get(step)
            else:
                if type(item) is not list:
                    raise MappingError("", shown(steps[:position]), f"is {kind(item)}, not a list")
                item = item[step] if step < len(item) else None
        return item

    return get


def shown(steps: tuple[str | int, ...], rooted: bool = False) -> str:
    path = "$" if rooted else ""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f".{step}" if path else step
    return path or "@"
