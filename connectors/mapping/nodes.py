"""The parts a compiled map is made of. Each runs twice: `run` for speed, `trace` to say where its value came from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from connectors.mapping.casts import Cast, kind
from connectors.mapping.errors import MappingError, join
from connectors.mapping.paths import Getter

Run = Callable[[Any, Any], Any]  # (item, document) -> value
MAX_SHOWN_PATHS = 20


@dataclass(frozen=True, slots=True)
class Traced:
    value: Any
    paths: tuple[str, ...] = ()


Trace = Callable[[Any, Any, str], Traced]  # (item, document, place of the item) -> value and its paths


class Part(NamedTuple):
    """A part of a result: what follows the field's name ("sku", "[2]", ""), its rule, its item, the item's place."""

    suffix: str
    node: Node
    item: Any
    place: str


Expand = Callable[[Any, Any, str], list[Part] | None]


@dataclass(frozen=True, slots=True)
class Node:
    """One rule.

    `weight` bounds the work of a run per item. `iterates`: it walks a list. `rooted`: it looks at the whole document
    even when it stands inside a list. Both together would be work without bound, and are refused.
    """

    run: Run
    trace: Trace
    text: str
    weight: int = 1
    iterates: bool = False
    rooted: bool = False
    fields: tuple[tuple[str, Node], ...] = ()  # it makes an object of these
    options: tuple[Node, ...] = ()  # it makes what one of these makes, or a list of it
    expand: Expand | None = None  # what it is made of in this document; None for a plain value


def made_of(
    parts: Sequence[Node], run: Run, trace: Trace, text: str, *, iterates: bool = False, rooted: bool = False
) -> Node:
    """A node that inherits what its parts cost and touch."""
    return Node(
        run,
        trace,
        text,
        weight=1 + sum(part.weight for part in parts),
        iterates=iterates or any(part.iterates for part in parts),
        rooted=rooted or any(part.rooted for part in parts),
    )


def literal(value: Any) -> Node:
    return Node(run=lambda item, document: value, trace=lambda item, document, place: Traced(value), text=repr(value))


def from_path(path: str, get: Getter, *, rooted: bool) -> Node:
    """The value at a path, uncast."""
    if rooted:

        def run(item: Any, document: Any) -> Any:
            try:
                return get(document)
            except MappingError as error:
                raise MappingError("", f"$.{error.path}", error.reason) from error

        return made_of((), run, lambda item, document, place: Traced(run(item, document), (path,)), path, rooted=True)

    def run_here(item: Any, document: Any) -> Any:
        return get(item)

    def trace(item: Any, document: Any, place: str) -> Traced:
        return Traced(get(item), (place if path == "@" else join(place, path),))

    return made_of((), run_here, trace, path)


def with_cast(node: Node, cast: Cast, name: str, path: str) -> Node:
    inner = node.run

    def run(item: Any, document: Any) -> Any:
        value = inner(item, document)
        if value is None:
            return None
        try:
            return cast(value)
        except ValueError as error:
            raise MappingError("", path, str(error)) from error

    return _wrapped(node, run, f"{node.text} as {name}")


def path_with_cast(node: Node, get: Getter, cast: Cast, name: str, path: str) -> Node:
    """The commonest rule of all, in one closure instead of two."""

    def run(item: Any, document: Any) -> Any:
        value = get(item)
        if value is None:
            return None
        try:
            return cast(value)
        except ValueError as error:
            raise MappingError("", path, str(error)) from error

    return _wrapped(node, run, f"{node.text} as {name}")


def with_default(node: Node, default: Any) -> Node:
    inner = node.run

    def run(item: Any, document: Any) -> Any:
        value = inner(item, document)
        return default if value is None else value

    return _wrapped(node, run, f"{node.text}, else {default!r}")


def required(node: Node, path: str) -> Node:
    inner = node.run

    def run(item: Any, document: Any) -> Any:
        value = inner(item, document)
        if value is None:
            raise MappingError("", path, "is missing")
        return value

    return _wrapped(node, run, f"{node.text}, required")


def _wrapped(node: Node, run: Run, text: str) -> Node:
    inner = node.trace

    def trace(item: Any, document: Any, place: str) -> Traced:
        return Traced(run(item, document), inner(item, document, place).paths)

    return made_of((node,), run, trace, text)


def combined(name: str, parts: Sequence[Node], work: Callable[[list[Any]], Any]) -> Node:
    """All parts are worked out, then `work` makes one value of them. ValueError becomes a MappingError."""
    runs = [part.run for part in parts]
    text = f"{name}({', '.join(part.text for part in parts)})"

    def run(item: Any, document: Any) -> Any:
        try:
            return work([one(item, document) for one in runs])
        except (ValueError, ArithmeticError) as error:
            error_class, lacking = getattr(error, "error_class", "mapping"), getattr(error, "lacking", None)
            raise MappingError("", text[:200], _reason(error), error_class=error_class, lacking=lacking) from error

    def trace(item: Any, document: Any, place: str) -> Traced:
        traced = [part.trace(item, document, place) for part in parts]
        return Traced(run(item, document), tuple(path for one in traced for path in one.paths)[:MAX_SHOWN_PATHS])

    return made_of(parts, run, trace, text)


def _reason(error: Exception) -> str:
    if isinstance(error, ValueError):
        return str(error)
    return "the numbers cannot be worked out (division by zero, or too large)"


def coalesce(parts: Sequence[Node]) -> Node:
    runs = [part.run for part in parts]

    def run(item: Any, document: Any) -> Any:
        for one in runs:
            value = one(item, document)
            if value is not None:
                return value
        return None

    def trace(item: Any, document: Any, place: str) -> Traced:
        tried: list[str] = []
        for part in parts:
            traced = part.trace(item, document, place)
            if traced.value is not None:
                return traced
            tried.extend(traced.paths)
        return Traced(None, tuple(tried))

    text = f"first of ({', '.join(part.text for part in parts)})"
    return made_of(parts, run, trace, text)


def choice(condition: Node, then: Node, otherwise: Node) -> Node:
    test, yes, no = condition.run, then.run, otherwise.run

    def run(item: Any, document: Any) -> Any:
        return yes(item, document) if test(item, document) else no(item, document)

    def trace(item: Any, document: Any, place: str) -> Traced:
        asked = condition.trace(item, document, place)
        taken = (then if asked.value else otherwise).trace(item, document, place)
        return Traced(taken.value, taken.paths or asked.paths)

    def expand(item: Any, document: Any, place: str) -> list[Part]:
        return [Part("", then if test(item, document) else otherwise, item, place)]

    text = f"if {condition.text} then {then.text} else {otherwise.text}"
    node = made_of((condition, then, otherwise), run, trace, text)
    return replace(node, options=(then, otherwise), expand=expand)


def at_root(node: Node, name: str) -> Node:
    """A named rule (`let`), always worked out on the whole document."""
    inner = node.run

    def run(item: Any, document: Any) -> Any:
        return inner(document, document)

    def trace(item: Any, document: Any, place: str) -> Traced:
        return node.trace(document, document, "")

    return made_of((node,), run, trace, f"{name} ({node.text})", rooted=True)


def expect_object(value: Any, path: str) -> None:
    if type(value) is not dict:
        raise MappingError("", path, f"is {kind(value)}, not an object")
