"""Names of the shop to ids of Tryton: company, currency, products, taxes, customer. What is missing is named."""

from __future__ import annotations

from collections.abc import Iterable
from time import monotonic
from typing import Any

from connectors.canonical.order import Customer, Order
from connectors.library.tryton import codes, words
from connectors.library.tryton.client import Client, Record
from connectors.library.tryton.mapping.amounts import Rules
from connectors.library.tryton.mapping.draft import UNMAPPED, Rate
from connectors.library.tryton.memory import TAXES_SECONDS, Company, Currency, recall
from connectors.library.tryton.records import Party, Product, Tax
from connectors.sdk.errors import Misconfigured, Needs, PayloadChanged, RequestRefused, UnmappedValue

DEFAULT_PARTY = "WEB"
CUSTOMER_PREFIX = "SHOP-"
TAX_FIELDS = ("name", "description", "rate", "type", "group.kind", "childs.id", "update_unit_price")
PARTY_FIELDS = ("code", "addresses.id")
POS = "pos"
CUSTOMER = "customer"
FIRST = "first"


async def company(client: Client) -> Company:
    """Three calls, once a process. From then on every call is made in its context."""
    memory = recall(client)
    if client.remembers is None:
        client.remembers = memory.company is not None
    if memory.company is None:
        found = await client.search("find company", "company.company", [], ["party.name"])
        chosen = _chosen_company(found, client.call.config.get("company", ""))
        client.use_company(chosen["id"])
        rounding = await client.read("find tax rounding", "account.configuration", 1, ["tax_rounding"])
        prices = await client.read("find price digits", "ir.configuration", 1, ["product_price_decimal"])
        by_line = rounding.get("tax_rounding") == "line"
        digits = prices.get("product_price_decimal")
        if not isinstance(digits, int):
            raise PayloadChanged("Tryton does not say how many digits its prices have.")
        memory.company = Company(chosen["id"], chosen["party"]["name"], by_line, digits)
    client.use_company(memory.company.id)
    return memory.company


async def currency(client: Client, code: str) -> Currency:
    memory = recall(client)
    if code not in memory.currencies:
        found = await client.search("find currency", "currency.currency", [["code", "=", code]], ["rounding"])
        if len(found) != 1:
            raise RequestRefused(f"Tryton has no currency {code}.", error_class=UNMAPPED, detail=code)
        memory.currencies[code] = Currency(found[0]["id"], found[0]["rounding"])
    return memory.currencies[code]


def rules(books: Company, money: Currency) -> Rules:
    return Rules(money.quantum, books.tax_by_line, books.price_digits)


async def products(client: Client, wanted: Iterable[str], document: str) -> dict[str, Product]:
    """By code. One call for all that are not remembered.

    Raises: UnmappedValue, naming every SKU that Tryton lacks, and the document.
    """
    memory = recall(client)
    needed = set(wanted)
    if missing := sorted(code for code in needed if memory.products.get(code) is None):
        fields = ["code", "type", "sale_uom.id"]
        rows = await client.search("find products", "product.product", [["code", "in", missing]], fields)
        _check_products(client, missing, [row["code"] for row in rows], document)
        for row in rows:
            product = Product(row["id"], row["code"], row["sale_uom"]["id"], row["type"] == "service")
            memory.products.put(product.code, product)
            if product.code not in codes.SERVICES:
                client.call.learned("product", client.own_words.get(product.code, product.code), str(product.id))
    return {code: product for code in needed if (product := memory.products.get(code))}


async def taxes(client: Client, wanted: Iterable[Rate], document: str) -> dict[Rate, Tax]:
    """Tryton's sales tax for each rate of the shop; asked anew every few minutes, and when one is not clear."""
    memory = recall(client)
    needed = {rate for rate in wanted if rate.known is None}
    if not needed:
        return {}
    unclear = any(len(_named(client, memory.taxes, rate)) != 1 for rate in needed)
    if unclear or monotonic() - memory.taxes_at > TAXES_SECONDS:
        rows = await client.search("find taxes", "account.tax", [["parent", "=", None]], TAX_FIELDS)
        memory.taxes = tuple(_tax(row) for row in rows if _is_plain_sales_tax(row))
        memory.taxes_at = monotonic()
    return {rate: _chosen_tax(client, memory.taxes, rate, document) for rate in needed}


async def party(client: Client, order: Order) -> Party:
    """The customer's own, made if need be; for a till and for who did not say who they are, the default party."""
    customer = order.customer
    if order.channel == POS or customer is None or not customer.id:
        return await default_party(client)
    code = (client.call.config.get("customer_prefix") or CUSTOMER_PREFIX) + customer.id
    known = recall(client).parties.get(code)
    if known is None:
        # Another system than the shop may have told its code: the cross-reference knows.
        code_here = await client.call.known(CUSTOMER, customer.id) or code
        known = await _customer(client, code_here, customer)
        recall(client).parties.put(code, known)
    return known


