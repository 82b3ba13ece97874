"""Pure: routing rules from JSON, and what they say of a message. The first rule that applies decides.

    {"rules": [
        {"name": "Test orders", "when": {"eq": ["body.test", true]}, "then": {"filter": "never in the books"}},
        {"name": "Large orders", "when": {"ge": ["body.total_price", 5000]}, "then": {"hold": "a person looks first"}},
        {"name": "Tills", "when": {"eq": ["body.source_name", {"value": "pos"}]}, "then": {"route": ["tills-to-erp"]}}
    ]}

Conditions are those of the mapping language. Paths begin at `topic`, `object_type`, `object_id`, `door`, `api_version`
or `body`, the payload as it came. Without a rule that applies, a message goes to every flow that takes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from connectors.mapping import conditions
from connectors.mapping.errors import MappingError, MappingRefused
from connectors.mapping.language import Compiler
from connectors.mapping.nodes import Node
from connectors.mapping.position import line_of, lines_by_pointer
from connectors.sdk import safe_json

MAX_RULES: Final = 100
MAX_BYTES: Final = 100_000
MAX_NAME: Final = 80
MAX_WHY: Final = 200


@dataclass(frozen=True, slots=True)
class Ruling:
    """What becomes of one message. `text` names the rule, its version and why; "" where none applies."""

    text: str = ""
    rule: str = ""
    filtered: bool = False
    held: bool = False
    flows: frozenset[str] | None = None  # only to these, by key; None: to all that take it

    @property
    def words(self) -> str:
        if self.filtered:
            return "filtered"
        if self.held:
            return "held for a person"
        if self.flows is not None:
            return f"only to {', '.join(sorted(self.flows))}"
        return "to every flow that takes it"


AS_USUAL: Final = Ruling()


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    when: Node
    filtered: bool
    held: bool
    flows: frozenset[str] | None
    why: str

    def ruling(self, version: str) -> Ruling:
        text = f"Rule “{self.name}” of {version}" + (f": {self.why}" if self.why else "")
        return Ruling(text, self.name, self.filtered, self.held, self.flows)


@dataclass(frozen=True, slots=True)
class Rules:
    """Compiled. `version` is how its rulings name it, e.g. "version 3"."""

    version: str
    rules: tuple[Rule, ...]
    broken: str = ""  # why they cannot be read: then everything is held

    def ruling(self, document: Mapping[str, Any]) -> Ruling:
        """Total: what a rule cannot read is held for a person and says why, for it might be what the rule is for."""
        if self.broken:
            return Ruling(f"The routing rules of {self.version} cannot be read: {self.broken}", held=True)
        for rule in self.rules:
            try:
                applies = rule.when.run(document, document)
            except (MappingError, ValueError, TypeError, ArithmeticError) as error:
                text = f"Rule “{rule.name}” of {self.version} cannot be applied: {error}"
                return Ruling(text, rule.name, held=True)
            if applies:
                return rule.ruling(self.version)
        return AS_USUAL


def compile_rules(definition: str | Mapping[str, Any], *, version: str, flows: Sequence[str] | None) -> Rules:
    """From JSON text or what it parses to. `flows`: the keys a rule may route to; None: not checked.

    Raises MappingRefused: with place, line (of text) and reason.
    """
    if not isinstance(definition, str):
        return _compiled(definition, version, flows)
    try:
        parsed = safe_json.parse(definition.encode(), max_bytes=MAX_BYTES)
    except safe_json.UnreadablePayload as error:
        raise MappingRefused("", error.reason) from error
    try:
        return _compiled(parsed, version, flows)
    except MappingRefused as error:
        line = line_of(error.pointer, lines_by_pointer(definition))
        raise MappingRefused(error.pointer, error.reason, line) from error


def parsed(definition: str) -> dict[str, Any]:
    """Of a text that `compile_rules` took."""
    document: dict[str, Any] = safe_json.parse(definition.encode(), max_bytes=MAX_BYTES)
    return document


def _compiled(definition: Any, version: str, flows: Sequence[str] | None) -> Rules:
    if not isinstance(definition, dict) or set(definition) != {"rules"} or not isinstance(definition["rules"], list):
        raise MappingRefused("", 'an object with one list is expected: {"rules": [...]}')
    found = definition["rules"]
    if not 1 <= len(found) <= MAX_RULES:
        raise MappingRefused("/rules", f"1 to {MAX_RULES} rules are expected")
    compiler = Compiler({})
    rules = tuple(_rule(compiler, one, f"/rules/{place}", flows) for place, one in enumerate(found))
    names = [rule.name for rule in rules]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise MappingRefused(f"/rules/{place}/name", f"two rules are called {name!r}")
    return Rules(version, rules)


def _rule(compiler: Compiler, rule: Any, at: str, flows: Sequence[str] | None) -> Rule:
    if not isinstance(rule, dict) or set(rule) != {"name", "when", "then"}:
        raise MappingRefused(at, "a rule has a name, a when and a then")
    name = rule["name"]
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME:
        raise MappingRefused(f"{at}/name", f"a name of 1 to {MAX_NAME} characters is expected")
    when = conditions.compiled(compiler, rule["when"], f"{at}/when")
    then = rule["then"]
    if not isinstance(then, dict) or len(then) != 1:
        raise MappingRefused(f"{at}/then", "exactly one of filter, hold and route is expected")
    ((deed, value),) = then.items()
    where = f"{at}/then/{deed}"
    if deed == "route":
        return Rule(name.strip(), when, False, False, _flows(value, where, flows), "")
    if deed not in ("filter", "hold"):
        raise MappingRefused(f"{at}/then", f"there is no {deed!r}: filter, hold or route")
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_WHY:
        raise MappingRefused(where, "why, in words: the message will show them")
    return Rule(name.strip(), when, deed == "filter", deed == "hold", None, value.strip())


def _flows(value: Any, at: str, flows: Sequence[str] | None) -> frozenset[str]:
    if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
        raise MappingRefused(at, "a list of flow keys is expected")
    for place, key in enumerate(value):
        if flows is not None and key not in flows:
            known = ", ".join(sorted(flows)) or "none yet"
            raise MappingRefused(f"{at}/{place}", f"no flow {key!r} leaves this connection; those that do: {known}")
    return frozenset(value)
