"""JSON Schemas of the canonical objects, generated from the Structs and published under a version.

Raise the version of an object with every change of its shape; `tests/connectors/canonical/test_schemas.py` holds the
digest of each published version and fails when a shape changes under an old one.
"""

from __future__ import annotations

from typing import Any

import msgspec

from connectors.canonical.order import Order
from connectors.canonical.refund import Refund

OBJECTS: dict[str, type[msgspec.Struct]] = {"order": Order, "refund": Refund}
VERSIONS: dict[str, str] = {"order": "1.0", "refund": "1.0"}


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one object, self-contained. Raises KeyError."""
    made = msgspec.json.schema(OBJECTS[name])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:signalbox:canonical:{name}:{VERSIONS[name]}",
        "title": name,
        **made,
    }


def schemas() -> dict[str, dict[str, Any]]:
    return {name: schema(name) for name in OBJECTS}
