"""The GraphQL we send. Only fields that are in no deprecation notice of 2026-10; all in the shop's currency and bags.

Source: shopify.dev/docs/api/admin-graphql/2026-10/objects/Order, read 2026-11-23 from stored copies.
"""

_BAG = "{ shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }"
_TAX = f"taxLines {{ title rate priceSet {_BAG} }}"
_ALLOCATIONS = f"discountAllocations {{ allocatedAmountSet {_BAG} }}"

LINES = f"""
    nodes {{
      id name sku quantity isGiftCard
      variant {{ id }} product {{ id }}
      originalUnitPriceSet {_BAG}
      {_ALLOCATIONS} {_TAX}
    }}
    pageInfo {{ hasNextPage endCursor }}
"""

ORDER = f"""
query SignalboxOrder($id: ID!) {{
  order(id: $id) {{
    id name createdAt updatedAt cancelledAt cancelReason
    currencyCode presentmentCurrencyCode taxesIncluded test note sourceName
    displayFinancialStatus displayFulfillmentStatus email phone
    totalPriceSet {_BAG} subtotalPriceSet {_BAG} totalTaxSet {_BAG}
    totalDiscountsSet {_BAG} totalShippingPriceSet {_BAG} totalTipReceivedSet {_BAG}
    originalTotalDutiesSet {_BAG} originalTotalAdditionalFeesSet {_BAG}
    {_TAX}
    retailLocation {{ id }}
    customer {{ id firstName lastName }}
    shippingAddress {{ countryCodeV2 }}
    billingAddress {{ name countryCodeV2 }}
    transactions(first: 50) {{ gateway kind status amountSet {_BAG} }}
    shippingLines(first: 20) {{
      nodes {{ title code isRemoved originalPriceSet {_BAG} {_ALLOCATIONS} {_TAX} }}
    }}
    lineItems(first: 50) {{ {LINES} }}
  }}
}}
"""

MORE_LINES = f"""
query SignalboxOrderLines($id: ID!, $after: String!) {{
  order(id: $id) {{ lineItems(first: 50, after: $after) {{ {LINES} }} }}
}}
"""

UPDATED = """
query SignalboxOrdersUpdated($query: String!, $after: String, $first: Int!) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes { id updatedAt }
    pageInfo { hasNextPage endCursor }
  }
}
"""

HEALTH = """
query SignalboxHealth {
  shop { name myshopifyDomain currencyCode ianaTimezone }
  currentAppInstallation { accessScopes { handle } }
  webhookSubscriptions(first: 100) { nodes { topic uri } }
}
"""
