"""The part of the Admin schema that an order reader uses.

Source: shopify.dev/docs/api/admin-graphql/2026-10 objects Order, LineItem, Refund, MoneyBag, … (names and nullability).
"""

from __future__ import annotations

from decimal import Decimal

from connectors.sandbox.shopify.graphql.fields import (
    FieldType,
    ObjectType,
    Source,
    bags,
    connection,
    global_id,
    number,
    one,
    plain,
    times,
    upper,
    utc,
)


def _bag(amount: str, currency: str) -> Source:
    money = {"amount": amount, "currency_code": currency}
    return {"shop_money": money, "presentment_money": money}


_MONEY: ObjectType = {"amount": number("amount"), **plain("currencyCode")}
_BAG: ObjectType = {"shopMoney": one("MoneyV2", "shop_money"), "presentmentMoney": one("MoneyV2", "presentment_money")}
_PAGE_INFO = plain("hasNextPage", "hasPreviousPage", "startCursor", "endCursor")
_ADDRESS: ObjectType = {
    **plain("firstName", "lastName", "name", "address1", "address2", "city", "zip", "province", "provinceCode"),
    **plain("country", "phone", "company"),
    "countryCodeV2": FieldType(lambda source, _a, _c: source["country_code"]),
}
_TAX: ObjectType = {
    **plain("title", "rate", "channelLiable"),
    **bags("priceSet"),
    "ratePercentage": FieldType(lambda source, _a, _c: float(Decimal(str(source["rate"])) * 100)),
}
_ALLOCATION: ObjectType = bags(allocatedAmountSet="amount_set")
_LINE: ObjectType = {
    "id": global_id("LineItem"),
    **plain("name", "title", "variantTitle", "sku", "vendor", "quantity", "currentQuantity", "taxable"),
    **plain("requiresShipping"),
    "isGiftCard": FieldType(lambda source, _a, _c: source["gift_card"]),
    "product": FieldType(lambda s, _a, _c: {"id": s["product_id"]} if s["product_id"] else None, of="Product"),
    "variant": FieldType(
        lambda s, _a, _c: {"id": s["variant_id"], "sku": s["sku"]} if s["variant_id"] else None, of="ProductVariant"
    ),
    **bags(originalUnitPriceSet="price_set", totalDiscountSet="total_discount_set"),
    "taxLines": one("TaxLine", "tax_lines"),
    "discountAllocations": one("DiscountAllocation", "discount_allocations"),
}
_SHIPPING: ObjectType = {
    "id": global_id("ShippingLine"),
    **plain("title", "code", "source", "carrierIdentifier", "isRemoved"),
    **bags(originalPriceSet="price_set", discountedPriceSet="discounted_price_set"),
    **bags(currentDiscountedPriceSet="current_discounted_price_set"),
    "taxLines": one("TaxLine", "tax_lines"),
    "discountAllocations": one("DiscountAllocation", "discount_allocations"),
}
_TRANSACTION: ObjectType = {
    "id": global_id("OrderTransaction"),
    **plain("gateway", "paymentId", "test"),
    **upper("kind", "status"),
    **times("createdAt", "processedAt"),
    "amountSet": FieldType(lambda source, _a, _c: _bag(source["amount"], source["currency"]), of="MoneyBag"),
    "parentTransaction": FieldType(
        lambda s, _a, _c: {"id": s["parent_id"]} if s["parent_id"] else None, of="ParentTransaction"
    ),
}
_REFUND_LINE: ObjectType = {
    "id": global_id("RefundLineItem"),
    **plain("quantity"),
    **bags("subtotalSet", "totalTaxSet"),
    **upper("restockType"),
    "restocked": FieldType(lambda source, _a, _c: source["restock_type"] != "no_restock"),
    "lineItem": one("LineItem", "line_item"),
    "location": FieldType(lambda s, _a, c: c.shop.location(s["location_id"]), of="Location"),
}
_ADJUSTMENT: ObjectType = {
    "id": global_id("OrderAdjustment"),
    "reason": FieldType(
        lambda s, _a, _c: "SHIPPING_REFUND" if s["kind"] == "shipping_refund" else "REFUND_DISCREPANCY"
    ),
    **bags("amountSet", "taxAmountSet"),
}


