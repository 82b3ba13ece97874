from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from connectors.canonical.order import Order, TaxLine
from connectors.library.shopify import reader
from connectors.mapping import MappingError, compile_map, overlaid
from connectors.mapping.files import definition, load
from connectors.sdk import safe_json

FIXTURES = Path(reader.__file__).parent / "tests" / "fixtures"


def rows(mapping, document):
    return {row.field: row for row in mapping.explain(document)}


def test_each_field_names_its_value_its_path_and_its_rule():
    mapping = compile_map(
        {
            "fields": {
                "total": {"path": "total_price", "cast": "decimal", "required": True},
                "id": {"coalesce": [{"path": "gid", "cast": "id_segment"}, {"path": "id", "cast": "id"}]},
                "lines": {"each": "items", "where": {"present": "sku"}, "fields": {"sku": "sku", "store": "$.store"}},
                "channel": {"value": "web"},
            }
        }
    )
    document = {"total_price": "12.50", "id": 7, "items": [{"sku": None}, {"sku": "B"}], "store": 3}
    found = rows(mapping, document)
    assert (found["total"].value, found["total"].path) == (Decimal("12.50"), "total_price")
    assert found["total"].rule == "total_price as decimal, required"
    assert (found["id"].value, found["id"].path) == ("7", "id")
    assert (found["lines[0].sku"].value, found["lines[0].sku"].path) == ("B", "items[1].sku")
    assert found["lines[0].store"].path == "$.store"
    assert (found["channel"].value, found["channel"].path) == ("web", "")


def test_a_choice_names_the_branch_that_was_taken():
    rule = {"if": {"present": "a"}, "then": "b", "else": "c"}
    assert rows(compile_map({"fields": {"x": rule}}), {"b": 1, "c": 2})["x"].path == "c"
    assert rows(compile_map({"fields": {"x": rule}}), {"a": 0, "b": 1, "c": 2})["x"].path == "b"


def test_a_sum_names_every_place_it_adds():
    rule = {"sum": {"each": "taxes", "take": {"path": "amount", "cast": "decimal"}}}
    found = rows(compile_map({"fields": {"x": rule}}), {"taxes": [{"amount": "1"}, {"amount": "2"}]})["x"]
    assert (found.value, found.path) == (Decimal(3), "taxes[0].amount, taxes[1].amount")


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.json")), ids=lambda path: path.stem)
def test_explanation_and_result_never_differ(path):
    event = path.stem.partition("__")[0]
    if event == "draft_orders_create":
        pytest.skip("refused before it is mapped")
    target = reader.TARGETS[{"orders_read": "orders/read"}.get(event, event.replace("_", "/"))]
    mapping = load(reader.MAPS, event, target)
    document = safe_json.parse(path.read_bytes())
    explained = {row.field: row.value for row in mapping.explain(document) if row.value != []}
    assert explained == dict(_leaves(mapping.values(document)))


def _leaves(value, name=""):
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if inner is None:
        yield name, value
        return
    for key, one in inner:
        yield from _leaves(one, f"{name}[{key}]" if isinstance(key, int) else f"{name}.{key}" if name else key)


def test_a_result_of_the_wrong_type_names_field_and_path():
    mapping = compile_map(
        {"fields": {"title": "name", "rate": {"value": None}, "amount": {"path": "a", "cast": "decimal"}}},
        target=TaxLine,
    )
    assert mapping.run({"name": "VAT", "a": "1.00"}) == TaxLine(title="VAT", rate=None, amount=Decimal("1.00"))
    with pytest.raises(MappingError) as caught:
        mapping.run({"name": None, "a": "1.00"})
    assert (caught.value.field, caught.value.path, caught.value.reason) == ("title", "name", "is missing")


def test_a_map_that_extends_another_replaces_whole_rules(tmp_path):
    (tmp_path / "base.json").write_text('{"object": "tax", "fields": {"title": "a", "rate": "b", "amount": "c"}}')
    (tmp_path / "over.json").write_text('{"extends": "base", "fields": {"title": "t", "rate": null}}')
    assert definition(tmp_path, "over") == {"object": "tax", "fields": {"title": "t", "amount": "c"}}
    assert overlaid({"let": {"a": "x"}}, {"let": {"b": "y"}}) == {"let": {"a": "x", "b": "y"}}


def test_one_instance_serves_many_and_keeps_nothing():
    mapping = compile_map({"fields": {"at": {"path": "at", "cast": "datetime"}}})
    first, second = mapping.run({"at": "2026-11-23T00:00:00Z"}), mapping.run({"at": "2026-11-24T00:00:00Z"})
    assert first["at"] == datetime(2026, 11, 23, tzinfo=UTC) != second["at"]


# What a till knows of a sale and a shop does not tell.
OF_TILLS = {"business_date", "receipt", "original_id", "tenders_complete", "training", "voided", "legal_entity"}


def test_the_shopify_map_has_a_rule_for_every_field_of_an_order():
    given = set(definition(reader.MAPS, "orders_updated")["fields"])
    assert {field.name for field in msgspec.structs.fields(Order)} == given | OF_TILLS | {"event_at"}
