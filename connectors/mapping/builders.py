"""One function an operator: checks its options, compiles its parts, makes its node."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from connectors.mapping import conditions, filters, lists, operators
from connectors.mapping.errors import MappingRefused, join
from connectors.mapping.nodes import Node, Traced, at_root, choice, coalesce, combined, literal

if TYPE_CHECKING:
    from connectors.mapping.language import Compiler

TABLE_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
ARITHMETIC: dict[str, tuple[Callable[..., Any], int, int]] = {
    "add": (operators.add, 1, 50),
    "sub": (operators.subtract, 2, 50),
    "mul": (operators.multiply, 1, 50),
    "div": (operators.divide, 2, 2),
    "neg": (operators.negate, 1, 1),
}


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
    otherwise = _otherwise(rule, at)
    keep, refuse = otherwise == "keep", otherwise == "refuse"
    fallback = otherwise["value"] if isinstance(otherwise, dict) else None
    operand = compiler.rule(rule["lookup"], f"{at}/lookup")
    if "values" in rule:
        name = _values_name(rule, at)
        work = operators.look_up_values(name, fallback, keep, refuse)
        return combined(f"look up in the value table {name}", [operand], work)
    table, name = rule.get("table"), "given here"
    if isinstance(table, str):
        name = table
        table = compiler.tables.get(table)
        if table is None:
            raise MappingRefused(f"{at}/table", f"there is no table {name!r}")
    if not isinstance(table, dict):
        raise MappingRefused(f"{at}/table", "a table is an object, or the name of one")
    return combined(f"look up in {name}", [operand], operators.look_up(table, name, fallback, keep, refuse))


def _otherwise(rule: dict[str, Any], at: str) -> Any:
    otherwise = rule.get("otherwise", "refuse")
    if not (isinstance(otherwise, dict) and set(otherwise) == {"value"}) and otherwise not in ("keep", "refuse"):
        raise MappingRefused(f"{at}/otherwise", 'otherwise is "keep", "refuse" or {"value": …}')
    return otherwise


def _values_name(rule: dict[str, Any], at: str) -> str:
    name = rule["values"]
    if "table" in rule:
        raise MappingRefused(at, "table or values, not both")
    if not isinstance(name, str) or not TABLE_NAME.fullmatch(name):
        raise MappingRefused(f"{at}/values", "values names a value table: small letters, digits and _")
    return name


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


Build = Callable[["Compiler", dict[str, Any], str], Node]
OPERATORS: dict[str, tuple[Build, frozenset[str]]] = {
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
    "lookup": (_lookup, frozenset(("table", "values", "otherwise"))),
    "each": (_each, frozenset(("take", "fields", "where"))),
    "filter": (_filter, frozenset(("where",))),
    "first": (_first, frozenset(("take", "fields", "where"))),
    "count": (_count, frozenset(("where",))),
    "list": (_list, frozenset()),
    "chain": (_chain, frozenset()),
    "fields": (_fields, frozenset(("unless_empty",))),
}
