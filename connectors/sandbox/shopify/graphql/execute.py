"""Check a request against the schema, reckon its cost, run it, word its errors as the vendor does.

Costs are an approximation: one point an object, a connection two and by the logarithm of its size, since the vendor
publishes no formula. Source: shopify.dev/docs/api/usage/limits (read 2026-11-23).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from connectors.sandbox.shopify.graphql import parser
from connectors.sandbox.shopify.graphql.fields import Context, FieldType, Page, Source
from connectors.sandbox.shopify.graphql.roots import BadArgument
from connectors.sandbox.shopify.graphql.schema import TYPES
from connectors.sandbox.shopify.graphql.search import BadCursor

Answer = dict[str, Any]
MAX_COST, MAX_PAGE = 1000, 250
_CONNECTION = {"edges", "nodes", "pageInfo", "__typename"}


class Refused(Exception):
    """The request gets no data at all."""

    def __init__(self, message: str, code: str = "", **extensions: Any) -> None:
        super().__init__(message)
        self.error: Answer = {"message": message}
        if code or extensions:
            self.error["extensions"] = {"code": code, **extensions}


def execute(body: Answer, context: Context) -> Answer:
    """The whole answer document. `body` is the decoded request: query, variables, operationName."""
    try:
        request = parser.parse(str(body.get("query") or ""))
        run = _Run(request, request.operation(body.get("operationName")), body.get("variables") or {}, context)
        return run.answer()
    except parser.SyntaxProblem as error:
        return {"errors": [{"message": str(error), "locations": [{"line": 1, "column": 1}]}]}
    except Refused as refusal:
        return {"errors": [refusal.error]}


class _Run:
    def __init__(
        self, request: parser.Request, operation: parser.Operation, variables: dict[str, Any], context: Context
    ) -> None:
        self.request, self.operation, self.context = request, operation, context
        self.variables = {**operation.defaults, **variables}
        self.errors: list[Answer] = []
        self.root = "Mutation" if operation.kind == "mutation" else "QueryRoot"

    def answer(self) -> Answer:
        self._check_variables()
        self._check(self.root, self.operation.selection)
        cost = self._cost(self.root, self.operation.selection) + (10 if self.root == "Mutation" else 0)
        if cost > MAX_COST:
            message = f"Query cost is {cost}, which exceeds the single query max cost limit ({MAX_COST})."
            raise Refused(message, "MAX_COST_EXCEEDED", cost=cost, maxCost=MAX_COST)
        if not self.context.bucket.take(cost):
            return {
                "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
                "extensions": {"cost": self._cost_report(cost, None)},
            }
        data = self._object(self.root, {}, self.operation.selection)
        extensions: Answer = {"cost": self._cost_report(cost, cost)}
        if self.context.warnings:
            extensions["search"] = [{"path": ["orders"], "warnings": self.context.warnings}]
        return {"data": data, **({"errors": self.errors} if self.errors else {}), "extensions": extensions}

    def _cost_report(self, requested: int, actual: int | None) -> Answer:
        bucket = self.context.bucket
        return {
            "requestedQueryCost": requested,
            "actualQueryCost": actual,
            "throttleStatus": {
                "maximumAvailable": float(bucket.size),
                "currentlyAvailable": int(bucket.available),
                "restoreRate": float(bucket.per_second),
            },
        }

    # -- before running ------------------------------------------------------------------------------------------

    def _check_variables(self) -> None:
        for name in sorted(self.operation.required):
            if self.variables.get(name) is None:
                message = f"Variable ${name} of type was provided invalid value"
                raise Refused(message, "INVALID_VARIABLE", value=None)

    def _check(self, of: str, selection: tuple[parser.Selection, ...], *, connection: bool = False) -> None:
        for field in self._fields(of, selection):
            if connection:
                self._check_connection(of, field)
            elif field.name != "__typename":
                self._check_field(of, field)

    def _check_connection(self, of: str, field: parser.Field) -> None:
        if field.name not in _CONNECTION:
            self._undefined(field.name, f"{of}Connection")
        if field.name == "nodes":
            self._check(of, field.selection)
        for edge in self._fields(of, field.selection) if field.name == "edges" else ():
            if edge.name == "node":
                self._check(of, edge.selection)
            elif edge.name != "cursor":
                self._undefined(edge.name, f"{of}Edge")

    def _check_field(self, of: str, field: parser.Field) -> None:
        kind = TYPES[of].get(field.name)
        if kind is None:
            self._undefined(field.name, of)
            return
        for name in field.arguments:
            if name not in kind.arguments:
                message = f"Field '{field.name}' doesn't accept argument '{name}'"
                raise Refused(message, "argumentNotAccepted", name=field.name, typeName="Field", argumentName=name)
        if bool(kind.of) != bool(field.selection):
            message = f"Field must have selections (field '{field.name}' returns {kind.of} but has no selections.)"
            raise Refused(
                message if kind.of else f"Selections can't be made on scalars ('{field.name}')", "selectionMismatch"
            )
        if kind.connection:
            self._page_size(field)
        self._check(kind.of, field.selection, connection=kind.connection)

    def _undefined(self, name: str, of: str) -> None:
        message = f"Field '{name}' doesn't exist on type '{of}'"
        raise Refused(message, "undefinedField", typeName=of, fieldName=name)

    def _page_size(self, field: parser.Field) -> int:
        arguments = self._arguments(field)
        size = arguments.get("first") if arguments.get("first") is not None else arguments.get("last")
        if not isinstance(size, int):
            raise Refused(f"you must provide one of first or last for {field.name}", "BAD_REQUEST")
        if not 0 <= size <= MAX_PAGE:
            raise Refused(f"{field.name}: first must be between 0 and {MAX_PAGE}", "BAD_REQUEST")
        return size

    def _cost(self, of: str, selection: tuple[parser.Selection, ...]) -> int:
        """Points of one object of that type."""
        return sum(self._field_cost(of, field) for field in self._fields(of, selection) if field.name in TYPES[of])

    def _field_cost(self, of: str, field: parser.Field) -> int:
        kind = TYPES[of][field.name]
        if not kind.of:
            return 0
        if not kind.connection:
            return (0 if kind.of in ("MoneyBag", "MoneyV2") else 1) + self._cost(kind.of, field.selection)
        inner = 1 + self._cost(kind.of, tuple(self._node_fields(kind.of, field)))
        return 2 + math.ceil(math.log2(self._page_size(field) + 1)) * inner

    def _node_fields(self, of: str, field: parser.Field) -> Iterator[parser.Selection]:
        for part in self._fields(of, field.selection):
            if part.name == "nodes":
                yield from part.selection
            elif part.name == "edges":
                for edge in self._fields(of, part.selection):
                    yield from edge.selection

    # -- running -------------------------------------------------------------------------------------------------

    def _object(self, of: str, source: Source, selection: tuple[parser.Selection, ...]) -> Answer:
        return {field.key: self._value(of, source, field) for field in self._fields(of, selection)}

    def _value(self, of: str, source: Source, field: parser.Field) -> Any:
        if field.name == "__typename" and field.name not in TYPES[of]:
            return of
        kind = TYPES[of][field.name]
        if kind.scope and kind.scope not in self.context.scopes:
            return self._denied(field, kind)
        try:
            found = kind.resolve(source, self._arguments(field), self.context)
        except (BadArgument, BadCursor) as error:
            self.errors.append({"message": str(error), "path": [field.key], "extensions": {"code": "BAD_REQUEST"}})
            return None
        if isinstance(found, Page):
            return self._page(kind.of, found, field.selection)
        if isinstance(found, list) and kind.of:
            return [self._object(kind.of, each, field.selection) for each in found]
        return self._object(kind.of, found, field.selection) if kind.of and found is not None else found

    def _denied(self, field: parser.Field, kind: FieldType) -> None:
        message = f"Access denied for {field.name} field. Required access: `{kind.scope}` access scope."
        extensions = {"code": "ACCESS_DENIED", "requiredAccess": f"`{kind.scope}` access scope."}
        self.errors.append({"message": message, "path": [field.key], "extensions": extensions})

    def _page(self, of: str, page: Page, selection: tuple[parser.Selection, ...]) -> Answer:
        answer: Answer = {}
        for field in self._fields(of, selection):
            if field.name == "nodes":
                answer[field.key] = [self._object(of, node, field.selection) for node in page.nodes]
            elif field.name == "edges":
                pairs = zip(page.nodes, page.cursors, strict=True)
                answer[field.key] = [self._edge(of, node, cursor, field) for node, cursor in pairs]
            elif field.name == "pageInfo":
                answer[field.key] = self._object("PageInfo", _page_info(page), field.selection)
            else:
                answer[field.key] = f"{of}Connection"
        return answer

    def _edge(self, of: str, node: Source, cursor: str, field: parser.Field) -> Answer:
        parts = self._fields(of, field.selection)
        return {p.key: cursor if p.name == "cursor" else self._object(of, node, p.selection) for p in parts}

    # -- reading the request -------------------------------------------------------------------------------------

    def _fields(self, of: str, selection: tuple[parser.Selection, ...]) -> Iterator[parser.Field]:
        """Fragments spread out, what a directive leaves out gone."""
        for part in selection:
            if not self._included(part.directives):
                continue
            if isinstance(part, parser.Field):
                yield part
            elif part.fragment:
                if part.fragment not in self.request.fragments:
                    raise Refused(f"Fragment {part.fragment} was used, but not defined", "useAndDefineFragment")
                yield from self._fields(of, self.request.fragments[part.fragment].selection)
            elif part.on in ("", of) or part.on not in TYPES or part.on == "WebhookHttpEndpoint":
                yield from self._fields(of, part.selection)

    def _included(self, directives: tuple[parser.Directive, ...]) -> bool:
        for directive in directives:
            condition = self._resolved(directive.arguments.get("if"))
            if (directive.name == "skip" and condition) or (directive.name == "include" and not condition):
                return False
        return True

    def _arguments(self, field: parser.Field) -> dict[str, Any]:
        return {name: self._resolved(value) for name, value in field.arguments.items()}

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, parser.Variable):
            if value.name not in self.variables:
                raise Refused(f"Variable ${value.name} is used but not declared", "variableNotDefined")
            return self.variables[value.name]
        if isinstance(value, list):
            return [self._resolved(each) for each in value]
        if isinstance(value, dict):
            return {name: self._resolved(each) for name, each in value.items()}
        return value


def _page_info(page: Page) -> Source:
    return {
        "has_next_page": page.has_next,
        "has_previous_page": page.has_previous,
        "start_cursor": page.cursors[0] if page.cursors else None,
        "end_cursor": page.cursors[-1] if page.cursors else None,
    }
