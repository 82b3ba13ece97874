"""The names by which the sandbox's ERP and whoever loads or reads it know the same things."""

from __future__ import annotations

PROGRESS = "tryton:"
COMPANY = "Harbour & Pine"
COMPANY_CURRENCY = "USD"
ADMIN = "admin"
USER = "signalbox"
# What the administrator needs to keep the catalogue. Signalbox sells: Tryton lets only a sales administrator press
# the button that processes a sale, which is needed where a confirmation was cut off before its own processing.
ADMIN_GROUPS = (
    ("account", "group_account"),
    ("account", "group_account_admin"),
    ("currency", "group_currency_admin"),
    ("party", "group_party_admin"),
    ("product", "group_product_admin"),
    ("sale", "group_sale"),
    ("sale", "group_sale_admin"),
    ("stock", "group_stock"),
)
USER_GROUPS = (("sale", "group_sale"), ("sale", "group_sale_admin"))
DEFAULT_PARTY = "WEB"
GOODS_CATEGORY = "Goods"
SERVICES_CATEGORY = "Services"
# Codes of the vendor's universal chart of accounts.
ACCOUNTS = {"receivable": "1.2.1", "payable": "2.1.1", "goods": "4.1.1", "services": "4.1.2", "cost": "5.2.1"}
TAX_ACCOUNT = "6.3.4"
SERVICE_PRODUCTS = {
    "SHIPPING": "Shipping",
    "DISCOUNT": "Order discount",
    "GIFT-CARD": "Gift card",
    "CHARGE": "Tip, duty or fee",
    "NO-SKU": "Item without SKU",
    "TAX-AS-CHARGED": "Tax as charged by the shop",
    "NOT-RESTOCKED": "Returned, not restocked",
    "REFUND-ADJUSTMENT": "Refund without goods",
    "ROUNDING": "Rounding difference",
}
