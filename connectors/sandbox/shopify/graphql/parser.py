"""Read a GraphQL request: operations, fragments, fields, arguments, variables, directives. Executable documents only.

Source: spec.graphql.org October 2021, sections 2.1 to 2.12.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(
    r'[\s,\ufeff]+|#[^\n]*|(?P<spread>\.\.\.)|(?P<block>"""(?:[^"\\]|\\.|"(?!""))*""")|(?P<string>"(?:[^"\\\n]|\\.)*")'
    r"|(?P<float>-?\d+(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+))|(?P<int>-?\d+)|(?P<name>[_A-Za-z]\w*)|(?P<mark>[!$&():=@\[\]{|}])"
)


class SyntaxProblem(ValueError):
    """The document cannot be read; the message is worded as the vendor's parser words it."""


@dataclass(frozen=True, slots=True)
class Variable:
    name: str


@dataclass(frozen=True, slots=True)
class Directive:
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    key: str  # the alias, or the name
    arguments: dict[str, Any]
    directives: tuple[Directive, ...]
    selection: tuple[Selection, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Spread:
    """`...Name`, or `... on Type { }` with its own selection."""

    fragment: str
    on: str
    directives: tuple[Directive, ...]
    selection: tuple[Selection, ...]


Selection = Field | Spread


@dataclass(frozen=True, slots=True)
class Operation:
    kind: str
    name: str
    defaults: dict[str, Any]  # every declared variable; a missing default is None
    required: frozenset[str]
    selection: tuple[Selection, ...]


@dataclass(slots=True)
class Request:
    operations: list[Operation] = field(default_factory=list)
    fragments: dict[str, Spread] = field(default_factory=dict)

    def operation(self, name: str | None) -> Operation:
        found = [op for op in self.operations if name in (None, "", op.name)]
        if len(found) != 1:
            raise SyntaxProblem("An operation name is required" if not name else f'No operation named "{name}"')
        return found[0]


def parse(text: str) -> Request:
    return _Parser(text).request()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0

    def request(self) -> Request:
        found = Request()
        while self._kind() != "end":
            if self._peek() == "fragment":
                fragment = self._fragment()
                found.fragments[fragment.fragment] = fragment
            else:
                found.operations.append(self._operation())
        if not found.operations:
            raise SyntaxProblem("Unexpected end of document")
        return found

    # -- tokens --------------------------------------------------------------------------------------------------

    def _kind(self) -> str:
        return self._tokens[self._at][0]

    def _peek(self) -> str:
        return self._tokens[self._at][1]

    def _next(self) -> str:
        text = self._peek()
        self._at += 1
        return text

    def _skip(self, text: str) -> bool:
        if self._peek() == text and self._kind() in ("mark", "spread", "name"):
            self._at += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._skip(text):
            self._fail(f'expecting "{text}"')

    def _name(self) -> str:
        if self._kind() != "name":
            self._fail("expecting IDENTIFIER")
        return self._next()

    def _fail(self, wanted: str) -> None:
        kind, text, line = self._tokens[self._at]
        what = "end of document" if kind == "end" else f'"{text}"'
        raise SyntaxProblem(f"syntax error, unexpected {what}, {wanted} at line {line}")

    # -- grammar -------------------------------------------------------------------------------------------------

    def _operation(self) -> Operation:
        if self._peek() == "{":
            return Operation("query", "", {}, frozenset(), self._selection())
        kind = self._name()
        if kind not in ("query", "mutation"):
            self._fail("expecting query or mutation")
        name = self._name() if self._kind() == "name" else ""
        defaults, required = self._variables()
        self._directives()
        return Operation(kind, name, defaults, required, self._selection())

    def _variables(self) -> tuple[dict[str, Any], frozenset[str]]:
        defaults: dict[str, Any] = {}
        required: set[str] = set()
        if not self._skip("("):
            return defaults, frozenset()
        while not self._skip(")"):
            self._expect("$")
            name = self._name()
            self._expect(":")
            must = self._type()
            given = self._skip("=")
            defaults[name] = self._value() if given else None
            required |= {name} if must and not given else set()
        return defaults, frozenset(required)

    def _type(self) -> bool:
        """Whether it must not be null; its name is not checked."""
        if self._skip("["):
            self._type()
            self._expect("]")
        else:
            self._name()
        return self._skip("!")

    def _fragment(self) -> Spread:
        self._expect("fragment")
        name = self._name()
        self._expect("on")
        return Spread(name, self._name(), self._directives(), self._selection())

    def _selection(self) -> tuple[Selection, ...]:
        self._expect("{")
        found: list[Selection] = []
        while not self._skip("}"):
            found.append(self._spread() if self._skip("...") else self._field())
        if not found:
            self._fail("expecting a field")
        return tuple(found)

    def _spread(self) -> Spread:
        if self._kind() == "name" and self._peek() != "on":
            return Spread(self._name(), "", self._directives(), ())
        on = self._name() if self._skip("on") else ""
        return Spread("", on, self._directives(), self._selection())

    def _field(self) -> Field:
        line = self._tokens[self._at][2]
        first = self._name()
        name = self._name() if self._skip(":") else first
        arguments, directives = self._arguments(), self._directives()
        selection = self._selection() if self._peek() == "{" and self._kind() == "mark" else ()
        return Field(name, first, arguments, directives, selection, line)

    def _arguments(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self._skip("("):
            while not self._skip(")"):
                name = self._name()
                self._expect(":")
                found[name] = self._value()
        return found

    def _directives(self) -> tuple[Directive, ...]:
        found = []
        while self._skip("@"):
            found.append(Directive(self._name(), self._arguments()))
        return tuple(found)

    def _value(self) -> Any:
        kind = self._kind()
        if kind in ("int", "float"):
            return json.loads(self._next())
        if kind == "string":
            return json.loads(self._next())
        if kind == "block":
            return self._next()[3:-3].replace('\\"""', '"""').strip()
        if kind == "name":
            word = self._next()
            return {"true": True, "false": False, "null": None}.get(word, word)
        return self._compound()

    def _compound(self) -> Any:
        if self._skip("$"):
            return Variable(self._name())
        if self._skip("["):
            values = []
            while not self._skip("]"):
                values.append(self._value())
            return values
        self._expect("{")
        fields: dict[str, Any] = {}
        while not self._skip("}"):
            name = self._name()
            self._expect(":")
            fields[name] = self._value()
        return fields


def _tokens(text: str) -> list[tuple[str, str, int]]:
    found, position, line = [], 0, 1
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise SyntaxProblem(f'Parse error on "{text[position]}" (error) at line {line}')
        if match.lastgroup:
            found.append((match.lastgroup, match.group(), line))
        line += match.group().count("\n")
        position = match.end()
    return [*found, ("end", "", line)]
