"""Small, sound objects to bend in tests."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from connectors.canonical.order import Charge, Customer, Order, OrderLine, ShippingLine, TaxLine, Tender
from connectors.canonical.refund import Refund, RefundLine

AT = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
D = Decimal


def tax(amount, rate="0.19"):
    return TaxLine(title="VAT", rate=D(rate), amount=D(amount))


def line(id="1", quantity="2", price="10.00", discount="0", **more):
    given = {"id": id, "title": "Mug", "quantity": D(quantity), "unit_price": D(price), "discount": D(discount)}
    return OrderLine(**given | more)


def order(**changes):
    """Two mugs at 10.00 less 2.00, shipping 5.00, tip 1.00, tax 4.37 on top: 28.37."""
    sound = Order(
        id="1001",
        number="#1001",
        source_version="2026-11-23T14:00:00.000000Z",
        currency="EUR",
        created_at=AT,
        updated_at=AT,
        total=D("28.37"),
        subtotal=D("18.00"),
        tax_total=D("4.37"),
        discount_total=D("2.00"),
        shipping_total=D("5.00"),
        tax_inclusive=False,
        lines=(line(discount="2.00", taxes=(tax("3.42"),)),),
        shipping=(ShippingLine(title="Parcel", price=D("5.00"), discount=D(0), taxes=(tax("0.95"),)),),
        charges=(Charge(kind="tip", title="Tip", amount=D("1.00")),),
        customer=Customer(id="7", email="Wren@Example.com", phone="+1 555 0100"),
        channel="web",
        store_key="71003",
    )
    return msgspec.structs.replace(sound, **changes)


def refund(**changes):
    """One mug back at 9.00 and 1.71 of tax, paid back in full."""
    sound = Refund(
        id="9001",
        order_id="1001",
        source_version="2026-11-23T15:00:00.000000Z",
        currency="EUR",
        created_at=AT,
        total=D("10.71"),
        lines=(RefundLine(order_line_id="1", quantity=D(1), subtotal=D("9.00"), tax=D("1.71"), restock=True),),
        payments=(Tender(gateway="card", amount=D("10.71"), kind="refund", status="success"),),
    )
    return msgspec.structs.replace(sound, **changes)
