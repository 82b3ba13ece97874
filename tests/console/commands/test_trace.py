"""`manage.py trace`: all of one order, in the order in which it happened."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from monitoring.ledger.models import BusinessKey
from tenants.context import partner_scope
from tenants.retailers.models import Retailer
from tests.support.ledger_rows import add, connect


@pytest.fixture
def shop(northgate):
    return connect(Retailer.objects.get(key="harbour-pine"), stores=2)


def number_of(message) -> str:
    return BusinessKey.objects.get(message_id=message.id, type="order").value


def trace(*arguments: str) -> str:
    out = io.StringIO()
    call_command("trace", *arguments, stdout=out)
    return out.getvalue()


def test_a_delivered_order_is_told_from_the_door_to_the_document(shop):
    text = trace(number_of(add(shop, outcome="delivered")))
    received, attempt, delivered = (text.rindex(word) for word in ("received orders/", "attempt 1", "delivered:"))
    assert received < attempt < delivered
    assert "API version 2026-10" in text


def test_an_order_is_found_with_and_without_its_sign(shop):
    number = number_of(add(shop, outcome="delivered"))
    assert trace(number.lstrip("#")) == trace(number)


def test_an_exception_is_told_with_its_title_and_transitions(shop):
    text = trace(number_of(add(shop, outcome="resolved")))
    assert "exception: " in text
    assert " → resolved by " in text


def test_what_was_put_aside_says_by_which_rule(shop):
    message = add(shop, outcome="filtered")
    assert "filtered: Test orders stay out" in trace(number_of(message))


def test_an_unknown_number_ends_with_1_and_an_unknown_partner_with_2(shop):
    with pytest.raises(CommandError) as unknown:
        trace("#does-not-exist")
    with pytest.raises(CommandError) as usage:
        trace("#1", "--partner", "nobody")
    assert (unknown.value.returncode, usage.value.returncode) == (1, 2)


def test_another_partner_does_not_know_it(shop, partners):
    number = number_of(add(shop, outcome="delivered"))
    with partner_scope(partners["tidewater"].schema_name), pytest.raises(CommandError):
        trace(number, "--partner", "tidewater")
