"""What cannot be delivered says why, in words that name the thing and the order."""

from __future__ import annotations

import pytest

from connectors.library.tryton.connector import connector
from connectors.library.tryton.memory import KEY, Memory
from connectors.library.tryton.records import Product
from connectors.sdk.errors import CredentialRejected, Misconfigured, RequestRefused, Unavailable
from connectors.sdk.testing import DirectCall
from console.embedded.ports import free_port
from tests.connectors.tryton.attempts import Shop, line, money, tax
from tests.support.tryton import Erp

pytestmark = pytest.mark.tryton


async def test_every_unknown_sku_is_named_with_its_order(shop: Shop) -> None:
    order = shop.order(line("GHOST-1"), line("MUG"), line("GHOST-2"))
    with pytest.raises(RequestRefused) as refusal:
        await shop.sell(order)
    assert refusal.value.error_class == "unmapped_value"
    expected = f"Tryton has no product with the SKU GHOST-1, GHOST-2, sold in order {order.number}."
    assert refusal.value.operator_message == expected
    assert shop.sales() == []


async def test_an_sku_added_to_tryton_is_found_at_the_next_attempt(shop: Shop, erp: Erp) -> None:
    order = shop.order(line("LATE-ARRIVAL"))
    with pytest.raises(RequestRefused):
        await shop.sell(order)
    erp.knows("LATE-ARRIVAL")
    await shop.sell(order)
    assert shop.sale()["total_amount"] == order.total


async def test_an_unknown_tax_and_an_unknown_currency_are_named(shop: Shop) -> None:
    with pytest.raises(RequestRefused, match=r"no sales tax of 33.3 %, which order .* was charged as Moon Tax") as tax_:
        await shop.sell(shop.order(line(taxes=(tax("0.333", "3.33", "Moon Tax"),))))
    with pytest.raises(RequestRefused, match="no currency CHF") as currency:
        await shop.sell(shop.order(line(), currency="CHF"))
    assert {tax_.value.error_class, currency.value.error_class} == {"unmapped_value"}


async def test_two_taxes_of_one_rate_need_their_names(shop: Shop, erp: Erp) -> None:
    erp.catalogue.ensure_taxes([("North Tax", money("0.011")), ("South Tax", money("0.011"))])
    with pytest.raises(RequestRefused, match=r"2 sales taxes of 1.1 %, and not exactly one named West Tax"):
        await shop.sell(shop.order(line(taxes=(tax("0.011", "0.11", "West Tax"),))))
    await shop.sell(shop.order(line(taxes=(tax("0.011", "0.11", "south tax"),))))
    assert shop.sale()["tax_amount"] == money("0.11")


async def test_what_tryton_refuses_is_told_in_its_own_words(shop: Shop) -> None:
    with pytest.raises(RequestRefused, match='Tryton refuses “create”: .*"Quantity"') as refusal:
        await shop.sell(shop.order(line(quantity="1.5")))
    assert refusal.value.error_class == "validation"
    assert shop.sales() == []


async def test_a_remembered_id_that_became_wrong_is_looked_up_anew(shop: Shop) -> None:
    """After a restore the same id may be another product: Tryton's answer shows it, and the draft goes again."""
    shop.memory.clear()
    other = shop.another()
    await other.sell(other.order(line("MUG"), line("TEE")))
    known: Memory = shop.memory[KEY]
    mug, tee = known.products.get("MUG"), known.products.get("TEE")
    assert mug and tee
    known.products.put("MUG", Product(tee.id, "MUG", tee.unit, tee.service))
    await shop.sell(shop.order(line("MUG")))
    (sale,) = shop.sales()
    assert [row["product."]["code"] for row in sale["lines"]] == ["MUG"]
    assert "discard" in shop.steps


async def test_a_wrong_key_is_rejected(shop: Shop) -> None:
    with pytest.raises(CredentialRejected) as refusal:
        await shop.sell(shop.order(), secrets={"application_key": "not-a-key"})
    assert "not-a-key" not in f"{refusal.value.operator_message}{refusal.value.detail}"


async def test_a_wrong_database_is_misconfigured(shop: Shop) -> None:
    with pytest.raises(Misconfigured, match="no such database"):
        await shop.sell(shop.order(), config={"database": "nowhere"}, memory={})


