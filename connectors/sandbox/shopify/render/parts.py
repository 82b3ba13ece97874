"""The pieces that orders and refunds share."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.sandbox.shopify.catalogue import VENDOR
from connectors.sandbox.shopify.model import Address, Line, Sale, TaxPart
from connectors.sandbox.shopify.places import SHOP_TIMEZONE, STATES
from connectors.sandbox.shopify.pricing import half_up

Document = dict[str, Any]


def stamp(at: datetime) -> str:
    """The shop's own time with its offset, whole seconds."""
    return at.astimezone(SHOP_TIMEZONE).isoformat(timespec="seconds")


def gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


def amount(cents: int) -> str:
    sign, cents = ("-", -cents) if cents < 0 else ("", cents)
    return f"{sign}{cents // 100}.{cents % 100:02d}"


def money_set(cents: int, sale: Sale) -> Document:
    shown = cents if not sale.presentment_currency else half_up(cents * Decimal(sale.presentment_rate))
    return {
        "shop_money": {"amount": amount(cents), "currency_code": sale.currency},
        "presentment_money": {
            "amount": amount(shown),
            "currency_code": sale.presentment_currency or sale.currency,
        },
    }


def both(name: str, cents: int, sale: Sale) -> Document:
    return {name: amount(cents), f"{name}_set": money_set(cents, sale)}


def tax_line(part: TaxPart, sale: Sale) -> Document:
    return {
        "channel_liable": False,
        "price": amount(part.cents),
        "price_set": money_set(part.cents, sale),
        "rate": float(part.rate),
        "title": part.title,
    }


def allocations(cents: int, sale: Sale) -> list[Document]:
    if not cents:
        return []
    return [{"amount": amount(cents), "amount_set": money_set(cents, sale), "discount_application_index": 0}]


def address(address: Address) -> Document:
    return {
        "first_name": address.first_name,
        "address1": address.address1,
        "phone": address.phone,
        "city": address.city,
        "zip": address.zip,
        "province": STATES[address.state].name,
        "country": "United States",
        "last_name": address.last_name,
        "address2": address.address2,
        "company": None,
        "latitude": None,
        "longitude": None,
        "name": f"{address.first_name} {address.last_name}",
        "country_code": "US",
        "province_code": address.state,
    }


def line_item(line: Line, sale: Sale) -> Document:
    pending = sale.current_quantity(line) if sale.source == "web" else 0
    return {
        "fulfillable_quantity": 0 if line.gift_card else pending,
        "fulfillment_service": "gift_card" if line.gift_card else "manual",
        "fulfillment_status": None if sale.source == "web" else "fulfilled",
        "gift_card": line.gift_card,
        "grams": line.grams,
        "name": f"{line.title} - {line.option}" if line.option else line.title,
        **both("price", line.price, sale),
        "product_exists": line.product_id is not None,
        "product_id": line.product_id,
        "properties": [],
        "quantity": line.quantity,
        "requires_shipping": not line.gift_card,
        "sku": line.sku,
        "taxable": line.taxable,
        "title": line.title,
        **both("total_discount", 0, sale),
        "variant_id": line.variant_id,
        "variant_inventory_management": None if line.gift_card else "shopify",
        "variant_title": line.option or None,
        "vendor": VENDOR,
        "tax_lines": [tax_line(part, sale) for part in line.taxes],
        "duties": [],
        "discount_allocations": allocations(line.discount, sale),
    }


def shipping_lines(sale: Sale) -> list[Document]:
    if sale.shipping is None:
        return []
    shipping = sale.shipping
    given_back = sum(each.shipping for each in sale.refunds)
    return [
        {
            "id": shipping.id,
            "carrier_identifier": None,
            "code": shipping.code,
            "current_discounted_price_set": money_set(shipping.net - given_back, sale),
            **both("discounted_price", shipping.net, sale),
            "is_removed": False,
            "phone": None,
            **both("price", shipping.price, sale),
            "requested_fulfillment_service_id": None,
            "source": "shopify",
            "title": shipping.title,
            "tax_lines": [tax_line(part, sale) for part in shipping.taxes],
            "discount_allocations": allocations(shipping.discount, sale),
        }
    ]
