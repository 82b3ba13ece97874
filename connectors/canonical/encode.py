"""Canonical JSON: the same object always gives the same bytes.

Keys sorted, no spaces, Decimal as text with its places, times as ISO 8601 with their offset (Z for UTC), ids as text.
"""

from __future__ import annotations

import json
from functools import reduce
from operator import or_
from typing import Any

import msgspec

from connectors.canonical.base import Breach, Canonical
from connectors.canonical.objects import KINDS

_encoder = msgspec.json.Encoder(order="sorted", decimal_format="string")
_decoder: msgspec.json.Decoder[Canonical] = msgspec.json.Decoder(reduce(or_, KINDS))


def canonical_bytes(obj: Canonical) -> bytes:
    return _encoder.encode(obj)


def as_builtins(obj: Any) -> dict[str, Any]:
    """As JSON values, keys sorted."""
    made: dict[str, Any] = json.loads(_encoder.encode(obj))
    return made


def decoded(data: bytes) -> Canonical:
    """The object that `canonical_bytes` made these bytes from. Raises msgspec.DecodeError."""
    return _decoder.decode(data)


def readable(obj: Canonical, breaches: tuple[Breach, ...]) -> dict[str, Any]:
    """For people and scripts: the object, its breaches beside it."""
    return {**as_builtins(obj), "breaches": [as_builtins(one) for one in breaches]}
