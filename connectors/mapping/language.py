"""From the JSON of a map to nodes. Everything that could go wrong with a map itself is refused here, with its place.

A rule is a path ("customer.email"), or an object with exactly one operator and its options. `docs` of each operator:

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

from collections.abc import Callable, Mapping
from typing import Any

from connectors.mapping import conditions, filters, lists, operators, paths
from connectors.mapping.casts import CASTS, kind
from connectors.mapping.errors import MappingRefused, join
from connectors.mapping.nodes import (
    Node,
    Traced,
    at_root,
    choice,
    coalesce,
    combined,
    from_path,
    literal,
    path_with_cast,
    required,
    with_cast,
    with_default,
)
from connectors.mapping.position import escaped

MAX_NESTING = 24
MAX_WEIGHT = 4_000
FINISH = frozenset(("cast", "default", "required"))
ARITHMETIC: dict[str, tuple[Callable[..., Any], int, int]] = {
    "add": (operators.add, 1, 50),
    "sub": (operators.subtract, 2, 50),
    "mul": (operators.multiply, 1, 50),
    "div": (operators.divide, 2, 2),
    "neg": (operators.negate, 1, 1),
}


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
        build, options = _OPERATORS[names[0]]
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
    names = [name for name in rule if name in _OPERATORS]
    return [name for name in names if not any(name in _OPERATORS[other][1] for other in names if other != name)]


def _value(compiler: Compiler, rule: dict[str, Any], at: str) -> Node:
    return literal(conditions.constant(rule["value"], f"{at}/value"))


def _ref(compiler: Compiler, rule: dict[str, Any], at: str) -> Node:
    name = rule["ref"]
    node = compiler.named.get(name) if isinstance(name, str) else None
    if node is None:
        raise MappingRefused(f"{at}/ref", f"no rule {name!r} is named under let before this one")
    if compiler.inside_list and node.iterates:
        raise MappingRefused(f"{at}/ref", f"{name!r} walks a list; inside a list that could take too long")
    return at_root(node, name)


def _jmespath(compiler: Compiler, rule: dict[str, Any], at: str) -> Node:
    if not isinstance(rule["jmespath"], str):
        raise MappingRefused(f"{at}/jmespath", "a filter is text")
    try:
        parsed = filters.compiled(rule["jmespath"])
    except ValueError as error:
        raise MappingRefused(f"{at}/jmespath", str(error)) from error
    path = rule["jmespath"]

    def run(item: Any, document: Any) -> Any:
        return filters.search(parsed, item, path)

    def trace(item: Any, document: Any, place: str) -> Traced:
        return Traced(run(item, document), (join(place, path),))

    return Node(run, trace, path, weight=20, iterates=True)


def _arithmetic(name: str) -> Callable[[Compiler, dict[str, Any], str], Node]:
    work, least, most = ARITHMETIC[name]

    def build(compiler: Compiler, rule: dict[str, Any], at: str) -> Node:
        operand = [rule[name]] if name == "neg" else rule[name]
        return combined(name, compiler.rules(operand, f"{at}/{name}", least, most), operators.arithmetic(work))

    return build


def _sum(compiler: Compiler, rule: dict[str, Any], at: str) -> Node:
    operand = rule["sum"]
    if isinstance(operand, list):
        return combined("sum", compiler.rules(operand, f"{at}/sum", least=2), operators.total)
    return combined("sum", [compiler.source(operand, f"{at}/sum")], operators.total)


def _concat(compiler: Compiler, rule: dict[str, Any], at: str) -> Node:
    separator = rule.get("separator", "")
    if not isinstance(separator, str) or len(separator) > 10:
        raise MappingRefused(f"{at}/separator", "a separator is text of at most ten characters")
    return combined("concat", compiler.rules(rule["concat"], f"{at}/concat"), operators.concatenation(separator))


def _round(compiler: Compiler, rule: dict[str, Any], at: str) -> Node:
    places, mode = rule.get("places", 2), rule.get("mode", "half_up")
    if type(places) is not int or not 0 <= places <= 10:
        raise MappingRefused(f"{at}/places", "places is a whole number from 0 to 10")
    if not isinstance(mode, str) or mode not in operators.ROUNDINGS:
        raise MappingRefused(f"{at}/mode", f"there is no rounding {mode!r}; there are {', '.join(operators.ROUNDINGS)}")
    node = compiler.rule(rule["round"], f"{at}/round")
    return combined(f"round {places} {mode}", [node], operators.arithmetic(operators.rounding(places, mode)))


def _date(compiler: Compiler, rule: dict[str, Any], at: str) -> Node:
    form = rule.get("format", "iso")
    if form not in operators.DATE_FORMATS:
        known = ", ".join(operators.DATE_FORMATS)
        raise MappingRefused(f"{at}/format", f"there is no format {form!r}; there are {known}")
    return combined(f"date {form}", [compiler.rule(rule["date"], f"{at}/date")], operators.dating(form))


def _if(compiler: Compiler, rule: dict[str, Any], at: str) -> Node:
    if "then" not in rule:
        raise MappingRefused(at, "if needs a then")
    then = compiler.rule(rule["then"], f"{at}/then")
    otherwise = compiler.rule(rule["else"], f"{at}/else") if "else" in rule else literal(None)
    return choice(conditions.compiled(compiler, rule["if"], f"{at}/if"), then, otherwise)


def _coalesce(compiler: Compiler, rule: dict[str, Any], at: str) -> Node:
    return coalesce(compiler.rules(rule["coalesce"], f"{at}/coalesce", least=2))


def _lookup(compiler: Compiler, rule: dict[str, Any], at: str) -> Node:
    table, name = rule.get("table"), "given here"
    if isinstance(table, str):
        name = table
        table = compiler.tables.get(table)
        if table is None:
            raise MappingRefused(f"{at}/table", f"there is no table {name!r}")
    if not isinstance(table, dict):
        raise MappingRefused(f"{at}/table", "a table is an object, or the name of one")
    otherwise = rule.get("otherwise", "refuse")
    if not (isinstance(otherwise, dict) and set(otherwise) == {"value"}) and otherwise not in ("keep", "refuse"):
        raise MappingRefused(f"{at}/otherwise", 'otherwise is "keep", "refuse" or {"value": …}')
    fallback = otherwise["value"] if isinstance(otherwise, dict) else None
    work = operators.look_up(table, name, fallback, otherwise == "keep", otherwise == "refuse")
    return combined(f"look up in {name}", [compiler.rule(rule["lookup"], f"{at}/lookup")], work)


def _each(compiler: Compiler, rule: dict[str, Any], at: str) -> Node:
    source, take, where = compiler.over(rule, "each", at)
    if take is None:
        raise MappingRefused(at, "each needs fields or take")
    return lists.each(source, take, where)


def _filter(compiler: Compiler, rule: dict[str, Any], at: str) -> Node:
    source, _, where = compiler.over(rule, "filter", at)
    if where is None:
        raise MappingRefused(at, "filter needs a where")
    return lists.filtered(source, where)


def _first(compiler: Compiler, rule: dict[str, Any], at: str) -> Node:
    return lists.first(*compiler.over(rule, "first", at))


def _count(compiler: Compiler, rule: dict[str, Any], at: str) -> Node:
    source, _, where = compiler.over(rule, "count", at)
    return lists.count(source, where)


def _list(compiler: Compiler, rule: dict[str, Any], at: str) -> Node:
    return lists.chained(compiler.rules(rule["list"], f"{at}/list"), lists=False)


def _chain(compiler: Compiler, rule: dict[str, Any], at: str) -> Node:
    parts = [compiler.local(node, at) for node in compiler.rules(rule["chain"], f"{at}/chain")]
    return lists.chained(parts, lists=True)


def _fields(compiler: Compiler, rule: dict[str, Any], at: str) -> Node:
    unless = rule.get("unless_empty", False)
    if not isinstance(unless, bool):
        raise MappingRefused(f"{at}/unless_empty", "unless_empty is true or false")
    return lists.fields_object(compiler.fields(rule["fields"], f"{at}/fields"), unless_empty=unless)


Build = Callable[[Compiler, dict[str, Any], str], Node]
_OPERATORS: dict[str, tuple[Build, frozenset[str]]] = {
    "path": (_value, frozenset()),
    "value": (_value, frozenset()),
    "ref": (_ref, frozenset()),
    "jmespath": (_jmespath, frozenset()),
    "concat": (_concat, frozenset(("separator",))),
    "sum": (_sum, frozenset()),
    **{name: (_arithmetic(name), frozenset()) for name in ARITHMETIC},
    "round": (_round, frozenset(("places", "mode"))),
    "date": (_date, frozenset(("format",))),
    "if": (_if, frozenset(("then", "else"))),
    "coalesce": (_coalesce, frozenset()),
    "lookup": (_lookup, frozenset(("table", "otherwise"))),
    "each": (_each, frozenset(("take", "fields", "where"))),
    "filter": (_filter, frozenset(("where",))),
    "first": (_first, frozenset(("take", "fields", "where"))),
    "count": (_count, frozenset(("where",))),
    "list": (_list, frozenset()),
    "chain": (_chain, frozenset()),
    "fields": (_fields, frozenset(("unless_empty",))),
}
