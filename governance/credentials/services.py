"""Storing, rotating and retiring the secrets of a connection. Nothing here shows one again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Max

from governance.access.principal import Principal
from governance.audit.gate import gate
from governance.credentials.envelope import context, rewrap, seal
from governance.credentials.keyring import WRAPPING, Keyring, Purpose, keyring_at
from governance.credentials.models import Credential
from tenants.context import require_scope
from tenants.ids import uuid7


class AlreadyStored(ValueError):
    """The field has an active secret: rotate it."""


def keyring() -> Keyring:
    return keyring_at(settings.KEYS_DIR)


def store_secret(
    *,
    connection_id: int,
    retailer_id: int,
    field: str,
    value: str,
    purpose: str,
    by: Principal,
    reason: str = "",
    at: datetime | None = None,
) -> Credential:
    """The first secret of a field, or the first after all were retired.

    Raises: AlreadyStored; Refused.
    """
    with gate("credential.stored", by=by, retailer=retailer_id, reason=reason, at=at) as act:
        if _active(connection_id, field):
            raise AlreadyStored(f"{field} is already stored")
        credential = _add(connection_id, retailer_id, field, value, Purpose(purpose), by, at)
        act.object, act.after = credential, _facts(credential)
    return credential


def rotate_secret(
    *, connection_id: int, field: str, value: str, by: Principal, reason: str, at: datetime | None = None
) -> Credential:
    """A newer secret beside the active one; both work until `retire_secret`. A third is never active: the oldest goes.

    Raises: Credential.DoesNotExist where there is none to rotate; Refused, ReasonMissing.
    """
    newest = Credential.objects.scoped().active().filter(connection_id=connection_id, field=field)[:1].get()
    moment = at or datetime.now(UTC)
    with gate("credential.rotated", by=by, retailer=newest.retailer_id, reason=reason, at=at) as act:
        older = [row.pk for row in _active(connection_id, field)[1:]]
        Credential.objects.filter(pk__in=older).update(retired_at=moment, ciphertext=b"", wrapped_key=b"")
        credential = _add(connection_id, newest.retailer_id, field, value, Purpose(newest.purpose), by, moment)
        act.object, act.before, act.after = credential, _facts(newest), _facts(credential)
    return credential


def retire_secret(*, credential_id: UUID, by: Principal, reason: str, at: datetime | None = None) -> None:
    """From now on this version neither verifies nor calls. Its bytes are overwritten."""
    credential = Credential.objects.scoped().active().get(pk=credential_id)
    with gate("credential.retired", by=by, object=credential, retailer=credential.retailer_id, reason=reason) as act:
        Credential.objects.filter(pk=credential_id).update(
            retired_at=at or datetime.now(UTC), ciphertext=b"", wrapped_key=b""
        )
        act.before = _facts(credential)


def rotate_keys(*, purpose: str, by: Principal, reason: str) -> int:
    """Wrap every active secret of the partner for a new key. Returns how many. Needs the private keys: a worker's act.

    The old key file stays: a restored backup needs it. Removing it is the last step of a rotation, by hand.
    """
    schema, ring, kind = require_scope().schema, keyring(), Purpose(purpose)
    if kind not in WRAPPING:
        raise ValueError(f"the {kind} key is not rotated")
    with gate("keys.rotated", by=by, reason=reason) as act:
        old, new = ring.current(schema, kind), ring.add(schema, kind)
        rows = list(Credential.objects.active().select_for_update().filter(purpose=kind))
        for row in rows:
            row.wrapped_key = rewrap(
                bytes(row.wrapped_key), old=ring.private(row.key_id), new=ring.public(new), bound_to=_context(row)
            )
            row.key_id = new
        Credential.objects.bulk_update(rows, ["wrapped_key", "key_id"])
        act.before, act.after = {"key": old}, {"key": new, "secrets": len(rows)}
    return len(rows)


def mark_used(*, credential_ids: Iterable[UUID], at: datetime) -> None:
    """When a secret last worked. Call it at most once a minute for a connection, not for every call."""
    Credential.objects.filter(pk__in=list(credential_ids)).update(last_used_at=at)


def _active(connection_id: int, field: str) -> list[Credential]:
    return list(Credential.objects.active().filter(connection_id=connection_id, field=field))


def _add(
    connection_id: int, retailer_id: int, field: str, value: str, purpose: Purpose, by: Principal, at: datetime | None
) -> Credential:
    ring, schema, identity = keyring(), require_scope().schema, uuid7()
    rows = Credential.objects.filter(connection_id=connection_id, field=field)
    version = (rows.aggregate(newest=Max("version"))["newest"] or 0) + 1
    key_id = ring.current(schema, purpose)
    sealed = seal(value.encode(), key=ring.public(key_id), bound_to=context(schema, identity, version))
    return Credential.objects.create(
        id=identity,
        retailer_id=retailer_id,
        connection_id=connection_id,
        field=field,
        purpose=purpose,
        version=version,
        key_id=key_id,
        wrapped_key=sealed.wrapped_key,
        ciphertext=sealed.ciphertext,
        created_by=by.text,
        created_at=at or datetime.now(UTC),
    )


def _context(row: Credential) -> bytes:
    return context(require_scope().schema, row.pk, row.version)


def _facts(row: Credential) -> dict[str, object]:
    """What the trail may know of a secret: everything but itself."""
    return {"connection": row.connection_id, "field": row.field, "purpose": row.purpose, "version": row.version}
