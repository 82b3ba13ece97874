"""Each word of the language, one by one, through the front door."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from connectors.mapping import MappingError, compile_map


def mapped(rule, document, **more):
    return compile_map({"fields": {"x": rule}, **more}).run(document)["x"]


DOCUMENT = {
    "name": " Ada ",
    "blank": "  ",
    "price": "12.50",
    "count": 3,
    "rate": Decimal("0.19"),
    "nothing": None,
    "flag": True,
    "gid": "gid://shop/Order/17?key=1",
    "at": "2026-11-23T09:00:00-05:00",
    "customer": {"address": {"city": "Kiel"}, "tags": ["a", "b"]},
    "lines": [{"sku": "A", "n": 1, "price": "2.00"}, {"sku": "B", "n": 0, "price": "3.00"}, {"sku": None, "n": 2}],
    "store": "s1",
}


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("name", " Ada "),
        ("customer.address.city", "Kiel"),
        ("customer.tags[1]", "b"),
        ("customer.tags[9]", None),
        ("lines[0].sku", "A"),
        ("nowhere.at.all", None),
        ("nothing.below", None),
        ("$.name", " Ada "),
        ({"path": "name", "cast": "filled"}, "Ada"),
        ({"path": "blank", "cast": "filled"}, None),
        ({"path": "blank", "cast": "filled", "default": "-"}, "-"),
        ({"path": "blank", "cast": "filled", "default": ""}, ""),
        ({"path": "name", "cast": "upper"}, "ADA"),
        ({"path": "name", "cast": "lower"}, "ada"),
        ({"path": "price", "cast": "decimal"}, Decimal("12.50")),
        ({"path": "count", "cast": "decimal"}, Decimal(3)),
        ({"path": "missing", "cast": "decimal", "default": "0.00"}, Decimal("0.00")),
        ({"path": "count", "cast": "text"}, "3"),
        ({"path": "rate", "cast": "text"}, "0.19"),
        ({"path": "count", "cast": "id"}, "3"),
        ({"path": "gid", "cast": "id_segment"}, "17"),
        ({"path": "count", "cast": "integer"}, 3),
        ({"path": "flag", "cast": "boolean"}, True),
        ({"path": "at", "cast": "datetime"}, datetime(2026, 11, 23, 14, tzinfo=UTC)),
        ({"path": "at", "cast": "instant"}, "2026-11-23T14:00:00.000000Z"),
        ({"value": "web"}, "web"),
        ({"value": None}, None),
        ({"concat": ["store", "name", "nothing"], "separator": "-"}, "s1- Ada "),
        ({"concat": ["nothing", "missing"]}, None),
        ({"add": ["price", "count", {"value": 1}]}, Decimal("16.50")),
        ({"sub": ["price", "count"]}, Decimal("9.50")),
        ({"mul": ["price", "count"]}, Decimal("37.50")),
        ({"div": ["count", {"value": "4"}]}, Decimal("0.75")),
        ({"neg": "price"}, Decimal("-12.50")),
        ({"add": ["price", "missing"]}, None),
        ({"sum": ["price", "missing"]}, Decimal("12.50")),
        ({"sum": {"each": "lines", "take": {"mul": ["price", "n"]}}}, Decimal("2.00")),
        ({"sum": "missing"}, Decimal(0)),
        ({"round": {"div": ["price", {"value": 8}]}, "places": 2}, Decimal("1.56")),
        ({"round": {"value": "2.5"}, "places": 0, "mode": "half_even"}, Decimal(2)),
        ({"round": {"value": "2.5"}, "places": 0}, Decimal(3)),
        ({"date": {"value": "23.11.2026"}, "format": "dd.mm.yyyy"}, date(2026, 11, 23)),
        ({"date": {"value": "20261123"}, "format": "yyyymmdd"}, date(2026, 11, 23)),
        ({"date": {"value": 1795000000}, "format": "epoch"}, datetime(2026, 11, 18, 11, 6, 40, tzinfo=UTC)),
        ({"date": {"value": 1795000000123}, "format": "epoch_ms"}, datetime(2026, 11, 18, 11, 6, 40, 123000, UTC)),
        ({"date": "at"}, datetime(2026, 11, 23, 14, tzinfo=UTC)),
        ({"coalesce": ["nothing", "missing", "store"]}, "s1"),
        ({"if": {"present": "store"}, "then": "store", "else": {"value": "none"}}, "s1"),
        ({"if": {"absent": "store"}, "then": "store"}, None),
        ({"lookup": "store", "table": {"s1": "Kiel"}}, "Kiel"),
        ({"lookup": "store", "table": {}, "otherwise": "keep"}, "s1"),
        ({"lookup": "store", "table": {}, "otherwise": {"value": "?"}}, "?"),
        ({"lookup": "missing", "table": {}}, None),
        ({"lookup": "flag", "table": {"true": "yes"}}, "yes"),
        ({"each": "lines", "take": "sku"}, ["A", "B", None]),
        ({"each": "lines", "where": {"gt": ["n", 0]}, "take": "sku"}, ["A", None]),
        ({"each": "missing", "take": "sku"}, []),
        ({"each": "lines", "where": {"present": "sku"}, "fields": {"s": "sku", "at": "$.store"}},
         [{"s": "A", "at": "s1"}, {"s": "B", "at": "s1"}]),
        ({"each": "customer.tags", "take": "@"}, ["a", "b"]),
        ({"first": "lines", "where": {"eq": ["n", 2]}, "take": "n"}, 2),
        ({"first": "lines", "where": {"eq": ["n", 9]}, "take": "n"}, None),
        ({"count": "lines"}, 3),
        ({"count": "lines", "where": {"absent": "sku"}}, 1),
        ({"filter": "lines", "where": {"eq": ["n", 1]}}, [{"sku": "A", "n": 1, "price": "2.00"}]),
        ({"list": ["store", "nothing", "name"]}, ["s1", " Ada "]),
        ({"chain": ["customer.tags", "missing", {"list": ["store"]}]}, ["a", "b", "s1"]),
        ({"fields": {"a": "store", "b": "missing"}}, {"a": "s1", "b": None}),
        ({"fields": {"a": "nothing", "b": "missing"}, "unless_empty": True}, None),
        ({"jmespath": "lines[?n==`2`].n | [0]"}, 2),
        ({"jmespath": "lines[?sku].sku"}, ["A", "B"]),
    ],
)  # fmt: skip
def test_a_rule_gives_its_value(rule, value):
    found = mapped(rule, DOCUMENT)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"eq": ["count", 3]}, True),
        ({"eq": ["price", {"value": "12.5"}]}, False),
        ({"eq": ["price", {"path": "price", "cast": "decimal"}]}, True),
        ({"ne": ["nothing", None]}, False),
        ({"eq": ["flag", True]}, True),
        ({"eq": ["count", True]}, False),
        ({"lt": ["price", 12]}, False),
        ({"ge": ["count", 3]}, True),
        ({"gt": ["nothing", 0]}, False),
        ({"le": ["nothing", 0]}, False),
        ({"lt": ["store", {"value": "t"}]}, True),
        ({"in": ["store", ["s1", "s2"]]}, True),
        ({"in": ["missing", ["s1", None]]}, True),
        ({"not": {"in": ["store", ["s2"]]}}, True),
        ({"and": [{"present": "store"}, {"absent": "store"}]}, False),
        ({"or": [{"present": "store"}, {"absent": "store"}]}, True),
    ],
)
def test_a_condition_holds_or_not(condition, holds):
    assert mapped({"if": condition, "then": {"value": True}, "else": {"value": False}}, DOCUMENT) is holds


@pytest.mark.parametrize(
    ("rule", "path", "reason"),
    [
        ({"path": "name", "cast": "decimal"}, "name", "is text ' Ada ', not a number"),
        ({"path": "flag", "cast": "decimal"}, "flag", "is true or false, not a number"),
        ({"path": "customer", "cast": "filled"}, "customer", "is an object, not text"),
        ({"path": "rate", "cast": "id"}, "rate", "is a number, not an id"),
        ({"path": "rate", "cast": "integer"}, "rate", "not a whole number"),
        ({"path": "missing", "required": True}, "missing", "is missing"),
        ({"path": "blank", "cast": "filled", "required": True}, "blank", "is missing"),
        ("store.name", "store", "is text, not an object"),
        ("$.customer.tags.x", "$.customer.tags", "is a list, not an object"),
        ("customer[0].x", "customer", "is an object, not a list"),
        ({"each": "customer", "take": "@"}, "customer", "is an object, not a list"),
        ({"each": "lines", "take": {"path": "sku", "required": True}}, "lines[2].sku", "is missing"),
        ({"each": "customer.tags", "take": "sku"}, "customer.tags[0]", "is text, not an object"),
        ({"div": ["price", {"value": 0}]}, "div(price, 0)", "division by zero"),
        ({"path": "at", "cast": "date"}, "at", "not a date"),
        ({"if": {"lt": ["store", 1]}, "then": "store"}, "lt(store, 1)", "not a number"),
        ({"if": {"lt": ["customer", "store"]}, "then": "store"}, "lt(customer, store)", "cannot be compared"),
    ],
)
def test_an_error_names_field_path_and_reason(rule, path, reason):
    with pytest.raises(MappingError) as caught:
        mapped(rule, DOCUMENT)
    assert caught.value.field.startswith("x")
    assert caught.value.path == path
    assert reason in caught.value.reason
    assert caught.value.error_class == "mapping"


def test_an_error_within_lists_names_the_item_on_both_sides():
    rule = {
        "each": "orders",
        "fields": {"parts": {"each": "lines", "fields": {"n": {"path": "q.n", "cast": "decimal"}}}},
    }
    document = {"orders": [{"lines": []}, {"lines": [{"q": {"n": "1"}}, {"q": {"n": "many"}}]}]}
    with pytest.raises(MappingError) as caught:
        mapped(rule, document)
    assert caught.value.field == "x[1].parts[1].n"
    assert caught.value.path == "orders[1].lines[1].q.n"


@pytest.mark.parametrize(
    "text", ["NaN", "Infinity", "1_000", " 1", "1,5", "٣", "", "0x10", "1e999", "9" * 40, "1" * 70]
)
def test_text_that_is_no_amount_is_no_number(text):
    with pytest.raises(MappingError):
        mapped({"path": "n", "cast": "decimal"}, {"n": text})


@pytest.mark.parametrize("text", ["2026-11-23T09:00:00", "2026-11-23", "yesterday", "9999-12-31T23:59:59-14:00"])
def test_a_time_without_offset_or_outside_the_calendar_is_refused(text):
    with pytest.raises(MappingError):
        mapped({"path": "at", "cast": "datetime"}, {"at": text})


def test_a_value_that_a_table_lacks_is_an_error_of_its_own_class():
    with pytest.raises(MappingError, match="'cash' is not in the table tender") as caught:
        mapped({"lookup": "tender", "table": "tender"}, {"tender": "cash"}, tables={"tender": {"card": "4711"}})
    assert caught.value.error_class == "unmapped_value"


def test_a_table_from_outside_is_used_and_the_maps_own_wins():
    rule = {"fields": {"x": {"lookup": "t", "table": "tender"}}}
    assert compile_map(rule, tables={"tender": {"cash": "1"}}).run({"t": "cash"})["x"] == "1"
    own = {**rule, "tables": {"tender": {"cash": "2"}}}
    assert compile_map(own, tables={"tender": {"cash": "1"}}).run({"t": "cash"})["x"] == "2"


def test_a_named_rule_is_worked_out_on_the_whole_document_also_within_a_list():
    found = mapped(
        {"each": "lines", "take": {"ref": "store"}}, DOCUMENT, let={"store": {"path": "store", "cast": "upper"}}
    )
    assert found == ["S1", "S1", "S1"]


def test_arithmetic_is_exact_where_floats_are_not():
    document = {"lines": [{"p": "0.10"}] * 3}
    assert mapped({"sum": {"each": "lines", "take": {"path": "p", "cast": "decimal"}}}, document) == Decimal("0.30")
