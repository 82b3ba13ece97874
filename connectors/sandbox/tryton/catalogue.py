"""Makes the sandbox's ERP know what a shop sells: products, currencies, sales taxes. Twice is as good as once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from connectors.canonical.money import quantum
from connectors.sandbox.tryton import names
from connectors.sandbox.tryton.rpc import Session
from connectors.sandbox.tryton.server import Server

AT_ONCE = 100
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Item:
    """A product as the shop knows it. `service` for what is never in stock."""

    sku: str
    name: str
    price: Decimal
    service: bool = False


class Catalogue:
    """One administrator's session. Cost: two calls and one more for every hundred new products."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @classmethod
    def of(cls, server: Server) -> Catalogue:
        return cls(Session(server.url, server.database, names.ADMIN, server.logins.admin_password))

    def ensure_products(self, items: Iterable[Item]) -> int:
        """How many were new. An SKU that is known stays as it is."""
        wanted = {item.sku: item for item in items}
        known = self._known("product.product", "code", list(wanted))
        missing = [item for sku, item in wanted.items() if sku not in known]
        if not missing:
            return 0
        values = self._product_values()
        for group in _groups(missing):
            self.session("product.template.create", [values(item) for item in group])
        return len(missing)

    def ensure_currencies(self, codes: Iterable[str]) -> int:
        """With the rounding of ISO 4217, at par with the company's: nothing here depends on a rate."""
        wanted = sorted(set(codes))
        known = self._known("currency.currency", "code", wanted)
        missing = [code for code in wanted if code not in known]
        if missing:
            self.session("currency.currency.create", [_currency(code) for code in missing])
        return len(missing)

    def ensure_taxes(self, taxes: Iterable[tuple[str, Decimal]]) -> int:
        """Each (title, rate), e.g. ("State Tax", Decimal("0.06"))."""
        known = {(tax["name"], tax["rate"]) for tax in self.session.read("account.tax", [], ["name", "rate"])}
        missing = sorted(set(taxes) - known)
        if missing:
            (account,) = self.session.ids("account.account", [["code", "=", names.TAX_ACCOUNT]])
            values = [self._tax(title, rate, account) for title, rate in missing]
            self.session("account.tax.create", values)
        return len(missing)

    def _known(self, model: str, field: str, values: Sequence[str]) -> set[str]:
        found: set[str] = set()
        for group in _groups(values):
            found |= {row[field] for row in self.session.read(model, [[field, "in", list(group)]], [field])}
        return found

    def _product_values(self) -> Any:
        category = {
            service: self.session.ids("product.category", [["name", "=", name]])[0]
            for service, name in ((False, names.GOODS_CATEGORY), (True, names.SERVICES_CATEGORY))
        }
        (unit,) = self.session.ids("product.uom", [["name", "=", "Unit"]])

        def values(item: Item) -> dict[str, Any]:
            return {
                "name": item.name,
                "type": "service" if item.service else "goods",
                "default_uom": unit,
                "sale_uom": unit,
                "salable": True,
                "list_price": item.price,
                "account_category": category[item.service],
                "products": [["create", [{"suffix_code": item.sku}]]],
            }

        return values

    def _tax(self, title: str, rate: Decimal, account: int) -> dict[str, Any]:
        return {
            "name": title,
            "description": title,
            "type": "percentage",
            "rate": rate,
            "invoice_account": account,
            "credit_note_account": account,
            "company": self.session.company,
        }


def _currency(code: str) -> dict[str, Any]:
    rounding = quantum(code)
    par = {"date": {"__class__": "date", "year": 2000, "month": 1, "day": 1}, "rate": Decimal(1)}
    return {
        "name": code,
        "code": code,
        "symbol": code,
        "rounding": rounding,
        "digits": max(0, -int(rounding.as_tuple().exponent)),
        "rates": [["create", [par]]],
    }


def _groups(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE))
