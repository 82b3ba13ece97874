"""Refunds and payments."""

from __future__ import annotations

from connectors.sandbox.shopify.model import Payment, Refund, RefundLine, Sale
from connectors.sandbox.shopify.render.parts import (
    Document,
    amount,
    both,
    gid,
    line_item,
    money_set,
    shipping_lines,
    stamp,
)


def refund(given: Refund, sale: Sale) -> Document:
    """One refund: as the webhook sends it, and as it stands inside its order."""
    return {
        "id": given.id,
        "order_id": sale.id,
        "created_at": stamp(given.at),
        "note": given.note,
        "user_id": sale.staff,
        "processed_at": stamp(given.at),
        "restock": any(line.restock_type != "no_restock" for line in given.lines),
        "duties": [],
        "total_duties_set": money_set(0, sale),
        "return": None,
        "refund_shipping_lines": _refund_shipping(given, sale),
        "admin_graphql_api_id": gid("Refund", given.id),
        "order_adjustments": _adjustments(given, sale),
        "refund_line_items": [_refund_line(line, sale) for line in given.lines],
        "transactions": [transaction(payment, sale) for payment in given.payments],
    }


def transaction(payment: Payment, sale: Sale) -> Document:
    return {
        "id": payment.id,
        "order_id": sale.id,
        "kind": payment.kind,
        "gateway": payment.gateway,
        "status": "success",
        "message": None,
        "created_at": stamp(payment.at),
        "test": False,
        "authorization": None,
        "location_id": sale.location_id,
        "user_id": sale.staff,
        "parent_id": payment.parent_id,
        "processed_at": stamp(payment.at),
        "device_id": sale.till,
        "error_code": None,
        "source_name": sale.source,
        "receipt": {},
        "amount": amount(payment.cents),
        "currency": sale.currency,
        "payment_id": f"{sale.name}.{payment.id % 64 + 1}",
        "admin_graphql_api_id": gid("OrderTransaction", payment.id),
    }


def transactions(sale: Sale) -> list[Document]:
    every = [*sale.payments, *(payment for given in sale.refunds for payment in given.payments)]
    return [transaction(payment, sale) for payment in every]


def _refund_line(part: RefundLine, sale: Sale) -> Document:
    line = next(each for each in sale.lines if each.id == part.line_id)
    return {
        "id": part.id,
        "quantity": part.quantity,
        "line_item_id": part.line_id,
        "location_id": sale.location_id if part.restock_type == "return" else None,
        "restock_type": part.restock_type,
        "subtotal": part.subtotal / 100,
        "total_tax": part.tax / 100,
        "subtotal_set": money_set(part.subtotal, sale),
        "total_tax_set": money_set(part.tax, sale),
        "line_item": {"id": line.id, **line_item(line, sale), "admin_graphql_api_id": gid("LineItem", line.id)},
    }


def _refund_shipping(given: Refund, sale: Sale) -> list[Document]:
    """The same money as the order adjustment of kind shipping_refund: the vendor says it twice."""
    if not given.shipping or sale.shipping is None:
        return []
    return [
        {
            "id": given.id + 1_000_000,
            "shipping_line_id": sale.shipping.id,
            "subtotal_amount_set": money_set(given.shipping, sale),
            "tax_amount_set": money_set(given.shipping_tax, sale),
            "shipping_line": shipping_lines(sale)[0],
        }
    ]


def _adjustments(given: Refund, sale: Sale) -> list[Document]:
    found = []
    if given.shipping or given.shipping_tax:
        amounts = (given.shipping, given.shipping_tax)
        found.append(_adjustment(given, sale, 0, "shipping_refund", "Shipping refund", amounts))
    if given.difference:
        amounts = (given.difference, 0)
        found.append(_adjustment(given, sale, 1, "refund_discrepancy", "Refund discrepancy", amounts))
    return found


def _adjustment(given: Refund, sale: Sale, index: int, kind: str, reason: str, amounts: tuple[int, int]) -> Document:
    """Money given back stands with a minus."""
    amount, tax = amounts
    return {
        "id": given.id + 2_000_000 + index,
        "order_id": sale.id,
        "refund_id": given.id,
        **both("amount", -amount, sale),
        **both("tax_amount", -tax, sale),
        "kind": kind,
        "reason": reason,
    }
