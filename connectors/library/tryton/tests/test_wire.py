from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from connectors.library.tryton import wire

VALUES = {
    "price": Decimal("12.3400"),
    "day": dt.date(2008, 1, 10),
    "list": [1, None, "x", True],
    "at": {"deep": Decimal(0)},
}


def test_what_is_sent_can_be_read_back() -> None:
    assert wire.decode(wire.encode(VALUES)) == VALUES


def test_decimals_keep_their_digits_and_have_no_exponent() -> None:
    assert wire.encode(Decimal("12.3400")) == b'{"__class__":"Decimal","decimal":"12.3400"}'
    assert wire.encode(Decimal("1E+3")) == b'{"__class__":"Decimal","decimal":"1000"}'


def test_quantities_are_exact_though_they_travel_as_floats() -> None:
    assert wire.decode(b"[2.0, 0.1]") == [Decimal("2.0"), Decimal("0.1")]


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"__class__": "date", "year": 2026, "month": 13, "day": 1}'])
def test_what_is_not_tryton_s_raises(body: bytes) -> None:
    with pytest.raises(ValueError):
        wire.decode(body)
