"""Tryton's arithmetic, rebuilt: whatever a cart holds, the total it will make is known before it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from random import Random

import pytest

from connectors.canonical.order import Order, OrderLine
from tests.connectors.tryton.attempts import Shop, line, tax
from tests.support.tryton import Erp

pytestmark = pytest.mark.tryton

RATES = {"City": Decimal("0.045"), "County": Decimal("0.0075"), "State": Decimal("0.0625")}
CENT = Decimal("0.01")
CARTS = 12


@pytest.fixture(params=["line", "document"])
def rounding(erp: Erp, memory: dict, request: pytest.FixtureRequest) -> Iterator[str]:
    """Both ways a Tryton may be set up to round taxes."""
    erp.catalogue.ensure_taxes(RATES.items())
    _round_by(erp, request.param)
    memory.clear()
    yield request.param
    _round_by(erp, "line")
    memory.clear()


def _round_by(erp: Erp, rounding: str) -> None:
    erp.admin("account.configuration.write", [1], {"tax_rounding": rounding})


async def test_random_carts_make_what_was_foreseen(shop: Shop, rounding: str) -> None:
    """A cart that comes out otherwise is refused, so every delivery here is a right prediction."""
    random = Random(20261123)
    for number in range(CARTS):
        cart = Shop(shop.erp, shop.memory, f"{shop.test} {number}")
        order = _cart(cart, random)
        await cart.sell(order, config={"finish_at": "draft"})
        assert cart.sale()["total_amount"] == order.total
        assert shop.steps == []


async def test_a_rule_changed_in_tryton_is_noticed_and_learned(shop: Shop, rounding: str) -> None:
    """What a process remembers may be out of date: the sale Tryton shows is what counts."""
    lines = [line(f"MUG{index}", "1", "0.99", taxes=(tax("0.0625", "0.06", "State"),)) for index in range(5)]
    shop.erp.knows(*(item.sku for item in lines if item.sku))
    await shop.another().sell(shop.another().order(*lines))
    _round_by(shop.erp, "document" if rounding == "line" else "line")
    order = shop.order(*lines)
    delivered = await shop.sell(order, config={"finish_at": "quotation"})
    assert shop.sale()["total_amount"] == order.total
    assert "discard" in shop.steps
    assert (delivered.effect, len(shop.sales())) == ("created", 1)


def _cart(shop: Shop, random: Random) -> Order:
    inclusive = random.random() < 0.3
    lines = [_line(random, index, inclusive) for index in range(random.randint(1, 5))]
    return shop.order(*lines, tax_inclusive=inclusive)


def _line(random: Random, index: int, inclusive: bool) -> OrderLine:
    quantity, price = random.randint(1, 12), Decimal(random.randint(5, 30000)) / 100
    discount = (quantity * price * random.choice([0, 0, Decimal("0.1"), Decimal("0.333")])).quantize(CENT)
    titles = random.sample(sorted(RATES), random.randint(0, 3))
    amount = quantity * price - discount
    net = amount / (1 + sum(RATES[title] for title in titles)) if inclusive else amount
    taxes = tuple(tax(str(RATES[title]), str(_half_up(net * RATES[title])), title) for title in titles)
    return line("MUG", str(quantity), str(price), id=f"line-{index}", discount=discount, taxes=taxes)


def _half_up(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)
