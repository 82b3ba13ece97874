"""Rules over lists: each, filter, first, count, list, chain; and the object of named fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from connectors.mapping.casts import kind
from connectors.mapping.errors import MappingError, join
from connectors.mapping.nodes import MAX_SHOWN_PATHS, Node, Part, Run, Traced, expect_object, made_of

MAX_ITEMS = 10_000


def fields_object(fields: Sequence[tuple[str, Node]], *, unless_empty: bool = False) -> Node:
    pairs = tuple((name, node.run) for name, node in fields)

    def run(item: Any, document: Any) -> Any:
        made: dict[str, Any] = {}
        name = ""
        try:
            for name, one in pairs:
                made[name] = one(item, document)
        except MappingError as error:
            raise error.inside(name) from error
        if unless_empty and all(value is None for value in made.values()):
            return None
        return made

    def trace(item: Any, document: Any, place: str) -> Traced:
        paths = tuple(path for _, node in fields for path in node.trace(item, document, place).paths)
        return Traced(run(item, document), paths[:MAX_SHOWN_PATHS])

    def expand(item: Any, document: Any, place: str) -> list[Part] | None:
        if run(item, document) is None:
            return None
        return [Part(name, node, item, place) for name, node in fields]

    made = made_of([node for _, node in fields], run, trace, f"object of {len(fields)} fields")
    return replace(made, fields=tuple(fields), expand=expand)


def items_of(source: Node, where: Node | None) -> Run:
    """The items of a list that pass `where`. Null is an empty list; anything else but a list is refused."""
    get, path = source.run, source.text

    def run(item: Any, document: Any) -> list[Any]:
        found = get(item, document)
        if found is None:
            return []
        if type(found) is not list:
            raise MappingError("", path, f"is {kind(found)}, not a list")
        if len(found) > MAX_ITEMS:
            raise MappingError("", path, f"has {len(found):,} items; at most {MAX_ITEMS:,} are mapped")
        return found

    if where is None:
        return run
    test = where.run

    def passing(item: Any, document: Any) -> list[Any]:
        found = run(item, document)
        try:
            return [one for one in found if test(one, document)]
        except (MappingError, AttributeError):
            return _one_by_one(found, lambda one: one if test(one, document) else None, path, keep=True)

    return passing


def _one_by_one(found: list[Any], work: Any, path: str, *, keep: bool = False) -> list[Any]:
    """The slow way, taken only after an error: the same work with the place of the item that fails."""
    made = []
    for index, one in enumerate(found):
        place = f"[{index}]"
        try:
            value = work(one)
        except MappingError as error:
            raise error.inside(place, f"{path}{place}") from error
        except AttributeError:
            expect_object(one, f"{path}{place}")
            raise
        if not keep or value is not None:
            made.append(value)
    return made


def each(source: Node, take: Node, where: Node | None) -> Node:
    listed, work, path = items_of(source, where), take.run, source.text

    def run(item: Any, document: Any) -> list[Any]:
        found = listed(item, document)
        try:
            return [work(one, document) for one in found]
        except (MappingError, AttributeError):
            return _one_by_one(found, lambda one: work(one, document), path)

    def trace(item: Any, document: Any, place: str) -> Traced:
        paths: list[str] = []
        for where_it_is, one in placed(source, where, item, document, place):
            paths.extend(take.trace(one, document, where_it_is).paths)
        return Traced(run(item, document), tuple(paths[:MAX_SHOWN_PATHS]) or (join(place, path),))

    parts = [part for part in (source, take, where) if part is not None]

    def expand(item: Any, document: Any, place: str) -> list[Part]:
        listed_here = placed(source, where, item, document, place)
        return [Part(f"[{index}]", take, one, where_it_is) for index, (where_it_is, one) in enumerate(listed_here)]

    node = made_of(parts, run, trace, f"each {path}{_where(where)}: {take.text}", iterates=True)
    return replace(node, options=(take,), expand=expand if take.expand else None)


def placed(source: Node, where: Node | None, item: Any, document: Any, place: str) -> list[tuple[str, Any]]:
    """(concrete path, item) of each item that passes, for explanations."""
    everything = items_of(source, None)(item, document)
    base = next(iter(source.trace(item, document, place).paths), place)
    return [
        (f"{base}[]" if source.iterates else f"{base}[{index}]", one)
        for index, one in enumerate(everything)
        if where is None or where.run(one, document)
    ]


def filtered(source: Node, where: Node) -> Node:
    run = items_of(source, where)
    return _of_list(run, source, where, f"{source.text}{_where(where)}")


def first(source: Node, take: Node | None, where: Node | None) -> Node:
    listed, path = items_of(source, where), source.text

    def run(item: Any, document: Any) -> Any:
        found = listed(item, document)[:1]
        if not found or take is None:
            return found[0] if found else None
        return _one_by_one(found, lambda one: take.run(one, document), path)[0]

    def trace(item: Any, document: Any, place: str) -> Traced:
        value = run(item, document)
        for where_it_is, one in placed(source, where, item, document, place):
            return Traced(value, take.trace(one, document, where_it_is).paths if take else (where_it_is,))
        return Traced(value, (join(place, path),))

    parts = [part for part in (source, take, where) if part is not None]
    text = f"first of {path}{_where(where)}" + (f": {take.text}" if take else "")
    return made_of(parts, run, trace, text, iterates=True)


def count(source: Node, where: Node | None) -> Node:
    listed = items_of(source, where)
    text = f"count of {source.text}{_where(where)}"
    return _of_list(lambda item, document: len(listed(item, document)), source, where, text)


def _of_list(run: Run, source: Node, where: Node | None, text: str) -> Node:
    def trace(item: Any, document: Any, place: str) -> Traced:
        return Traced(run(item, document), source.trace(item, document, place).paths)

    return made_of([source, where] if where else [source], run, trace, text, iterates=True)


def chained(parts: Sequence[Node], *, lists: bool) -> Node:
    """One list of the parts' items (`chain`), or of the parts themselves (`list`); nulls fall out."""
    runs = [part.run for part in parts]

    def run(item: Any, document: Any) -> list[Any]:
        found: list[Any] = []
        for one in runs:
            value = one(item, document)
            if value is None:
                continue
            if not lists:
                found.append(value)
            elif type(value) is list:
                found.extend(value)
            else:
                raise MappingError("", "", f"chain joins lists, this is {kind(value)}")
        return found

    def trace(item: Any, document: Any, place: str) -> Traced:
        paths = [path for part in parts for path in part.trace(item, document, place).paths]
        return Traced(run(item, document), tuple(paths[:MAX_SHOWN_PATHS]))

    def expand(item: Any, document: Any, place: str) -> list[Part] | None:
        found: list[Part] = []
        for part in parts:
            inner = _expanded(part, item, document, place) if lists else [Part("", part, item, place)]
            if inner is None:
                return None
            known = inner if lists else [one for one in inner if part.run(item, document) is not None]
            found += [one._replace(suffix=f"[{len(found) + index}]") for index, one in enumerate(known)]
        return found

    text = f"{'chain' if lists else 'list'} of ({', '.join(part.text for part in parts)})"
    node = made_of(parts, run, trace, text, iterates=lists)
    return replace(node, options=tuple(parts), expand=expand if all(part.expand for part in parts) else None)


def _expanded(node: Node, item: Any, document: Any, place: str) -> list[Part] | None:
    """The parts of a list, through the choices that lead to it."""
    parts = node.expand(item, document, place) if node.expand else None
    while parts and len(parts) == 1 and parts[0].suffix == "":
        inner = parts[0]
        parts = inner.node.expand(inner.item, document, inner.place) if inner.node.expand else None
    return parts


def _where(where: Node | None) -> str:
    return f" where {where.text}" if where else ""
