"""The retailer's value tables and the cross-reference, at a real Tryton."""

from __future__ import annotations

import pytest

from connectors.sdk.errors import Needs, UnmappedValue
from tests.connectors.tryton.attempts import Shop, customer, line

pytestmark = pytest.mark.tryton
SKUS = {"sku": {"SHOP-MUG": "MUG"}}


async def test_an_sku_of_the_shop_becomes_the_code_its_table_says(shop: Shop) -> None:
    things: dict[tuple[str, str], str] = {}
    order = shop.order(line("SHOP-MUG"))
    await shop.sell(order, values=SKUS, things=things, memory={})
    assert ("product", "SHOP-MUG") in things
    assert (await shop.sell(order, values=SKUS)).effect == "already"


async def test_a_missing_sku_is_a_missing_value_in_the_shops_own_words(shop: Shop) -> None:
    with pytest.raises(UnmappedValue) as missing:
        await shop.sell(shop.order(line("SHOP-CUP")))
    assert (missing.value.table, missing.value.value) == ("sku", "SHOP-CUP")
    with pytest.raises(UnmappedValue) as wrong:
        await shop.sell(shop.order(line("SHOP-CUP")), values={"sku": {"SHOP-CUP": "NO-SUCH"}})
    assert wrong.value.value == "SHOP-CUP"


async def test_a_customer_who_must_exist_first_is_waited_for_and_never_made(shop: Shop) -> None:
    order = shop.order(line(), customer=customer(f"first-{shop.number}"))
    with pytest.raises(Needs) as waits:
        await shop.sell(order, config={"customers": "first"})
    assert (waits.value.object_type, waits.value.object_id) == ("customer", f"first-{shop.number}")
    assert shop.sales() == []


async def test_a_customer_that_was_made_is_told_to_the_cross_reference(shop: Shop) -> None:
    things: dict[tuple[str, str], str] = {}
    await shop.sell(shop.order(line(), customer=customer(f"new-{shop.number}")), things=things)
    assert things["customer", f"new-{shop.number}"] == f"SHOP-new-{shop.number}"
