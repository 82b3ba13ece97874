"""A retailer's value tables in a map: bound while it runs, so that one compiled map serves every retailer."""

from __future__ import annotations

import pytest

from connectors.mapping import MappingError, compile_map
from connectors.mapping.errors import MappingRefused
from connectors.mapping.values import value_tables


def tender(**options: object) -> dict:
    return {
        "object": "order",
        "fields": {"pay": {"each": "pays", "take": {"lookup": "by", "values": "tender", **options}}},
    }


def test_the_table_in_force_where_it_runs_is_asked():
    mapping = compile_map(tender())
    with value_tables({"tender": {"visa": "CARD"}}):
        assert mapping.values({"pays": [{"by": "visa"}]}) == {"pay": ["CARD"]}
    with value_tables({"tender": {"visa": "KK"}}):
        assert mapping.values({"pays": [{"by": "visa"}]}) == {"pay": ["KK"]}


def test_a_missing_value_names_table_value_and_place():
    mapping = compile_map(tender())
    with value_tables({"tender": {"visa": "CARD"}}), pytest.raises(MappingError) as failed:
        mapping.values({"pays": [{"by": "visa"}, {"by": "klarna"}]})
    assert failed.value.lacking == ("tender", "klarna")
    assert (failed.value.error_class, failed.value.field) == ("unmapped_value", "pay[1]")


def test_without_any_table_nothing_is_guessed():
    with pytest.raises(MappingError):
        compile_map(tender()).values({"pays": [{"by": "visa"}]})


def test_only_a_default_that_the_table_or_the_map_states_is_used():
    with value_tables({"tender": {"*": "OTHER"}}):
        assert compile_map(tender()).values({"pays": [{"by": "klarna"}]}) == {"pay": ["OTHER"]}
    assert compile_map(tender(otherwise="keep")).values({"pays": [{"by": "klarna"}]}) == {"pay": ["klarna"]}


@pytest.mark.parametrize("name", ["", "Tender", 3, "a b"])
def test_a_name_that_is_none_is_refused(name: object):
    with pytest.raises(MappingRefused):
        compile_map({"fields": {"pay": {"lookup": "by", "values": name}}})
