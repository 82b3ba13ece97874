"""Product codes that must exist in Tryton besides the shop's SKUs: services for what an order holds besides goods."""

from __future__ import annotations

SHIPPING = "SHIPPING"
DISCOUNT = "DISCOUNT"
GIFT_CARD = "GIFT-CARD"
CHARGE = "CHARGE"
NO_SKU = "NO-SKU"
TAX_AS_CHARGED = "TAX-AS-CHARGED"
NOT_RESTOCKED = "NOT-RESTOCKED"
REFUND_ADJUSTMENT = "REFUND-ADJUSTMENT"
ROUNDING = "ROUNDING"

SERVICES = {
    SHIPPING: "shipping",
    DISCOUNT: "a discount on the whole order",
    GIFT_CARD: "gift cards sold",
    CHARGE: "tips, duties and fees",
    NO_SKU: "items the shop sells without an SKU",
    TAX_AS_CHARGED: "tax that no rate explains",
    NOT_RESTOCKED: "goods paid back but not put back into stock",
    REFUND_ADJUSTMENT: "money back without goods",
    ROUNDING: "the cents between the shop's arithmetic and Tryton's",
}
# Lines that carry arithmetic, not goods: an ERP and a shop may differ in them and still agree on what was sold.
ARITHMETIC = frozenset({DISCOUNT, TAX_AS_CHARGED, ROUNDING, REFUND_ADJUSTMENT})