def _given_back(refunds: list[Source], currency: str) -> Source:
    """From the refunds' payments, since a REST refund states no total."""
    payments = [payment for refund in refunds for payment in refund["transactions"]]
    return _bag(str(sum((Decimal(payment["amount"]) for payment in payments), Decimal(0))), currency)


def _currency(refund: Source) -> str:
    return str(refund["total_duties_set"]["shop_money"]["currency_code"])


_REFUND: ObjectType = {
    "id": global_id("Refund"),
    "legacyResourceId": FieldType(lambda source, _a, _c: str(source["id"])),
    **plain("note"),
    **times("createdAt"),
    "updatedAt": FieldType(lambda source, _a, _c: utc(source["processed_at"])),
    "totalRefundedSet": FieldType(lambda source, _a, _c: _given_back([source], _currency(source)), of="MoneyBag"),
    "refundLineItems": connection("RefundLineItem", "refund_line_items"),
    "refundShippingLines": connection("RefundShippingLine", "refund_shipping_lines"),
    "orderAdjustments": connection("OrderAdjustment", "order_adjustments"),
    "transactions": connection("OrderTransaction", "transactions"),
}
_ORDER: ObjectType = {
    "id": global_id("Order"),
    "legacyResourceId": FieldType(lambda source, _a, _c: str(source["id"])),
    **plain("name", "number", "email", "phone", "note", "test", "confirmed", "confirmationNumber", "sourceName"),
    **plain("sourceIdentifier", "taxesIncluded", "taxExempt", "dutiesIncluded", "customerLocale", "poNumber"),
    **plain("paymentGatewayNames"),
    "tags": FieldType(lambda s, _a, _c: [tag for tag in s["tags"].split(", ") if tag]),
    "currencyCode": FieldType(lambda source, _a, _c: source["currency"]),
    "presentmentCurrencyCode": FieldType(lambda source, _a, _c: source["presentment_currency"]),
    "discountCodes": FieldType(lambda s, _a, _c: [code["code"] for code in s["discount_codes"]]),
    "statusPageUrl": FieldType(lambda source, _a, _c: source["order_status_url"]),
    **times("createdAt", "updatedAt", "processedAt", "cancelledAt", "closedAt"),
    **upper("cancelReason", displayFinancialStatus="financial_status"),
    "displayFulfillmentStatus": FieldType(lambda s, _a, _c: (s["fulfillment_status"] or "unfulfilled").upper()),
    **bags("currentSubtotalPriceSet", "currentTotalDiscountsSet", "currentTotalPriceSet", "currentTotalTaxSet"),
    **bags(
        "currentShippingPriceSet", "subtotalPriceSet", "totalDiscountsSet", "totalPriceSet", "totalShippingPriceSet"
    ),
    **bags("originalTotalDutiesSet", "originalTotalAdditionalFeesSet", "currentTotalDutiesSet"),
    **bags("currentTotalAdditionalFeesSet"),
    "totalOutstandingSet": FieldType(lambda s, _a, _c: _bag(s["total_outstanding"], s["currency"]), of="MoneyBag"),
    **bags("totalTaxSet", originalTotalPriceSet="total_price_set"),
    "totalTipReceivedSet": FieldType(lambda s, _a, _c: _bag(s["total_tip_received"], s["currency"]), of="MoneyBag"),
    "totalRefundedSet": FieldType(
        lambda s, _a, _c: _given_back(s["refunds"], s["currency"]),
        of="MoneyBag",
    ),
    "taxLines": one("TaxLine", "tax_lines"),
    "lineItems": connection("LineItem", "line_items"),
    "shippingLines": connection("ShippingLine", "shipping_lines"),
    "discountApplications": connection("DiscountApplication", "discount_applications"),
    "refunds": FieldType(lambda s, a, _c: s["refunds"][: a.get("first")], of="Refund", arguments=frozenset({"first"})),
    "transactions": FieldType(
        lambda s, a, _c: s["transactions"][: a.get("first")], of="OrderTransaction", arguments=frozenset({"first"})
    ),
    "customer": one("Customer", "customer"),
    "billingAddress": one("MailingAddress", "billing_address"),
    "shippingAddress": one("MailingAddress", "shipping_address"),
    "retailLocation": FieldType(lambda s, _a, c: c.shop.location(s["location_id"]), of="Location"),
    "physicalLocation": FieldType(lambda s, _a, c: c.shop.location(s["location_id"]), of="Location"),
}
_DISCOUNT: ObjectType = {
    "__typename": FieldType(lambda _s, _a, _c: "DiscountCodeApplication"),
    **plain("code"),
    **upper("targetType", "targetSelection", "allocationMethod"),
}
_SHOP: ObjectType = {
    "id": global_id("Shop"),
    **plain("name", "email", "myshopifyDomain", "ianaTimezone", "taxesIncluded"),
    "currencyCode": FieldType(lambda source, _a, _c: source["currency"]),
    "timezoneOffset": FieldType(lambda _s, _a, _c: "-0500"),
}

