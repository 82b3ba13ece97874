"""JSON Schemas of the canonical objects, generated from the Structs and published under a version.

Raise the version of an object with every change of its shape; `tests/connectors/canonical/test_schemas.py` holds the
digest of each published version and fails when a shape changes under an old one.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec

from connectors.canonical.objects import OBJECTS

VERSIONS: dict[str, str] = dict.fromkeys(OBJECTS, "1.0") | {"order": "1.1", "refund": "1.1"}


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


def digest(name: str) -> str:
    """Of the schema's content: what a version promises to keep."""
    return hashlib.sha256(json.dumps(schema(name), sort_keys=True).encode()).hexdigest()[:16]
