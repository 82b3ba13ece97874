"""From an act to the columns of its row, canonical bytes included. Touches no database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.db import models

from governance.access.principal import Principal
from governance.audit.canonical import VERSION, canonical, leaf_hash, utc_text
from governance.audit.registry import Action, action_named
from governance.redaction.names import HIDDEN, is_secret_name
from tenants.context import require_scope
from tenants.ids import uuid7

PARTNER_LOG: Final = "partner"
_BROKEN: Final = str.maketrans({"\x00": "\ufffd"})


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """What was acted on, as text that outlives its row."""

    type: str
    id: str = ""
    text: str = ""


def ref(instance: models.Model, type_: str) -> ObjectRef:
    return ObjectRef(type_, str(instance.pk), str(instance))


def event_values(
    action: str,
    *,
    by: Principal,
    object: ObjectRef | models.Model | None = None,
    retailer: int | None = None,
    reason: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    outcome: str = "done",
    at: datetime | None = None,
) -> dict[str, Any]:
    """Column values of one AuditEvent within the current partner. Raises UnknownAction."""
    spec = action_named(action)
    about = _object(object, spec)
    values = {
        "event_id": uuid7(),
        "retailer_id": retailer,
        "at": at or datetime.now(UTC),
        "action": action,
        "actor_kind": by.kind,
        "actor_id": by.id,
        "actor_text": clean(by.text),
        "actor_role": by.role,
        "auth_method": by.auth_method,
        "source_ip": by.source_ip,
        "request_id": clean(by.request_id),
        "object_type": about.type,
        "object_id": clean(about.id),
        "object_text": clean(about.text),
        "reason": clean(reason),
        "outcome": outcome,
        "before": None if spec.personal else json_text(before),
        "after": None if spec.personal else json_text(after),
    }
    values["canonical"] = canonical(canonical_record(values, partner=require_scope().schema))
    values["leaf"] = leaf_hash(values["canonical"])
    return values


def canonical_record(values: Mapping[str, Any], *, partner: str) -> dict[str, Any]:
    """What is hashed, from a row's columns: a verifier builds it again and compares."""
    retailer = values["retailer_id"]
    record = {
        "v": VERSION,
        "partner": partner,
        "log": PARTNER_LOG if retailer is None else f"retailer/{retailer}",
        "id": str(values["event_id"]),
        "at": utc_text(values["at"]),
        "actor": {
            "kind": values["actor_kind"],
            "id": values["actor_id"],
            "text": values["actor_text"],
            "role": values["actor_role"],
            "auth": values["auth_method"],
            "ip": values["source_ip"],
        },
        "object": {key: values[f"object_{key}"] for key in ("type", "id", "text")},
        **{key: values[key] for key in ("action", "outcome", "reason")},
        "request": values["request_id"],
    }
    return record | {key: values[key] for key in ("before", "after") if values[key] is not None}


def clean(text: str) -> str:
    """Text that PostgreSQL and UTF-8 can hold: NUL and lone surrogates become U+FFFD."""
    return text.translate(_BROKEN).encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def json_text(values: Mapping[str, Any] | None) -> str | None:
    """Sorted JSON with values under secret names hidden. Everything that is no number becomes text."""
    if values is None:
        return None
    return clean(json.dumps(hide_secrets(values), sort_keys=True, ensure_ascii=False, default=str))


def hide_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): HIDDEN if is_secret_name(str(k)) and v else hide_secrets(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [hide_secrets(inner) for inner in value]
    return value


def _object(given: ObjectRef | models.Model | None, spec: Action) -> ObjectRef:
    if given is None:
        return ObjectRef(spec.object_type)
    return given if isinstance(given, ObjectRef) else ref(given, spec.object_type)
