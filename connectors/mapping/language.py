"""From the JSON of a map to nodes. Everything that could go wrong with a map itself is refused here, with its place.

A rule is a path ("customer.email"), or an object with exactly one operator and its options. The operators:

    path, value, ref            a place in the source; a constant; a rule named under `let`
    concat, lookup, date, round text; a table; a time or date; places and mode
    add sub mul div neg sum     Decimal arithmetic; unknown in, unknown out (sum leaves unknown out)
    if/then/else, coalesce      a choice; the first that is known
    each, filter, first, count  over a list: `take` or `fields` an item, `where` a condition
    list, chain, fields         a list of rules; lists one after another; an object
    jmespath                    selection and filters only

Any rule may end with `cast`, `default`, `required`. Conditions: eq ne lt le gt ge in present absent and or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.mapping import conditions, lists, paths
from connectors.mapping.builders import OPERATORS
from connectors.mapping.casts import CASTS, kind
from connectors.mapping.errors import MappingRefused
from connectors.mapping.nodes import (
    Node,
    from_path,
    path_with_cast,
    required,
    with_cast,
    with_default,
)
from connectors.mapping.position import escaped

MAX_NESTING = 24
MAX_WEIGHT = 4_000
FINISH = frozenset(("cast", "default", "required"))


class Compiler:
    """One definition. `tables` are the look-up tables it may name; `named` the rules of its `let` so far."""

    def __init__(self, tables: Mapping[str, Mapping[str, Any]]) -> None:
        self.tables = tables
        self.named: dict[str, Node] = {}
        self.depth = 0
        self.inside_list = 0

    def fields(self, definition: Any, at: str) -> list[tuple[str, Node]]:
        if not isinstance(definition, dict) or not definition:
            raise MappingRefused(at, "fields must be an object of at least one field")
        return [(name, self.rule(rule, f"{at}/{escaped(name)}")) for name, rule in definition.items()]

    def rule(self, rule: Any, at: str) -> Node:
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise MappingRefused(at, f"rules nest more than {MAX_NESTING} levels deep")
        node = self._rule(rule, at)
        self.depth -= 1
        if node.weight > MAX_WEIGHT:
            raise MappingRefused(at, "this rule is too large: it would do too much work for one document")
        return node

    def _rule(self, rule: Any, at: str) -> Node:
        if isinstance(rule, str):
            return self._path(rule, at, None)
        if not isinstance(rule, dict):
            raise MappingRefused(at, f"a rule is a path or an object, not {kind(rule)}; for a constant use value")
        names = _operators_in(rule)
        if len(names) != 1:
            raise MappingRefused(at, "a rule has exactly one operator" + (f", not {sorted(names)}" if names else ""))
        build, options = OPERATORS[names[0]]
        for name in rule:
            if name != names[0] and name not in options and name not in FINISH:
                raise MappingRefused(f"{at}/{escaped(name)}", f"{names[0]} knows no option {name!r}")
        if names[0] == "path":
            node = self._path(rule["path"], f"{at}/path", rule.get("cast"))
            return self._finished(node, rule, at, str(rule["path"]), cast_done=True)
        node = build(self, rule, at)
        return self._finished(node, rule, at, node.text[:200], cast_done=False)

    def _finished(self, node: Node, rule: dict[str, Any], at: str, path: str, *, cast_done: bool) -> Node:
        name = rule.get("cast")
        if name is not None and not cast_done:
            node = with_cast(node, CASTS[self._cast(name, at)], name, path)
        if "default" in rule:
            node = with_default(node, self._default(rule["default"], name, f"{at}/default"))
        if rule.get("required", False) is not False:
            if rule["required"] is not True:
                raise MappingRefused(f"{at}/required", "required is true or false")
            node = required(node, path)
        return node

    def _default(self, value: Any, cast: Any, at: str) -> Any:
        """A default is written as the source would write it, so it is cast like the source."""
        value = conditions.constant(value, at)
        if value is None or cast is None:
            return value
        try:
            made = CASTS[cast](value)
        except ValueError as error:
            raise MappingRefused(at, str(error)) from error
        return value if made is None else made

    def _cast(self, name: Any, at: str) -> str:
        if not isinstance(name, str) or name not in CASTS:
            raise MappingRefused(f"{at}/cast", f"there is no cast {name!r}; there are {', '.join(CASTS)}")
        return str(name)

    def _path(self, path: Any, at: str, cast: Any) -> Node:
        if not isinstance(path, str):
            raise MappingRefused(at, f"a path is text, not {kind(path)}")
        try:
            rooted, steps = paths.parse(path)
        except ValueError as error:
            raise MappingRefused(at, str(error)) from error
        get = paths.getter(steps)
        node = from_path(path, get, rooted=rooted)
        if cast is None:
            return node
        name = self._cast(cast, at.removesuffix("/path"))
        if rooted:
            return with_cast(node, CASTS[name], name, path)
        return path_with_cast(node, get, CASTS[name], name, path)

    def rules(self, definition: Any, at: str, least: int = 1, most: int = 50) -> list[Node]:
        if not isinstance(definition, list) or not least <= len(definition) <= most:
            raise MappingRefused(at, f"a list of {least} to {most} rules is expected")
        return [self.rule(rule, f"{at}/{index}") for index, rule in enumerate(definition)]

    def source(self, definition: Any, at: str) -> Node:
        return self.local(self.rule(definition, at), at)

    def local(self, node: Node, at: str) -> Node:
        if self.inside_list and node.rooted:
            raise MappingRefused(at, "inside a list, a list must come from the item itself")
        return node

    def over(self, rule: dict[str, Any], name: str, at: str) -> tuple[Node, Node | None, Node | None]:
        """(list, what to take of an item, condition)."""
        source = self.source(rule[name], f"{at}/{name}")
        self.inside_list += 1
        take = where = None
        if "take" in rule and "fields" in rule:
            raise MappingRefused(at, "take or fields, not both")
        if "take" in rule:
            take = self.rule(rule["take"], f"{at}/take")
        if "fields" in rule:
            take = lists.fields_object(self.fields(rule["fields"], f"{at}/fields"))
        if "where" in rule:
            where = conditions.compiled(self, rule["where"], f"{at}/where")
        self.inside_list -= 1
        return source, take, where


def _operators_in(rule: dict[str, Any]) -> list[str]:
    """The operators a rule names; `fields` beside `each` or `first` is an option of theirs."""
    names = [name for name in rule if name in OPERATORS]
    return [name for name in names if not any(name in OPERATORS[other][1] for other in names if other != name)]
