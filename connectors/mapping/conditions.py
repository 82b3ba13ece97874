"""Conditions of `if` and `where`: one comparison, or `and`, `or`, `not` of conditions. Never short of an answer."""

from __future__ import annotations

from typing import Any, Protocol

from connectors.mapping import operators
from connectors.mapping.casts import kind
from connectors.mapping.errors import MappingRefused
from connectors.mapping.nodes import Node, combined, literal
from connectors.mapping.position import escaped

COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")


class Rules(Protocol):
    def rule(self, rule: Any, at: str) -> Node: ...


def compiled(rules: Rules, definition: Any, at: str) -> Node:
    """A node that is true or false. Raises MappingRefused."""
    if not isinstance(definition, dict) or len(definition) != 1:
        raise MappingRefused(at, "a condition is an object with exactly one comparison")
    ((name, operand),) = definition.items()
    at = f"{at}/{escaped(name)}"
    if name in COMPARISONS:
        return _comparison(rules, name, operand, at)
    if name == "present":
        return combined(name, [rules.rule(operand, at)], lambda values: values[0] is not None)
    if name == "absent":
        return combined(name, [rules.rule(operand, at)], lambda values: values[0] is None)
    if name == "in":
        return _membership(rules, operand, at)
    if name == "not":
        return combined(name, [compiled(rules, operand, at)], lambda values: not values[0])
    if name in ("and", "or"):
        if not isinstance(operand, list) or not 1 <= len(operand) <= 20:
            raise MappingRefused(at, "a list of 1 to 20 conditions is expected")
        parts = [compiled(rules, one, f"{at}/{index}") for index, one in enumerate(operand)]
        return combined(name, parts, all if name == "and" else any)
    raise MappingRefused(at, f"there is no comparison {name!r}")


def constant(value: Any, at: str) -> Any:
    if isinstance(value, (dict, list)):
        raise MappingRefused(at, "a constant is text, a number, true, false or null")
    return value


def _operand(rules: Rules, definition: Any, at: str) -> Node:
    """A number, true, false or null stands for itself; text is a path."""
    if isinstance(definition, (str, dict, list)):
        return rules.rule(definition, at)
    return literal(definition)


def _comparison(rules: Rules, name: str, operand: Any, at: str) -> Node:
    if not isinstance(operand, list) or len(operand) != 2:
        raise MappingRefused(at, f"{name} compares two things")
    parts = [_operand(rules, one, f"{at}/{index}") for index, one in enumerate(operand)]
    return combined(name, parts, lambda values: operators.compare(name, values[0], values[1]))


def _membership(rules: Rules, operand: Any, at: str) -> Node:
    if not isinstance(operand, list) or len(operand) != 2 or not isinstance(operand[1], list):
        raise MappingRefused(at, "in takes a rule and a list of constants")
    known = frozenset(constant(one, f"{at}/1/{index}") for index, one in enumerate(operand[1]))
    node = rules.rule(operand[0], f"{at}/0")

    def work(values: list[Any]) -> bool:
        if isinstance(values[0], (dict, list)):
            raise ValueError(f"{kind(values[0])} is in no list of constants")
        return values[0] in known

    return combined(f"in {sorted(map(str, known))}", [node], work)
