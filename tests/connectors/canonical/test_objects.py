import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal as D

import msgspec
import pytest

from connectors.canonical import money
from connectors.canonical.encode import as_builtins, canonical_bytes, decoded, readable
from connectors.canonical.facts import facts
from connectors.canonical.invariants import breaches
from connectors.canonical.objects import OBJECTS
from tests.connectors.canonical.builders import AT, order, refund
from tests.connectors.canonical.sound import SOUND


@pytest.mark.parametrize(("code", "digits"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("XOF", 0), ("TND", 3)])
def test_each_currency_has_its_minor_units(code, digits):
    assert money.minor_digits(code) == digits
    assert money.quantum(code) == D(1).scaleb(-digits)


def test_an_amount_fits_its_currency_or_not():
    assert money.fits(D("12.00"), "JPY")
    assert not money.fits(D("12.50"), "JPY")


def test_rounding_is_half_away_from_zero():
    assert [str(money.rounded(D(x), "EUR")) for x in ("1.005", "-1.005", "1.004")] == ["1.01", "-1.01", "1.00"]


def test_an_unknown_currency_is_an_error():
    with pytest.raises(money.UnknownCurrency):
        money.minor_digits("ABC")


@pytest.mark.parametrize("obj", [order(), refund()])
def test_an_object_survives_its_canonical_bytes(obj):
    assert decoded(canonical_bytes(obj)) == obj
    assert canonical_bytes(decoded(canonical_bytes(obj))) == canonical_bytes(obj)


def test_canonical_json_is_sorted_exact_and_without_spaces():
    data = canonical_bytes(order())
    found = json.loads(data)
    assert data == json.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert (found["object"], found["total"], found["lines"][0]["quantity"]) == ("order", "28.37", "2")
    assert found["created_at"] == "2026-11-23T14:00:00Z"


def test_times_keep_their_offset():
    local = AT.astimezone(timezone(timedelta(hours=-5)))
    assert as_builtins(order(created_at=local))["created_at"] == "2026-11-23T09:00:00-05:00"


def test_breaches_stand_beside_the_object():
    broken = order(total=D("1.00"))
    shown = readable(broken, breaches(broken))
    assert [breach["name"] for breach in shown["breaches"]] == ["total"]
    assert readable(order(), ())["breaches"] == []


def test_facts_of_an_order():
    known = facts(order())
    assert (known.object_type, known.object_id, known.order_number) == ("order", "1001", "#1001")
    assert (known.value, known.currency, known.units, known.store_key) == (D("28.37"), "EUR", D(2), "71003")
    assert (known.occurred_at, known.counterparty, known.channel) == (AT, "email:wren@example.com", "web")


@pytest.mark.parametrize(
    ("customer", "counterparty"),
    [
        ({"email": None}, "phone:15550100"),
        ({"email": None, "phone": "ext."}, "customer:7"),
        ({"email": None, "phone": None, "id": None}, None),
    ],
)
def test_the_counterparty_is_the_best_word_there_is_for_the_same_person(customer, counterparty):
    known = msgspec.structs.replace(order().customer, **customer)
    assert facts(order(customer=known)).counterparty == counterparty
    assert facts(order(customer=None)).counterparty is None


def test_what_a_refund_does_not_state_is_unknown_and_not_nothing():
    known = facts(refund(total=None, currency=None))
    assert (known.value, known.currency) == (None, None)
    assert (known.order_id, known.units) == ("1001", D(1))


def test_objects_are_frozen():
    with pytest.raises(AttributeError):
        order().total = D(0)
    assert order().created_at == datetime(2026, 11, 23, 14, tzinfo=UTC)


@pytest.mark.parametrize("name", OBJECTS)
def test_every_object_survives_its_canonical_bytes_and_has_facts(name):
    obj = SOUND[name]
    assert decoded(canonical_bytes(obj)) == obj
    known = facts(obj)
    assert (known.object_type, known.object_id) == (name, obj.id)
    assert all(kind and value for kind, value in known.keys)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("payment", "28.37"),
        ("settlement", "43.35"),
        ("bank_statement", "40.00"),
        ("store_day", "126.15"),
        ("journal_entry", "28.37"),
        ("invoice", "29.75"),
        ("gift_card_movement", "-30.00"),
    ],
)
def test_what_it_is_worth(name, value):
    known = facts(SOUND[name])
    assert (known.value, known.currency) == (D(value), "EUR")


def test_a_payment_that_failed_is_known_to_have_moved_nothing():
    assert facts(msgspec.structs.replace(SOUND["payment"], succeeded=False)).value == 0
    assert facts(msgspec.structs.replace(SOUND["payment"], succeeded=None)).value == D("28.37")


def test_what_ties_documents_together_is_among_their_keys():
    assert ("bank_reference", "STRIPE 8841") in facts(SOUND["settlement"]).keys
    assert ("bank_reference", "STRIPE 8841") in facts(SOUND["payout"]).keys
    assert ("z_report", "Z-118") in facts(SOUND["store_day"]).keys
    assert ("supplier_order", "PO-1") in facts(SOUND["despatch"]).keys


def test_a_customer_is_the_same_person_as_an_orders_buyer():
    assert facts(SOUND["customer"]).counterparty == facts(order()).counterparty


@pytest.mark.parametrize("name", ["order", "refund"])
@pytest.mark.parametrize("word", ["training", "voided"])
def test_what_was_only_practised_or_taken_back_at_the_till_is_worth_nothing(name, word):
    assert facts(msgspec.structs.replace(SOUND[name], **{word: True})).value == 0
