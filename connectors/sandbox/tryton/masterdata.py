"""What the sandbox's ERP knows before the first order: the company, the rules of its books, what the shop sells.

Runs inside a process that has loaded `trytond`; everything goes through Tryton's own models and checks. Fiscal years
are last year's, this and the next: a sale may be dated long ago, but Tryton dates invoices and stock moves when they
are made, and only those need an open year.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from trytond.pool import Pool
from trytond.transaction import Transaction

from connectors.sandbox.shopify import catalogue as shop
from connectors.sandbox.shopify import places
from connectors.sandbox.tryton import names

CHART = ("account", "account_template_root_en")
CURRENCIES = (("USD", "US Dollar", "0.01"), ("EUR", "Euro", "0.01"))


def write_company(*, today: dt.date) -> None:
    """The whole of it, in one transaction."""
    currencies = {code: _currency(code, name, Decimal(rounding)) for code, name, rounding in CURRENCIES}
    company = _company(currencies[names.COMPANY_CURRENCY])
    _users(company)
    with Transaction().set_context(company=company.id):
        accounts = _chart(company)
        for year in range(today.year - 1, today.year + 2):
            _fiscal_year(company, year)
        _accounting_rules()
        _product_categories(accounts)
        _service_products()
        _stock()
        _sales_taxes(company)
        _walk_in_party()


def _model(name: str) -> Any:
    return Pool().get(name)


def _by_xml_id(model: str, module: str, xml_id: str) -> Any:
    return _model(model)(_model("ir.model.data").get_id(module, xml_id))


def _currency(code: str, name: str, rounding: Decimal) -> Any:
    Currency = _model("currency.currency")
    digits = -rounding.as_tuple().exponent
    (currency,) = Currency.create(
        [{"name": name, "code": code, "symbol": code, "rounding": rounding, "digits": digits}]
    )
    return currency


def _company(currency: Any) -> Any:
    Party, Company = _model("party.party"), _model("company.company")
    (party,) = Party.create([{"name": names.COMPANY, "addresses": [("create", [{}])]}])
    (company,) = Company.create([{"party": party.id, "currency": currency.id, "timezone": "UTC"}])
    return company


def _users(company: Any) -> None:
    """The administrator sees the company; Signalbox gets a user that may sell and nothing more."""
    User = _model("res.user")
    (admin,) = User.search([("login", "=", names.ADMIN)])
    works_for = {"companies": [("add", [company.id])], "company": company.id}
    User.write([admin], works_for | {"groups": [("add", _groups(names.ADMIN_GROUPS))]})
    seller = {"name": "Signalbox", "login": names.USER, "groups": [("add", _groups(names.USER_GROUPS))]}
    User.create([works_for | seller])


def _groups(xml_ids: Iterable[tuple[str, str]]) -> list[int]:
    return [_by_xml_id("res.group", module, xml_id).id for module, xml_id in xml_ids]


def _chart(company: Any) -> dict[str, Any]:
    Account = _model("account.account")
    Wizard = Pool().get("account.create_chart", type="wizard")
    wizard = Wizard(Wizard.create()[0])
    wizard.account.account_template = _by_xml_id("account.account.template", *CHART)
    wizard.account.company = company
    wizard.transition_create_account()
    accounts = {kind: Account.search([("code", "=", code)])[0] for kind, code in names.ACCOUNTS.items()}
    wizard.properties.company = company
    for field, kind in (
        ("account_receivable", "receivable"),
        ("account_payable", "payable"),
        ("category_account_revenue", "goods"),
        ("category_account_expense", "cost"),
    ):
        setattr(wizard.properties, field, accounts[kind])
    wizard.transition_create_properties()
    return accounts


def _fiscal_year(company: Any, year: int) -> None:
    FiscalYear, Sequence = _model("account.fiscalyear"), _model("ir.sequence.strict")
    sequences = {}
    for use, module, xml_id in (
        ("move", "account", "sequence_type_account_move"),
        ("invoice", "account_invoice", "sequence_type_account_invoice"),
    ):
        kind = _by_xml_id("ir.sequence.type", module, xml_id)
        values = {"name": f"{use} {year}", "sequence_type": kind.id, "company": company.id}
        sequences[use] = Sequence.create([values])[0]
    fiscal_year = FiscalYear(
        name=str(year),
        company=company,
        start_date=dt.date(year, 1, 1),
        end_date=dt.date(year, 12, 31),
        move_sequence=sequences["move"],
    )
    kinds = ("out_invoice", "in_invoice", "out_credit_note", "in_credit_note")
    fiscal_year.invoice_sequences = [{f"{kind}_sequence": sequences["invoice"].id for kind in kinds}]
    fiscal_year.save()
    FiscalYear.create_period([fiscal_year])


def _accounting_rules() -> None:
    """Paid at once; taxes rounded line by line, as shops and tills compute them."""
    PaymentTerm, Configuration = _model("account.invoice.payment_term"), _model("account.configuration")
    (term,) = PaymentTerm.create([{"name": "At once", "lines": [("create", [{"type": "remainder"}])]}])
    configuration = Configuration(1)
    configuration.default_customer_payment_term = term
    configuration.tax_rounding = "line"
    configuration.save()


def _product_categories(accounts: dict[str, Any]) -> None:
    _model("product.category").create(
        [
            {
                "name": name,
                "accounting": True,
                "account_revenue": accounts[revenue].id,
                "account_expense": accounts["cost"].id,
            }
            for name, revenue in ((names.GOODS_CATEGORY, "goods"), (names.SERVICES_CATEGORY, "services"))
        ]
    )


def _service_products() -> None:
    """What an order or a refund may hold besides goods. The connector finds them by these codes."""
    services = ((code, name, Decimal(0)) for code, name in names.SERVICE_PRODUCTS.items())
    _products("service", names.SERVICES_CATEGORY, services)


def _stock() -> None:
    """Everything the sandbox's shop sells, but for what it launched too early. Prices are those of the first seed."""
    goods = ((item.sku, item.name, Decimal(item.price) / 100) for item in shop.variants())
    _products("goods", names.GOODS_CATEGORY, goods)
    cards = ((item.sku, item.name, Decimal(item.price) / 100) for item in shop.gift_cards())
    _products("service", names.SERVICES_CATEGORY, cards)


