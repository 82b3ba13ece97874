"""The shop itself, its stores and its products."""

from __future__ import annotations

from itertools import groupby

from connectors.sandbox.shopify.catalogue import VENDOR, Variant, gift_cards, unlisted, variants
from connectors.sandbox.shopify.places import BY_ID, STATES
from connectors.sandbox.shopify.render.parts import Document, amount, gid


def location(location_id: int) -> Document:
    """A store, as the locations endpoint gives it."""
    place = BY_ID[location_id]
    return {
        "id": place.id,
        "name": place.name,
        "address1": place.address,
        "address2": None,
        "city": place.city,
        "zip": place.zip,
        "province": STATES[place.state].name,
        "country": "US",
        "phone": None,
        "country_code": "US",
        "country_name": "United States",
        "province_code": place.state,
        "legacy": False,
        "active": True,
        "admin_graphql_api_id": gid("Location", place.id),
        "localized_country_name": "United States",
        "localized_province_name": STATES[place.state].name,
    }


def products(seed: int) -> list[Document]:
    """Everything the shop sells, also what the ERP was never told of."""
    every = sorted((*variants(seed), *gift_cards(), *unlisted()), key=lambda variant: variant.product_id)
    return [_product(list(group)) for _, group in groupby(every, key=lambda variant: variant.product_id)]


def _product(found: list[Variant]) -> Document:
    first = found[0]
    return {
        "id": first.product_id,
        "title": first.title,
        "vendor": VENDOR,
        "product_type": "Gift Cards" if first.gift_card else "Apparel",
        "status": "active",
        "admin_graphql_api_id": gid("Product", first.product_id),
        "variants": [_variant(variant) for variant in found],
    }


def _variant(variant: Variant) -> Document:
    return {
        "id": variant.id,
        "product_id": variant.product_id,
        "title": variant.option or "Default Title",
        "price": amount(variant.price),
        "sku": variant.sku,
        "taxable": not variant.gift_card,
        "grams": variant.grams,
        "requires_shipping": not variant.gift_card,
        "admin_graphql_api_id": gid("ProductVariant", variant.id),
    }


def shop(domain: str) -> Document:
    return {
        "id": 548380009,
        "name": "Harbour & Pine",
        "email": "shop@example.com",
        "domain": domain,
        "myshopify_domain": domain,
        "country_code": "US",
        "currency": "USD",
        "money_format": "${{amount}}",
        "iana_timezone": "America/New_York",
        "timezone": "(GMT-05:00) America/New_York",
        "plan_name": "shopify_plus",
        "plan_display_name": "Shopify Plus",
        "taxes_included": False,
        "primary_locale": "en",
        "created_at": "2019-04-02T09:00:00-04:00",
        "updated_at": "2026-10-01T09:00:00-04:00",
    }