async def default_party(client: Client) -> Party:
    code = client.call.config.get("default_party") or DEFAULT_PARTY
    memory = recall(client)
    known = memory.parties.get(code)
    if known is None:
        row = await _find_party(client, code)
        if row is None:
            raise Misconfigured(f"Tryton has no party with the code {code}, to which sales of tills belong.")
        known = _party(row)
        memory.parties.put(code, known)
    return known


async def _customer(client: Client, code: str, customer: Customer) -> Party:
    """Name and our code, nothing else: no address, no e-mail, no phone. Tryton keeps codes unique."""
    row = await _find_party(client, code)
    made = row is None
    if row is None and client.call.config.get("customers", "") == FIRST:
        raise Needs(
            CUSTOMER, customer.id, f"Tryton has no customer {customer.id} (party {code}), who must exist first."
        )
    if row is None:
        values = {"code": code, "name": customer.name or f"Customer {customer.id}", "addresses": [["create", [{}]]]}
        try:
            row = await client.create("create customer", "party.party", values, PARTY_FIELDS)
        except RequestRefused:
            # Another order of the same customer was quicker.
            row = await _find_party(client, code)
            if row is None:
                raise
            made = False
    client.call.learned(CUSTOMER, customer.id, code, made=made)
    return _party(row)


async def _find_party(client: Client, code: str) -> Record | None:
    found = await client.search("find customer", "party.party", [["code", "=", code]], PARTY_FIELDS)
    return found[0] if found else None


def _party(row: Record) -> Party:
    if not row["addresses"]:
        raise Misconfigured(f"The party {row['code']} has no address in Tryton; a sale needs one for its invoice.")
    address = row["addresses"][0]["id"]
    return Party(row["id"], address, address)


def _chosen_company(found: list[Record], wanted: str) -> Record:
    names = [row["party"]["name"] for row in found]
    if wanted:
        found = [row for row in found if row["party"]["name"] == wanted]
    if len(found) == 1:
        return found[0]
    if not names:
        raise Misconfigured("The user of our application key belongs to no company in Tryton.")
    raise Misconfigured(f"Say which company of Tryton the sales belong to: {', '.join(names)}.")


def _check_products(client: Client, wanted: list[str], found: list[str], document: str) -> None:
    """Tryton keeps the codes of active products unique: what is found is found once."""
    missing = [code for code in wanted if code not in found]
    if not missing:
        return
    goods = [code for code in missing if code not in codes.SERVICES]
    text = f"Tryton has no product with the SKU {', '.join(goods)}, sold in {document}."
    if not goods:
        meaning = "; ".join(f"{code} for {codes.SERVICES[code]}" for code in missing)
        text = f"Tryton has no product with the code {meaning}, needed by {document}."
        raise RequestRefused(text, error_class=UNMAPPED, detail=", ".join(missing))
    raise UnmappedValue(words.SKU, client.own_words.get(goods[0], goods[0]), text, place=f"the lines of {document}")


def _is_plain_sales_tax(row: Record) -> bool:
    """A percentage on the net price. One that has parts or changes the price is not what a shop's rate says."""
    group: Any = row["group"]
    plain = row["type"] == "percentage" and row["rate"] is not None
    return plain and not row["childs"] and not row["update_unit_price"] and (not group or group["kind"] != "purchase")


def _tax(row: Record) -> Tax:
    return Tax(row["id"], row["rate"], (row["name"] or "", row["description"] or ""))


def _candidates(known: tuple[Tax, ...], rate: Rate) -> list[Tax]:
    """Those of the same rate and name, letter by letter or but for case; where none has the name, of the same rate."""
    same = [tax for tax in known if tax.rate == rate.rate]
    exact = [tax for tax in same if rate.title in tax.names]
    title = rate.title.strip().casefold()
    return exact or [tax for tax in same if title in (name.strip().casefold() for name in tax.names)] or same


def _named(client: Client, known: tuple[Tax, ...], rate: Rate) -> list[Tax]:
    """The one a value table names, letter by letter, where it names one for the shop's title; else what fits."""
    name = client.call.translated(words.TAX, rate.title)
    if name is None:
        return _candidates(known, rate)
    return [tax for tax in known if tax.rate == rate.rate and name in tax.names]


def _chosen_tax(client: Client, known: tuple[Tax, ...], rate: Rate, document: str) -> Tax:
    found = _named(client, known, rate)
    if len(found) == 1:
        return found[0]
    percent = f"{(rate.rate * 100).normalize():f} %"
    text = f"Tryton has no sales tax of {percent}, which {document} was charged as {rate.title}."
    if found:
        text = f"Tryton has {len(found)} sales taxes of {percent}, and not exactly one named {rate.title} ({document})."
    raise UnmappedValue(words.TAX, rate.title, text, place=f"the taxes of {document}")
