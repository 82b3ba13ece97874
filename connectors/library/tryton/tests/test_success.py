"""Success is what Tryton shows, not that it answered: a document of ours, with its number, state and total."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connectors.canonical.order import Order, OrderLine
from connectors.library.tryton import orders, sales, wire
from connectors.library.tryton.client import Client
from connectors.library.tryton.memory import KEY, Company, Currency, Memory
from connectors.library.tryton.records import Party, Product, Sale
from connectors.library.tryton.tests.standin import Answer, standing_in
from connectors.sdk.errors import CredentialRejected, RequestRefused, Uncertain
from connectors.sdk.testing import DirectCall

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
SALE = Sale(
    7,
    "12",
    "shop/1",
    "#1 (1)",
    "processing",
    NOON.date(),
    "",
    "USD",
    Party(1, 1, 1),
    "WEB",
    Decimal("10.00"),
    Decimal(0),
    (),
)
ORDER = Order(
    id="1",
    number="#1",
    source_version="1",
    currency="USD",
    created_at=NOON,
    updated_at=None,
    total=Decimal("10.00"),
    subtotal=None,
    tax_total=None,
    discount_total=None,
    shipping_total=None,
    tax_inclusive=False,
    lines=(
        OrderLine(
            id="1", title="Mug", quantity=Decimal(1), unit_price=Decimal("10.00"), discount=Decimal(0), sku="MUG"
        ),
    ),
    channel="pos",
)


def client() -> Client:
    settings = {"url": "http://erp", "database": "erp", "application_key": "k"}
    return Client(DirectCall(config=settings, secrets=settings))


def proven(made: Sale) -> Any:
    total, states = Decimal("10.00"), {"processing"}
    return sales.proven(client(), made, reference="shop/1", total=total, states=states, effect="created", kind="sale")


def test_a_document_of_ours_with_number_state_and_total_is_a_success() -> None:
    delivered = proven(SALE)
    assert (delivered.document_id, delivered.effect, delivered.detail["total"]) == ("12", "created", "10.00")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"reference": "shop/2"}, "shows the reference shop/2, ours is shop/1"),
        ({"reference": ""}, "shows the reference none"),
        ({"total": Decimal("10.01")}, "makes 10.01 USD, ours 10.00"),
        ({"state": "quotation"}, "in the state quotation"),
        ({"number": ""}, "in the state processing"),
    ],
)
def test_one_thing_that_is_otherwise_is_none(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(RequestRefused, match=words):
        proven(replace(SALE, **wrong))


def row(**fields: Any) -> Answer:
    known = {"id": 1, "code": "MUG", "type": "goods"}
    line = {"product": known, "unit": {"id": 1}, "quantity": 1.0, "unit_price": Decimal("10.0000"), "taxes": []}
    values = {
        "id": 7,
        "number": None,
        "reference": "shop/1",
        "description": "",
        "state": "draft",
        "sale_date": NOON.date(),
        "origin": None,
        "currency": {"code": "USD"},
        "party": {"id": 1, "code": "WEB"},
        "invoice_address": {"id": 1},
        "shipment_address": {"id": 1},
        "total_amount": Decimal("10.00"),
        "tax_amount": Decimal(0),
        "lines": [line | {"id": 9, "description": "Mug", "note": "shop line 1"}],
    }
    return Answer(body=wire.encode(values | fields))


def remembering(call: DirectCall) -> None:
    memory = Memory((call.config["url"], "erp", ""), Company(1, "Harbour", False, 4))
    memory.currencies["USD"] = Currency(1, Decimal("0.01"))
    for number, code in enumerate(("MUG", "ROUNDING"), 1):
        memory.products.put(code, Product(number, code, 1, code == "ROUNDING"))
    memory.parties.put("WEB", Party(1, 1, 1))
    call.session[KEY] = memory
    call.reference = "shop/1"


async def test_somebody_else_s_sale_in_the_answer_is_neither_taken_nor_deleted() -> None:
    async with standing_in(Answer(body=b"[]"), row(reference="shop/2")) as (server, call):
        remembering(call)
        with pytest.raises(Uncertain, match="another sale than ours"):
            await orders.upsert(call, ORDER)
    assert [request.method for request in server.asked] == ["GET", "POST"]


async def test_a_sale_that_comes_out_otherwise_is_deleted_and_tried_once_with_fresh_ids() -> None:
    other = row(total_amount=Decimal("10.50"))
    async with standing_in(Answer(body=b"[]"), other, Answer(204), Answer(401)) as (server, call):
        remembering(call)
        with pytest.raises(CredentialRejected):
            await orders.upsert(call, ORDER)
    assert call.names == ["search", "create", "discard", "find company"]
    assert server.asked[2].method == "DELETE"