def _products(kind: str, category_name: str, items: Iterable[tuple[str, str, Decimal]]) -> None:
    Template, Category = _model("product.template"), _model("product.category")
    (category,) = Category.search([("name", "=", category_name)])
    unit = _by_xml_id("product.uom", "product", "uom_unit")
    Template.create(
        [
            {
                "name": name,
                "type": kind,
                "default_uom": unit.id,
                "sale_uom": unit.id,
                "salable": True,
                "list_price": price,
                "account_category": category.id,
                "products": [("create", [{"suffix_code": code}])],
            }
            for code, name, price in items
        ]
    )


def _sales_taxes(company: Any) -> None:
    """Those of the states the sandbox's shop sells in."""
    (account,) = _model("account.account").search([("code", "=", names.TAX_ACCOUNT)])
    wanted = {(tax.title, tax.rate) for state in places.STATES.values() for tax in state.taxes}
    _model("account.tax").create(
        [
            {
                "name": title,
                "description": title,
                "type": "percentage",
                "rate": rate,
                "invoice_account": account.id,
                "credit_note_account": account.id,
                "company": company.id,
            }
            for title, rate in sorted(wanted)
        ]
    )


def _walk_in_party() -> None:
    """Every sale of a till, and every order without a customer, belongs to this party."""
    _model("party.party").create(
        [{"code": names.DEFAULT_PARTY, "name": "Web customer", "addresses": [("create", [{}])]}]
    )