async def test_a_company_that_is_not_there_is_misconfigured(shop: Shop) -> None:
    with pytest.raises(Misconfigured, match="Harbour & Pine"):
        await shop.sell(shop.order(), config={"company": "Bluebell Home"})


async def test_an_order_waits_for_a_tryton_that_is_down(shop: Shop) -> None:
    nobody = {"url": f"http://127.0.0.1:{free_port()}"}
    with pytest.raises(Unavailable):
        await shop.sell(shop.order(), config=nobody, memory={})
    assert (await shop.sell(shop.order())).effect == "created"


async def test_a_healthy_tryton_says_so(erp: Erp) -> None:
    async with DirectCall(config=erp.config, secrets=erp.secrets) as call:
        checks = await connector.probe(call)
    assert [check.ok for check in checks] == [True] * 5
    assert [step.served for step in call.steps if step.name == "server version"] == ["8.2"]


async def test_a_tryton_without_the_default_party_is_not_healthy(erp: Erp) -> None:
    async with DirectCall(config=erp.config | {"default_party": "NOBODY"}, secrets=erp.secrets) as call:
        checks = {check.name: check for check in await connector.probe(call)}
    assert checks["default party"].ok is False
    assert checks["default party"].missing == ("NOBODY",)


async def test_a_sale_tryton_cannot_process_is_told_and_goes_on_once_it_can(shop: Shop, erp: Erp) -> None:
    """The refusal comes after the confirmation: the sale stands there, confirmed, until somebody mends the product."""
    erp.knows("NO-ACCOUNT")
    (template,) = erp.admin.ids("product.template", [["products.code", "=", "NO-ACCOUNT"]])
    (category,) = erp.admin.ids("product.category", [["name", "=", "Goods"]])
    erp.admin("product.template.write", [template], {"account_category": None})
    order = shop.order(line("NO-ACCOUNT"))
    with pytest.raises(RequestRefused, match='Tryton refuses “process”: There is no "Account Category"'):
        await shop.sell(order)
    assert shop.sale()["state"] == "confirmed"
    erp.admin("product.template.write", [template], {"account_category": category})
    await shop.sell(order)
    assert (len(shop.sales()), shop.sale()["state"]) == (1, "processing")
    assert shop.steps == ["search", "process"]


async def test_two_taxes_that_are_one_in_tryton_are_refused(shop: Shop, erp: Erp) -> None:
    erp.catalogue.ensure_taxes([("Only Tax", money("0.013"))])
    taxes = (tax("0.013", "0.13", "City Tax"), tax("0.013", "0.13", "County Tax"))
    with pytest.raises(RequestRefused, match="one and the same in Tryton") as refusal:
        await shop.sell(shop.order(line(taxes=taxes)))
    assert refusal.value.error_class == "unmapped_value"


async def test_a_wrong_setting_is_found_before_anything_is_written(shop: Shop) -> None:
    with pytest.raises(Misconfigured, match="paid is none of them"):
        await shop.sell(shop.order(), config={"finish_at": "paid"})
    assert shop.steps == []


@pytest.mark.parametrize(
    ("groups", "missing"), [(["Sales"], ("Sales Administrator",)), ([], ("Sales", "Sales Administrator"))]
)
async def test_rights_that_lack_are_named(erp: Erp, groups: list[str], missing: tuple[str, ...]) -> None:
    """A user of its own with these groups and a key."""
    name = f"seller-{len(groups)}"
    ids = erp.admin.ids("res.group", [["name", "in", groups]])
    company = {"companies": [["add", [erp.admin.company]]], "company": erp.admin.company}
    values = {"name": name, "login": name, "groups": [["add", ids]]} | company
    (user,) = erp.admin("res.user.create", [values])
    key = {"user": user, "application": "rest", "key": f"key-of-{name}"}
    erp.admin("res.user.application.create", [key])
    async with DirectCall(config=erp.config, secrets={"application_key": key["key"]}) as call:
        checks = {check.name: check for check in await connector.probe(call)}
    assert (checks["rights"].ok, checks["rights"].missing) == (False, missing)
