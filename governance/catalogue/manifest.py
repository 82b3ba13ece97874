"""What a connector declares about itself, once, as data.

Connectors build one `Manifest` each; the catalogue, the intake, the engine and the console only ever read it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum, StrEnum


class Idempotency(IntEnum):
    """How a target treats the same document sent twice (`docs/architecture.md`, uncertain outcomes)."""

    NATIVE_KEY = 1  # the target accepts our key: send again with the same key
    UPSERT_BY_ID = 2  # the target upserts by our id: send again
    SEARCH_FIRST = 3  # search by our reference, create only when absent
    NONE = 4  # a person decides; money never goes again by itself


class Capability(StrEnum):
    WEBHOOKS = "webhooks"
    READS = "reads"
    WRITES = "writes"


@dataclass(frozen=True, slots=True)
class Field:
    """One setting of a connection. A secret is encrypted at rest and never shown again."""

    name: str
    label: str
    help: str = ""
    secret: bool = False
    required: bool = True
    purpose: str = "call"  # "call": only workers decrypt it; "verify": the intake needs it


@dataclass(frozen=True, slots=True)
class ApiVersion:
    """One version of the vendor's API. `end` is None where the vendor states none."""

    name: str
    end: date | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class VendorPage:
    title: str
    path: str
    read_on: date


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Token bucket of one credential: `burst` calls at once, `per_second` refilled, `concurrency` in flight."""

    burst: int
    per_second: float
    concurrency: int


@dataclass(frozen=True, slots=True)
class OperationSpec:
    """An operation the connector offers: what it takes, and what repeating it does."""

    name: str
    object_type: str
    idempotency: Idempotency
    money: bool
    success: str  # the positive predicate, in words
    reads: bool = False  # changes nothing at the target: no flow is made of it


@dataclass(frozen=True, slots=True)
class Manifest:
    key: str
    label: str
    owner: str
    capabilities: frozenset[Capability]
    fields: tuple[Field, ...]
    api_versions: tuple[ApiVersion, ...]
    rate_limit: RateLimit
    scopes: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()  # events it may send us
    operations: tuple[OperationSpec, ...] = ()
    business_keys: tuple[str, ...] = ()  # types it fills, e.g. "order", "sku"
    personal_fields: tuple[str, ...] = ()  # dotted paths in its payloads, * for every list item
    card_fields: tuple[str, ...] = ()  # always dropped before the first write
    id_fields: tuple[str, ...] = ()  # never scanned for card numbers
    allowed_hosts: tuple[str, ...] = ()  # e.g. "*.myshopify.com"; empty: the retailer's own host, by allow-list
    vendor_pages: tuple[VendorPage, ...] = ()
    extra: dict[str, str] = field(default_factory=dict)

    def operation(self, name: str) -> OperationSpec:
        for spec in self.operations:
            if spec.name == name:
                return spec
        raise KeyError(f"{self.key} has no operation {name!r}")

    def writes(self) -> dict[str, OperationSpec]:
        """What a flow to this system may take: object type -> the operation that writes it."""
        return {spec.object_type: spec for spec in self.operations if not spec.reads}

    def secret_fields(self) -> tuple[Field, ...]:
        return tuple(f for f in self.fields if f.secret)

    def config_fields(self) -> tuple[Field, ...]:
        return tuple(f for f in self.fields if not f.secret)
