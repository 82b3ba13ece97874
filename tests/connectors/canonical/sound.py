"""One sound object of every kind, to bend in tests."""

from datetime import UTC, date, datetime
from decimal import Decimal as D

from connectors.canonical.bank import BankDetail, BankLine, BankStatement
from connectors.canonical.customer import CustomerRecord
from connectors.canonical.fulfilment import DespatchAdvice, DespatchLine, Fulfilment, FulfilmentLine, Tracking
from connectors.canonical.gift_card import GiftCard, GiftCardMovement
from connectors.canonical.inventory import InventoryLevel, InventoryMovement, Quantity, StockTransfer, TransferLine
from connectors.canonical.invoice import Invoice, InvoiceLine
from connectors.canonical.journal import JournalEntry, JournalLine, Source
from connectors.canonical.notices import (
    AcknowledgedDocument,
    Acknowledgement,
    ApiFinding,
    AuditEvent,
    ChangeSignal,
    ConnectionNotice,
    EventEnvelope,
    PrivacyRequest,
    ReportAvailable,
)
from connectors.canonical.order import Charge
from connectors.canonical.payment import Allocation, Dispute, Payment
from connectors.canonical.product import Price, Product, Variant
from connectors.canonical.promotion import LoyaltyAccount, LoyaltyEvent, Promotion
from connectors.canonical.returns import Return, ReturnLine
from connectors.canonical.settlement import Payout, Settlement, SettlementLine
from connectors.canonical.store_day import DayTender, StoreDay, TillEvent
from connectors.canonical.supply import SupplierOrder, SupplierOrderLine
from connectors.canonical.tax import TaxCalculation, TaxRate, TaxSummary
from tests.connectors.canonical.builders import order, refund

EARLY, LATE = datetime(2026, 11, 23, 8, tzinfo=UTC), datetime(2026, 11, 23, 20, tzinfo=UTC)
DAY = date(2026, 11, 23)


def invoice_line(id="1", amount="20.00", quantity="2", price="10.00", **more):
    return InvoiceLine(id=id, amount=amount and D(amount), quantity=D(quantity), unit_price=D(price), **more)


def supplier_line(id="1", amount="48.00", **more):
    given = {"quantity": D(24), "unit_price": D("24.00"), "price_per": D(12)}
    return SupplierOrderLine(id=id, amount=amount and D(amount), **given | more)


def settled(id, net, **more):
    return SettlementLine(id=id, kind="charge", net=D(net), **more)


def tender(method="cash", amount="60.00", **more):
    return DayTender(method=method, amount=D(amount), **more)


def posted(id, debit="0", credit="0", **more):
    return JournalLine(id=id, account=f"4{id}00", debit=D(debit), credit=D(credit), **more)


def bank_line(id="1", amount="43.35", **more):
    return BankLine(id=id, amount=D(amount), booked_on=DAY, **more)


