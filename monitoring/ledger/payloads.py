"""The payload store: the only way to bodies, raw or recorded. Its format allows encryption from the first row on.

format 0: the bytes themselves. format 1 is reserved for AES-256-GCM under the key named by `key_id`
(one key a retailer and month, `governance.credentials`), so that retention and erasure can delete a key.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import connection

from tenants.context import require_scope

PLAIN = 0


class UnknownFormat(RuntimeError):
    """A payload was written by a newer version of us."""


def encode(body: bytes) -> tuple[int, str, bytes]:
    """(format, key id, bytes to store)."""
    return PLAIN, "", body


def decode(format_: int, key_id: str, body: bytes) -> bytes:
    if format_ != PLAIN:
        raise UnknownFormat(f"payload format {format_} (key {key_id}) is not known to this version")
    return bytes(body)


def row(payload_id: UUID, retailer_id: int, body: bytes) -> tuple[UUID, int, int, str, bytes]:
    """A row of `bulk.PAYLOADS`."""
    return (payload_id, retailer_id, *encode(body))


def read(ids: Iterable[UUID]) -> dict[UUID, bytes]:
    """Bodies by id, within the scope's retailers; ids that are gone or not ours are simply absent. One query."""
    scope = require_scope()
    wanted = list(ids)
    retailers = None if scope.retailers_setting == "*" else sorted(scope.retailers)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, format, key_id, body FROM ledger_payload WHERE id = ANY(%s)"
            " AND (%s::bigint[] IS NULL OR retailer_id = ANY(%s))",
            [wanted, retailers, retailers],
        )
        return {key: decode(format_, key_id, body) for key, format_, key_id, body in cursor.fetchall()}
