"""The order document."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.sandbox.shopify.model import Customer, Line, Sale, TaxPart
from connectors.sandbox.shopify.render.parts import (
    Document,
    address,
    amount,
    both,
    gid,
    line_item,
    money_set,
    shipping_lines,
    stamp,
    tax_line,
)
from connectors.sandbox.shopify.render.refund import refund

WEB_APP, POS_APP = 580111, 129785


def order(sale: Sale, shop: str) -> Document:
    """The whole order, its refunds inside."""
    return {
        **_head(sale, shop),
        **_totals(sale),
        "billing_address": address(sale.customer.address) if sale.customer and sale.source == "web" else None,
        "customer": _customer(sale.customer, sale),
        "discount_applications": _discount_applications(sale),
        "fulfillments": [],
        "line_items": [_line(line, sale) for line in sale.lines],
        "payment_terms": None,
        "refunds": [refund(each, sale) for each in sale.refunds],
        "returns": [],
        "line_item_groups": [],
        "shipping_address": address(sale.ship_to) if sale.ship_to else None,
        "shipping_lines": shipping_lines(sale),
    }


def _head(sale: Sale, shop: str) -> Document:
    web = sale.source == "web"
    mail = sale.customer.email if sale.customer else ""
    return {
        "id": sale.id,
        "admin_graphql_api_id": gid("Order", sale.id),
        "app_id": WEB_APP if web else POS_APP,
        "browser_ip": f"192.0.2.{sale.number % 250 + 1}" if web else None,
        "buyer_accepts_marketing": False,
        "cancel_reason": sale.cancel_reason,
        "cancelled_at": stamp(sale.cancelled_at) if sale.cancelled_at else None,
        "cart_token": None,
        "checkout_id": 38_000_000_000_000 + sale.number,
        "checkout_token": sale.token[::-1],
        "client_details": _client_details(sale) if web else None,
        "closed_at": stamp(sale.cancelled_at) if sale.cancelled_at else None,
        "confirmation_number": sale.token[:9].upper(),
        "confirmed": True,
        "contact_email": mail or None,
        "created_at": stamp(sale.created_at),
        "currency": sale.currency,
        "customer_locale": "en-US" if web else "en",
        "device_id": sale.till,
        "discount_codes": _discount_codes(sale),
        "duties_included": False,
        "email": mail,
        "estimated_taxes": False,
        "financial_status": sale.financial_status,
        "fulfillment_status": None if web else "fulfilled",
        "landing_site": "/collections/new" if web else None,
        "landing_site_ref": None,
        "location_id": sale.location_id,
        "merchant_business_entity_id": None,
        "merchant_of_record_app_id": None,
        "name": sale.name,
        "note": sale.note,
        "note_attributes": [],
        "number": sale.number,
        "order_number": sale.order_number,
        "order_status_url": f"https://{shop}/548380009/orders/{sale.token}/authenticate?key=REDACTED",
        "payment_gateway_names": list(dict.fromkeys(payment.gateway for payment in sale.payments)),
        "phone": None,
        "po_number": None,
        "presentment_currency": sale.presentment_currency or sale.currency,
        "processed_at": stamp(sale.created_at),
        "reference": None,
        "referring_site": "" if web else None,
        "source_identifier": None if web else f"{sale.location_id}-{sale.till}-{sale.order_number}",
        "source_name": sale.source,
        "source_url": None,
        "tags": sale.tags,
        "tax_exempt": False,
        "taxes_included": False,
        "test": False,
        "token": sale.token,
        "updated_at": stamp(sale.updated_at),
        "user_id": sale.staff,
    }


def _totals(sale: Sale) -> Document:
    shipping = sale.shipping.price if sale.shipping else 0
    return {
        **_current_totals(sale),
        "original_total_additional_fees_set": None,
        "original_total_duties_set": None,
        **both("subtotal_price", sale.subtotal, sale),
        "tax_lines": [tax_line(part, sale) for part in _taxes(sale)],
        "total_cash_rounding_payment_adjustment_set": money_set(0, sale),
        "total_cash_rounding_refund_adjustment_set": money_set(0, sale),
        **both("total_discounts", sale.discounts, sale),
        **both("total_line_items_price", sale.goods, sale),
        "total_outstanding": "0.00" if sale.captured or sale.voided else amount(sale.total),
        **both("total_price", sale.total, sale),
        "total_shipping_price_set": money_set(shipping, sale),
        **both("total_tax", sale.tax, sale),
        "total_tip_received": amount(sale.tip),
        "total_weight": sum(line.grams * line.quantity for line in sale.lines),
    }


def _current_totals(sale: Sale) -> Document:
    left = 0 if sale.voided else 1
    goods = sum(line.price * sale.current_quantity(line) for line in sale.lines)
    subtotal = left * (sale.subtotal - sum(each.goods for each in sale.refunds))
    tax = left * (sale.tax - sum(each.tax for each in sale.refunds))
    shipping = left * ((sale.shipping.net if sale.shipping else 0) - sum(each.shipping for each in sale.refunds))
    return {
        "current_shipping_price_set": money_set(shipping, sale),
        **both("current_subtotal_price", subtotal, sale),
        "current_total_additional_fees_set": None,
        **both("current_total_discounts", goods - subtotal, sale),
        "current_total_duties_set": None,
        **both("current_total_price", sale.current_total, sale),
        **both("current_total_tax", tax, sale),
    }


def _taxes(sale: Sale) -> Iterable[TaxPart]:
    """One part per title and rate, shipping included, in order of first appearance."""
    found: dict[tuple[str, str], int] = {}
    parts = [part for line in sale.lines for part in line.taxes] + list(sale.shipping.taxes if sale.shipping else ())
    for part in parts:
        found[part.title, part.rate] = found.get((part.title, part.rate), 0) + part.cents
    return [TaxPart(title=title, rate=rate, cents=cents) for (title, rate), cents in found.items()]


def _line(line: Line, sale: Sale) -> Document:
    return {
        "id": line.id,
        "admin_graphql_api_id": gid("LineItem", line.id),
        "attributed_staffs": [],
        "current_quantity": sale.current_quantity(line),
        **line_item(line, sale),
        "sales_line_item_group_id": None,
    }


def _discount_codes(sale: Sale) -> list[Document]:
    if sale.discount is None or not sale.discounts:
        return []
    return [{"code": sale.discount.code, "amount": amount(sale.discounts), "type": sale.discount.kind}]


def _discount_applications(sale: Sale) -> list[Document]:
    if sale.discount is None or not sale.discounts:
        return []
    fixed = sale.discount.kind == "fixed_amount"
    return [
        {
            "target_type": "shipping_line" if sale.discount.kind == "shipping" else "line_item",
            "type": "discount_code",
            "value": amount(sale.discount.value) if fixed else f"{sale.discount.value}.0",
            "value_type": "fixed_amount" if fixed else "percentage",
            "allocation_method": "across",
            "target_selection": "all",
            "code": sale.discount.code,
        }
    ]


def _client_details(sale: Sale) -> Document:
    return {
        "accept_language": "en-US",
        "browser_height": None,
        "browser_ip": f"192.0.2.{sale.number % 250 + 1}",
        "browser_width": None,
        "session_hash": None,
        "user_agent": "Mozilla/5.0",
    }


def _customer(customer: Customer | None, sale: Sale) -> Document | None:
    if customer is None:
        return None
    return {
        "id": customer.id,
        "email": customer.email,
        "created_at": None,
        "updated_at": None,
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "state": "disabled",
        "note": None,
        "verified_email": True,
        "multipass_identifier": None,
        "tax_exempt": False,
        "phone": customer.address.phone,
        "email_marketing_consent": {"state": "not_subscribed", "opt_in_level": None, "consent_updated_at": None},
        "sms_marketing_consent": None,
        "tags": "",
        "currency": sale.currency,
        "tax_exemptions": [],
        "admin_graphql_api_id": gid("Customer", customer.id),
        "default_address": {
            "id": customer.id + 2_000_000_000_000,
            "customer_id": customer.id,
            **address(customer.address),
            "country_name": "United States",
            "default": True,
        },
    }
