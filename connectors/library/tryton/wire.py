"""Tryton's JSON: decimals and dates are objects that name their class."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import msgspec

_decoder = msgspec.json.Decoder(float_hook=Decimal)


def encode(value: Any) -> bytes:
    return msgspec.json.encode(_outward(value))


def decode(body: bytes) -> Any:
    """Raises msgspec.DecodeError, ValueError or TypeError for what is not Tryton's JSON."""
    return _inward(_decoder.decode(body))


def _outward(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _outward(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_outward(item) for item in value]
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": f"{value:f}"}
    if isinstance(value, dt.date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    return value


def _inward(value: Any) -> Any:
    if isinstance(value, list):
        return [_inward(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("__class__")
    if kind == "Decimal":
        return Decimal(value["decimal"])
    if kind == "date":
        return dt.date(value["year"], value["month"], value["day"])
    return {key: _inward(item) for key, item in value.items()}
