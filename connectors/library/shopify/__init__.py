"""Shopify: orders and refunds of a shop and its tills, by webhook, backed by reads of the Admin API."""
