"""What Tryton is to us, as data."""

from __future__ import annotations

from datetime import date

from connectors.library.tryton.client import VERSION
from governance.catalogue.manifest import (
    ApiVersion,
    Capability,
    Field,
    Idempotency,
    Manifest,
    OperationSpec,
    RateLimit,
    VendorPage,
)

READ_ON = date(2026, 11, 23)
_SALE = "a sale whose number Tryton gave, with our reference, {state}, its total equal to the {object}'s to the cent"

manifest = Manifest(
    key="tryton",
    label="Tryton",
    owner="Signalbox",
    capabilities=frozenset((Capability.WRITES,)),
    fields=(
        Field("url", "Address", "Of the Tryton server, e.g. https://erp.example.com:8000"),
        Field("database", "Database", "Its name is part of Tryton's addresses"),
        Field(
            "application_key",
            "Application key",
            "Of a user in the groups Sales and Sales Administrator: preferences, Applications, application REST API",
            secret=True,
        ),
        Field("company", "Company", "Only where the key's user has more than one", required=False),
        Field("default_party", "Party for tills", "Code of the party; empty: WEB", required=False),
        Field("customer_prefix", "Prefix of customer codes", "One per shop; empty: SHOP-", required=False),
        Field(
            "customers",
            "Customers",
            "first: a sale waits until its customer is in Tryton; empty: made with the sale",
            required=False,
        ),
        Field("finish_at", "Bring sales up to", "draft, quotation or processing; empty: processing", required=False),
        Field("web_url", "Address of the web client", "Makes sales links; empty: none", required=False),
    ),
    # The interface follows the server's series. The vendor states no end for a series at an address we could read.
    api_versions=(ApiVersion(VERSION, None, "trytond 8.2.1, __series__; common.server.version answers it"),),
    # Tryton states no limit. It does one thing at a time for each document it numbers, so more would only queue there.
    rate_limit=RateLimit(burst=4, per_second=8.0, concurrency=2),
    scopes=("Sales", "Sales Administrator"),
    operations=(
        OperationSpec(
            "order.upsert",
            "order",
            Idempotency.SEARCH_FIRST,
            money=True,
            success=_SALE.format(
                state="processing, done or (an order cancelled in the shop) cancelled", object="order"
            ),
        ),
        OperationSpec(
            "refund.create",
            "refund",
            Idempotency.SEARCH_FIRST,
            money=True,
            success=_SALE.format(state="negative, processing or done", object="refund"),
        ),
        # Changes nothing: it may be sent as often as anyone likes.
        OperationSpec(
            "sale.read",
            "sale",
            Idempotency.UPSERT_BY_ID,
            money=False,
            success="the one sale with that number, as it is",
            reads=True,
        ),
    ),
    business_keys=("order", "sale"),
    personal_fields=("name", "party.name", "message"),
    id_fields=("id", "number", "reference", "description", "party.id", "lines.*.id"),
    vendor_pages=(
        VendorPage("trytond 8.2.1: protocols/rest.py", "trytond wheel, trytond/protocols/rest.py", READ_ON),
        VendorPage("trytond 8.2.1: protocols/wrappers.py", "trytond wheel, trytond/protocols/wrappers.py", READ_ON),
        VendorPage("trytond 8.2.1: protocols/dispatcher.py", "trytond wheel, trytond/protocols/dispatcher.py", READ_ON),
        VendorPage("trytond_sale 8.2.0: sale.py", "trytond_sale wheel, trytond/modules/sale/sale.py", READ_ON),
        VendorPage("trytond_account 8.2.0: tax.py", "trytond_account wheel, trytond/modules/account/tax.py", READ_ON),
    ),
    extra={
        "proof": "runs against the vendor's own server in tests and demo",
        "served": "not stated, except by a probe",
    },
)