SOUND = {
    "order": order(),
    "refund": refund(),
    "product": Product(
        id="p1", title="Mug", currency="EUR", variants=(Variant(id="v1", sku="MUG-1", price=D("10.00")),)
    ),
    "price": Price(id="pr1", amount=D("10.00"), currency="EUR", sku="MUG-1", valid_from=EARLY, valid_until=LATE),
    "customer": CustomerRecord(id="7", email="Wren@Example.com", currency="EUR", balance=D("1.00")),
    "promotion": Promotion(
        id="d1", title="Autumn", value=D(15), value_type="percentage", currency="EUR", starts_at=EARLY, ends_at=LATE
    ),
    "loyalty_account": LoyaltyAccount(id="l1", customer_id="7", phone="+1 555 0100", balance=D(40)),
    "loyalty_event": LoyaltyEvent(id="le1", account_id="l1", kind="EARN", points=D(10), before=D(30), after=D(40)),
    "gift_card": GiftCard(id="g1", currency="EUR", balance=D("20.00"), initial=D("50.00"), last_characters="7xk2"),
    "gift_card_movement": GiftCardMovement(
        id="gm1",
        gift_card_id="g1",
        kind="redemption",
        currency="EUR",
        amount=D("-30.00"),
        before=D("50.00"),
        after=D("20.00"),
    ),
    "return": Return(id="r1", order_id="1001", lines=(ReturnLine(id="1", quantity=D(1), restock=False),)),
    "fulfilment": Fulfilment(
        id="f1",
        order_id="1001",
        lines=(FulfilmentLine(order_line_id="1", quantity=D(2)),),
        tracking=(Tracking(carrier="Post", number="T-1"),),
        shipped_at=EARLY,
        delivered_at=LATE,
    ),
    "payment": Payment(
        id="pay1",
        kind="capture",
        amount=D("28.37"),
        currency="EUR",
        succeeded=True,
        authorised=D("28.37"),
        captured=D("28.37"),
        refunded=D("10.00"),
        order_id="1001",
        allocations=(Allocation(document_id="INV-1", amount=D("28.37")),),
    ),
    "dispute": Dispute(id="dp1", payment_id="pay1", amount=D("28.37"), currency="EUR", fee=D("15.00")),
    "tax_rate": TaxRate(id="t1", title="VAT", rate=D("0.19"), country="DE"),
    "tax_calculation": TaxCalculation(
        id="tc1", currency="EUR", total=D("11.90"), tax_exclusive=D("1.90"), tax_inclusive=D(0)
    ),
    "inventory_level": InventoryLevel(
        id="v1@71003", item_id="v1", location="71003", quantities=(Quantity(kind="available", quantity=D(-1)),)
    ),
    "inventory_movement": InventoryMovement(
        id="m1", item_id="v1", kind="sale", quantity=D(-2), before=D(5), after=D(3), value=D("20.00"), currency="EUR"
    ),
    "stock_transfer": StockTransfer(
        id="st1",
        number="T-7",
        from_location="71003",
        to_location="71004",
        lines=(TransferLine(id="1", quantity=D(4), received=D(3)),),
        sent_at=EARLY,
        received_at=LATE,
    ),
    "supplier_order": SupplierOrder(
        id="po1",
        number="PO-1",
        currency="EUR",
        lines=(supplier_line(),),
        charges=(Charge(kind="allowance", title="Launch", amount=D("-8.00")),),
        taxes=(TaxSummary(amount=D("7.60")),),
        line_total=D("48.00"),
        tax_total=D("7.60"),
        prepaid=D("10.00"),
        rounding=D("0.40"),
        total=D("38.00"),
        stated_lines=1,
    ),
    "despatch": DespatchAdvice(
        id="asn1", supplier_order_ids=("PO-1",), lines=(DespatchLine(id="1", quantity=D(24)),), stated_lines=1
    ),
    "invoice": Invoice(
        id="INV 1/26",
        number="INV 1/26",
        kind="invoice",
        direction="payable",
        currency="EUR",
        lines=(invoice_line(),),
        charges=(Charge(kind="freight", title="Freight", amount=D("5.00")),),
        taxes=(TaxSummary(amount=D("4.75"), base=D("25.00"), rate=D("0.19")),),
        line_total=D("20.00"),
        net=D("25.00"),
        tax_total=D("4.75"),
        total=D("29.75"),
        prepaid=D("9.75"),
        payable=D("20.00"),
        paid=D("5.00"),
        outstanding=D("15.00"),
    ),
    "settlement": Settlement(
        id="po_1",
        provider="stripe",
        currency="EUR",
        complete=True,
        total=D("43.35"),
        lines=(settled("1", "48.35", gross=D("50.00"), fee=D("1.65")), settled("2", "-10.00")),
        opening=D("7.00"),
        reserved=D("2.00"),
        period_start=EARLY,
        period_end=LATE,
        reference="STRIPE 8841",
    ),
    "payout": Payout(
        id="po_1",
        provider="stripe",
        currency="EUR",
        amount=D("43.35"),
        gross=D("45.00"),
        fee=D("1.65"),
        reference="STRIPE 8841",
    ),
    "bank_statement": BankStatement(
        id="s1",
        account="NL00TEST0000000001",
        currency="EUR",
        final=True,
        lines=(
            bank_line(details=(BankDetail(amount=D("40.00")), BankDetail(amount=D("3.35")))),
            bank_line("2", "-3.35"),
            bank_line("3", "99.00", booked=False),
        ),
        opening=D("100.00"),
        closing=D("140.00"),
        stated_lines=3,
        stated_sum=D("40.00"),
        period_start=EARLY,
        period_end=LATE,
    ),
    "store_day": StoreDay(
        id="71003-2026-11-23",
        business_date=DAY,
        currency="EUR",
        store_key="71003",
        number="Z-118",
        sales=D("100.00"),
        returns=D("10.00"),
        discounts=D("5.00"),
        net_sales=D("85.00"),
        tax_total=D("16.15"),
        taxes=(TaxSummary(amount=D("16.15")),),
        charges=(Charge(kind="gift_card", title="Gift card sold", amount=D("25.00")),),
        total=D("126.15"),
        tenders=(
            tender(opening_float=D("50.00"), removed=D("20.00"), counted=D("89.50"), over_short=D("-0.50")),
            tender("card", "56.15"),
            tender("gift_card", "10.00"),
        ),
        over_short=D("-0.50"),
        grand_total_before=D("9000.00"),
        grand_total_after=D("9126.15"),
        opened_at=EARLY,
        closed_at=LATE,
    ),
    "till_event": TillEvent(id="71003-1-4", kind="sign_on", till="1"),
    "journal_entry": JournalEntry(
        id="j1",
        currency="EUR",
        posted_on=DAY,
        number="J-1",
        lines=(
            posted("1", debit="28.37", sources=(Source(object_type="order", object_id="1001", amount=D("28.37")),)),
            posted("2", credit="24.00", store_key="71003"),
            posted("3", credit="4.37"),
        ),
        total_debit=D("28.37"),
        total_credit=D("28.37"),
    ),
    "change_signal": ChangeSignal(id="e1", subject_type="order", subject_id="1001", change="created"),
    "report_available": ReportAvailable(id="rep1", report="settlement_detail.csv"),
    "connection_notice": ConnectionNotice(id="c1", kind="revoked"),
    "privacy_request": PrivacyRequest(id="pv1", kind="export", customer_id="7"),
    "audit_event": AuditEvent(id="a1", action="product.updated"),
    "api_finding": ApiFinding(id="af1", kind="deprecation", api_version="2019-07"),
    "acknowledgement": Acknowledgement(
        id="ack1",
        accepted=False,
        documents=(AcknowledgedDocument(kind="850", control_number="0001", accepted=False, code="R"),),
    ),
    "event": EventEnvelope(id="C234", source="/mycontext", kind="com.example.event"),
}