TYPES: dict[str, ObjectType] = {
    "Order": _ORDER,
    "Shop": _SHOP,
    "LineItem": _LINE,
    "ShippingLine": _SHIPPING,
    "TaxLine": _TAX,
    "DiscountAllocation": _ALLOCATION,
    "DiscountApplication": _DISCOUNT,
    "Refund": _REFUND,
    "RefundLineItem": _REFUND_LINE,
    "RefundShippingLine": {
        "id": global_id("RefundShippingLine"),
        "shippingLine": one("ShippingLine", "shipping_line"),
        **bags("subtotalAmountSet", "taxAmountSet"),
    },
    "OrderAdjustment": _ADJUSTMENT,
    "OrderTransaction": _TRANSACTION,
    "ParentTransaction": {"id": global_id("OrderTransaction")},
    "Customer": {
        "id": global_id("Customer"),
        **plain("firstName", "lastName", "email", "phone", "verifiedEmail", "taxExempt"),
        "displayName": FieldType(lambda s, _a, _c: f"{s['first_name']} {s['last_name']}"),
        "defaultAddress": one("MailingAddress", "default_address"),
    },
    "MailingAddress": _ADDRESS,
    "Location": {
        "id": global_id("Location"),
        "legacyResourceId": FieldType(lambda source, _a, _c: str(source["id"])),
        "isActive": FieldType(lambda source, _a, _c: source["active"]),
        **plain("name"),
        "address": FieldType(lambda source, _a, _c: source, of="LocationAddress"),
    },
    "LocationAddress": plain("address1", "city", "zip", "province", "provinceCode", "country", "countryCode"),
    "Product": {"id": global_id("Product")},
    "ProductVariant": {"id": global_id("ProductVariant"), **plain("sku")},
    "MoneyBag": _BAG,
    "MoneyV2": _MONEY,
    "PageInfo": _PAGE_INFO,
    "AppInstallation": {
        "id": FieldType(lambda _s, _a, _c: "gid://shopify/AppInstallation/1"),
        "accessScopes": one("AccessScope", "scopes"),
        "app": one("App", "app"),
    },
    "AccessScope": plain("handle", "description"),
    "App": {"id": FieldType(lambda _s, _a, _c: "gid://shopify/App/1"), **plain("title", "handle")},
    "ApiVersion": plain("handle", "displayName", "supported"),
    "WebhookSubscription": {
        "id": global_id("WebhookSubscription"),
        "topic": FieldType(lambda s, _a, _c: s["topic"].replace("/", "_").upper()),
        "callbackUrl": FieldType(lambda source, _a, _c: source["address"]),
        "uri": FieldType(lambda source, _a, _c: source["address"]),
        "format": FieldType(lambda _s, _a, _c: "JSON"),
        "apiVersion": FieldType(lambda s, _a, _c: {"handle": s["api_version"]}, of="ApiVersion"),
        "endpoint": FieldType(lambda source, _a, _c: source, of="WebhookHttpEndpoint"),
    },
    "WebhookHttpEndpoint": {
        "callbackUrl": FieldType(lambda source, _a, _c: source["address"]),
    },
    "UserError": plain("field", "message"),
    "WebhookSubscriptionCreatePayload": {
        "webhookSubscription": one("WebhookSubscription", "webhook_subscription"),
        "userErrors": one("UserError", "user_errors"),
    },
    "WebhookSubscriptionDeletePayload": {
        **plain("deletedWebhookSubscriptionId"),
        "userErrors": one("UserError", "user_errors"),
    },
}
