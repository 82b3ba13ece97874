"""A stand-in for a Shopify shop: orders, signed webhooks and the Admin API, with faults and a journal."""
