"""Teaches the sandbox's ERP what the sandbox's shop sells, so that a day has only the exceptions it should have."""

from __future__ import annotations

from decimal import Decimal

from connectors.sandbox.shopify.catalogue import gift_cards, variants
from connectors.sandbox.shopify.places import STATES
from connectors.sandbox.tryton.catalogue import Catalogue, Item
from connectors.sandbox.tryton.server import Server

CENT = Decimal("0.01")


def ensure_assortment(server: Server) -> int:
    """Products, gift cards and sales taxes; not what the shop sells too early. Returns how many products were new."""
    catalogue = Catalogue.of(server)
    catalogue.ensure_taxes({(tax.title, tax.rate) for state in STATES.values() for tax in state.taxes})
    sold = [*variants(), *gift_cards()]
    return catalogue.ensure_products(Item(v.sku, v.name, v.price * CENT, service=v.gift_card) for v in sold)
