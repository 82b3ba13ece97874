"""What Shopify is to us, as data."""

from __future__ import annotations

from datetime import date

from governance.catalogue.manifest import (
    ApiVersion,
    Capability,
    Field,
    Manifest,
    RateLimit,
    VendorPage,
)

READ_ON = date(2026, 11, 23)
_VERSIONING = "shopify.dev/docs/api/usage/versioning"
_FIRST, _LAST = (2024, 10), (2026, 10)


def _versions() -> tuple[ApiVersion, ...]:
    """Quarterly versions, newest first. The vendor promises at least twelve months from the first of the quarter."""
    found = []
    year, month = _FIRST
    while (year, month) <= _LAST:
        end = date(year + 1, month, 1)
        found.append(ApiVersion(f"{year}-{month:02d}", end, f"{_VERSIONING}: released + 12 months, read {READ_ON}"))
        year, month = (year, month + 3) if month < 10 else (year + 1, 1)
    return tuple(reversed(found))


_ADDRESSES = ("billing_address", "shipping_address")
_ORDER_PERSONAL = (
    "email",
    "contact_email",
    "phone",
    "browser_ip",
    "client_details",
    "customer",
    "note",
    "note_attributes",
    "order_status_url",
    "landing_site",
    "referring_site",
    "token",
    "cart_token",
    "checkout_token",
    "line_items.*.properties",
    "fulfillments",
    "shipping_lines.*.phone",
    "payment_details",
    "refunds.*.note",
    "refunds.*.refund_line_items.*.line_item.properties",
    "refunds.*.transactions.*.receipt",
)
_REFUND_PERSONAL = ("refund_line_items.*.line_item.properties", "transactions.*.receipt")
_READ_PERSONAL = ("billingAddress", "shippingAddress")

manifest = Manifest(
    key="shopify",
    label="Shopify",
    owner="Signalbox",
    capabilities=frozenset((Capability.WEBHOOKS, Capability.READS)),
    fields=(
        Field("shop_domain", "Shop domain", "The permanent one, ending in .myshopify.com"),
        Field(
            "access_token",
            "Admin API access token",
            "Of the app installed in the shop; begins with shpat_",
            secret=True,
        ),
        Field(
            "webhook_secret",
            "Webhook signing secret",
            "The app's client secret. During rotation the old one stays valid beside the new one",
            secret=True,
            purpose="verify",
        ),
        Field(
            "poll_every",
            "Look for missed events every",
            "Seconds; empty: 60. off: never, then what a webhook misses stays missing",
            required=False,
        ),
        Field("admin_url", "Address of a stand-in", "Only for a sandbox; empty for the real shop", required=False),
    ),
    api_versions=_versions(),
    rate_limit=RateLimit(burst=40, per_second=2.0, concurrency=4),
    scopes=("read_orders", "read_customers", "read_locations"),
    topics=("orders/create", "orders/updated", "orders/cancelled", "refunds/create"),
    business_keys=("order", "order_id", "refund"),
    personal_fields=(*_ORDER_PERSONAL, *_ADDRESSES, *_REFUND_PERSONAL, *_READ_PERSONAL),
    card_fields=(
        "payment_details.credit_card_number",
        "payment_details.credit_card_bin",
        "payment_details.cvv_result_code",
        "transactions.*.payment_details",
        "refunds.*.transactions.*.payment_details",
    ),
    id_fields=(
        "id",
        "admin_graphql_api_id",
        "order_id",
        "app_id",
        "checkout_id",
        "location_id",
        "device_id",
        "user_id",
        "customer.id",
        "customer.admin_graphql_api_id",
        "customer.default_address.id",
        "customer.default_address.customer_id",
        "line_items.*.id",
        "line_items.*.admin_graphql_api_id",
        "line_items.*.variant_id",
        "line_items.*.product_id",
        "shipping_lines.*.id",
        "fulfillments.*.id",
        "fulfillments.*.admin_graphql_api_id",
        "fulfillments.*.order_id",
        "fulfillments.*.location_id",
        "fulfillments.*.line_items.*.id",
        "fulfillments.*.line_items.*.admin_graphql_api_id",
        "refunds.*.id",
        "refunds.*.admin_graphql_api_id",
        "refunds.*.order_id",
        "refunds.*.refund_line_items.*.id",
        "refunds.*.refund_line_items.*.line_item_id",
        "refunds.*.refund_line_items.*.location_id",
        "refunds.*.refund_line_items.*.line_item.id",
        "refunds.*.refund_line_items.*.line_item.admin_graphql_api_id",
        "refunds.*.transactions.*.id",
        "refunds.*.transactions.*.admin_graphql_api_id",
        "refunds.*.transactions.*.order_id",
        "refunds.*.transactions.*.parent_id",
        "refund_line_items.*.id",
        "refund_line_items.*.line_item_id",
        "refund_line_items.*.location_id",
        "refund_line_items.*.line_item.id",
        "refund_line_items.*.line_item.admin_graphql_api_id",
        "refund_line_items.*.line_item.variant_id",
        "refund_line_items.*.line_item.product_id",
        "transactions.*.id",
        "transactions.*.admin_graphql_api_id",
        "transactions.*.order_id",
        "transactions.*.parent_id",
        "transactions.*.device_id",
        "transactions.*.location_id",
        "order_adjustments.*.id",
        "order_adjustments.*.order_id",
        "order_adjustments.*.refund_id",
        "refund_shipping_lines.*.id",
    ),
    allowed_hosts=("*.myshopify.com",),
    vendor_pages=(
        VendorPage("About Shopify API versioning", _VERSIONING, READ_ON),
        VendorPage("API rate limits", "shopify.dev/docs/api/usage/limits", READ_ON),
        VendorPage("Response status and error codes", "shopify.dev/docs/api/usage/response-codes", READ_ON),
        VendorPage("Ignore duplicate webhooks", "shopify.dev/docs/apps/build/webhooks/ignore-duplicates", READ_ON),
        VendorPage("Verify deliveries", "shopify.dev/docs/apps/build/events/verify-deliveries", READ_ON),
        VendorPage("Paginated results (REST)", "shopify.dev/docs/api/usage/pagination-rest", READ_ON),
        VendorPage("Order (REST)", "shopify.dev/docs/api/admin-rest/latest/resources/order", READ_ON),
        VendorPage("Refund (REST)", "shopify.dev/docs/api/admin-rest/latest/resources/refund", READ_ON),
        VendorPage("Order (GraphQL)", "shopify.dev/docs/api/admin-graphql/2026-10/objects/Order", READ_ON),
    ),
    extra={"proof": "passed against our stand-in", "retries": "8 times in 4 hours, then the subscription is removed"},
)
