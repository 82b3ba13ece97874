"""What a retailer's table of sales is to us, as data."""

from __future__ import annotations

from datetime import date

from governance.catalogue.manifest import ApiVersion, Capability, Field, Manifest, RateLimit, VendorPage

READ_ON = date(2026, 11, 23)
CHANGED = "sale/changed"
REQUIRED = ("id", "updated_at", "currency", "total", "lines")
OPTIONAL = (
    *("number", "created_at", "subtotal", "tax_total", "discount_total", "shipping_total", "tax_inclusive"),
    *("store", "till", "channel", "tender", "cancelled_at"),
)

manifest = Manifest(
    key="sqltable",
    label="Database table (PostgreSQL)",
    owner="Signalbox",
    capabilities=frozenset((Capability.READS,)),
    fields=(
        Field("address", "Address", "postgresql://host:5432/database"),
        Field("username", "User name", "A login that may SELECT from the one table, and nothing else"),
        Field("password", "Password", secret=True),
        Field(
            "tls",
            "TLS",
            "Empty: the server's certificate is checked. unverified: encrypted only. off: neither",
            required=False,
        ),
        Field("table", "Table or view", "schema.name; one row a sale"),
        Field(
            "columns",
            "Columns",
            "Where they have other names, theirs first: sale_no=id, changed=updated_at, …",
            required=False,
        ),
        Field("look_every", "Look every", "Seconds; empty: 60, off: not at all", required=False),
        Field(
            "overlap",
            "Overlap",
            "Seconds read again each time; longer than any transaction that writes the table lasts. Empty: 300",
            required=False,
        ),
    ),
    api_versions=(ApiVersion("sale-row/1", None, "our own layout: README.md"),),
    rate_limit=RateLimit(burst=1, per_second=1.0, concurrency=1),
    business_keys=("order", "order_id"),
    id_fields=("id", "number", "till", "lines.*.sku", "lines.*.line"),
    vendor_pages=(VendorPage("PostgreSQL: read only", "postgresql.org/docs/current/sql-set-transaction", READ_ON),),
    extra={"proof": "passed against a real PostgreSQL"},
)
