"""The exact bytes that are hashed. Pure, and small enough to be written again in a verifier.

Canonical form: one JSON object, keys sorted by code point, no white space, UTF-8 without escapes, values only
strings, integers and objects of such. Times are UTC with microseconds. leaf = SHA-256(0x00 || canonical), the leaf
hash of RFC 6962, so that the tree built over leaves later needs no second look at the rows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

VERSION: Final = 1


class NotCanonical(ValueError):
    """A value that has no single canonical form (float, None, naive time, lone surrogate)."""


def canonical(record: Mapping[str, Any]) -> bytes:
    """The bytes of a record. The same record gives the same bytes on every machine and in every year."""
    _check(record, "")
    try:
        return json.dumps(record, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError as exc:
        raise NotCanonical("text with a lone surrogate") from exc


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def utc_text(at: datetime) -> str:
    """2026-11-23T06:30:00.000000Z, always with six digits."""
    if at.tzinfo is None:
        raise NotCanonical("a time without a zone")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _check(value: Any, path: str) -> None:
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return
    if not isinstance(value, Mapping):
        raise NotCanonical(f"{path or 'the record'} is {type(value).__name__}")
    for key, inner in value.items():
        if not isinstance(key, str):
            raise NotCanonical(f"{path} has a key that is {type(key).__name__}")
        _check(inner, f"{path}.{key}" if path else key)
