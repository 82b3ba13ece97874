"""Every invariant of every object, broken once; and whole families of sound and broken numbers."""

import ast
import random
from decimal import Decimal as D
from pathlib import Path

import msgspec
import pytest

from connectors.canonical import money, rules
from connectors.canonical.bank import Balance, BankDetail
from connectors.canonical.invariants import breaches
from connectors.canonical.inventory import Quantity
from connectors.canonical.notices import AcknowledgedDocument
from connectors.canonical.objects import OBJECTS
from connectors.canonical.order import Charge, OrderLine, Tender
from connectors.canonical.payment import Allocation
from connectors.canonical.product import Variant
from connectors.canonical.tax import TaxSummary
from tests.connectors.canonical.sound import (
    EARLY,
    LATE,
    SOUND,
    bank_line,
    invoice_line,
    posted,
    settled,
    supplier_line,
    tender,
)


def bent(name, **changes):
    return msgspec.structs.replace(SOUND[name], **changes)


def names(obj):
    return [breach.name for breach in breaches(obj)]


def only(name, index=0, field="lines"):
    return getattr(SOUND[name], field)[index]


def line_of(name, field="lines", **changes):
    return {field: (msgspec.structs.replace(only(name, field=field), **changes),)}


CASES = [
    ("product", {"currency": "ABC"}, "currency_unknown"),
    ("product", {"variants": (Variant(id="v1"), Variant(id="v1"))}, "line_ids"),
    ("product", {"variants": (Variant(id="v1", price=D("-1")),)}, "negative"),
    ("product", {"currency": "JPY", "variants": (Variant(id="v1", price=D("10.50")),)}, "minor_units"),
    ("price", {"amount": D("-0.01")}, "negative"),
    ("price", {"valid_from": LATE, "valid_until": EARLY}, "period"),
    ("price", {"per_quantity": D(0)}, "quantity"),
    ("customer", {"id": " "}, "identity"),
    ("promotion", {"value": D("100.01")}, "percentage"),
    ("promotion", {"value": D("-10")}, "negative"),
    ("promotion", {"starts_at": LATE, "ends_at": EARLY}, "period"),
    ("loyalty_event", {"after": D(41)}, "balance"),
    ("gift_card", {"balance": D("-0.01")}, "negative"),
    ("gift_card_movement", {"after": D("20.01")}, "balance"),
    ("return", line_of("return", quantity=D(-1)), "quantity"),
    ("fulfilment", line_of("fulfilment", quantity=D(-1)), "quantity"),
    ("fulfilment", {"shipped_at": LATE, "delivered_at": EARLY}, "period"),
    ("payment", {"captured": D("28.38")}, "captured"),
    ("payment", {"refunded": D("28.38")}, "refunded"),
    ("payment", {"succeeded": False}, "failed_money"),
    ("payment", {"allocations": (Allocation(document_id="1", amount=D("28.38")),)}, "allocations"),
    ("payment", {"presentment_currency": "JPY", "presentment_amount": D("1.5")}, "minor_units"),
    ("payment", {"amount": D("-28.37")}, "negative"),
    ("dispute", {"currency": "BTC"}, "currency_unknown"),
    ("tax_rate", {"rate": D(19)}, "tax_rate"),
    ("tax_calculation", {"total": D("-1")}, "negative"),
    ("inventory_level", {"quantities": (Quantity(kind="on_hand", quantity=D(1)),) * 2}, "kinds"),
    ("inventory_movement", {"after": D(4)}, "balance"),
    ("stock_transfer", {"to_location": "71003"}, "places"),
    ("stock_transfer", line_of("stock_transfer", received=D(-1)), "quantity"),
    ("supplier_order", {"lines": (supplier_line(amount="49.00"),)}, "line_amount"),
    ("supplier_order", {"lines": (supplier_line(price_per=D(0)),)}, "quantity"),
    ("supplier_order", {"line_total": D("47.00")}, "line_total"),
    ("supplier_order", {"total": D("38.01")}, "total"),
    ("supplier_order", {"taxes": (TaxSummary(amount=D("7.61")),)}, "tax"),
    ("supplier_order", {"stated_lines": 2}, "line_count"),
    ("despatch", {"stated_lines": 2}, "line_count"),
    ("invoice", {"lines": (invoice_line(amount="20.01"),)}, "line_amount"),
    ("invoice", {"line_total": D("20.01")}, "line_total"),
    ("invoice", {"net": D("25.01")}, "net"),
    ("invoice", {"total": D("29.76")}, "total"),
    ("invoice", {"total": D("29.76")}, "net_and_tax"),
    ("invoice", {"lines_known": False, "lines": (), "total": D("29.76")}, "net_and_tax"),
    ("invoice", {"taxes": (TaxSummary(amount=D("4.76")),)}, "tax"),
    ("invoice", {"taxes": (TaxSummary(amount=D("4.75"), base=D("24.00"), rate=D("0.19")),)}, "tax_rate"),
    ("invoice", {"payable": D("29.75")}, "payable"),
    ("invoice", {"outstanding": D("0.00"), "status": "paid"}, "outstanding"),
    ("settlement", {"total": D("43.36")}, "settlement_total"),
    ("settlement", {"lines": (settled("1", "48.36", gross=D("50.00"), fee=D("1.65")),)}, "line_net"),
    ("settlement", {"lines": (settled("1", "48.35"), settled("2", "-10.00", currency="USD"))}, "settlement_currency"),
    ("payout", {"fee": D("1.60")}, "payout_net"),
    ("bank_statement", {"closing": D("140.01")}, "closing_balance"),
    ("bank_statement", {"opening": None}, "balance_missing"),
    ("bank_statement", {"stated_sum": D("40.01")}, "line_sum"),
    ("bank_statement", {"stated_lines": 4}, "line_count"),
    ("bank_statement", {"lines": (bank_line(details=(BankDetail(amount=D("40.00")),)),)}, "batch"),
    ("bank_statement", {"lines": (bank_line(currency="SEK"),)}, "line_currency"),
    (
        "bank_statement",
        {"balances": (Balance(kind="closing_booked", amount=D("-27"), currency="SEK"),)},
        "balance_currency",
    ),
    ("store_day", {"net_sales": D("85.01")}, "net_sales"),
    ("store_day", {"charges": ()}, "total"),
    ("store_day", {"taxes": (TaxSummary(amount=D("16.16")),)}, "tax"),
    ("store_day", {"tenders": (tender(),)}, "tenders"),
    ("store_day", {"over_short": D("0.00")}, "over_short"),
    ("store_day", {"grand_total_after": D("8999.99")}, "grand_total"),
    ("journal_entry", {"lines": (posted("1", debit="5.00"), posted("2", credit="4.99"))}, "balanced"),
    ("journal_entry", {"lines": (posted("1", debit="5.00", credit="5.00"),)}, "sides"),
    ("journal_entry", {"lines": (posted("1", debit="-5.00"), posted("2", credit="-5.00"))}, "sides"),
    ("journal_entry", {"total_debit": D("28.38")}, "totals"),
    ("journal_entry", line_of("journal_entry", debit=D("28.36")), "sources"),
    ("acknowledgement", {"accepted": True}, "accepted"),
    ("change_signal", {"subject_id": None}, "fetchable"),
    ("refund", {"paid": D("10.70")}, "refund_paid"),
    ("order", {"tenders_complete": True, "tenders": (Tender(gateway="cash", amount=D("28.36")),)}, "tenders"),
]


@pytest.mark.parametrize("name", OBJECTS)
def test_a_sound_object_breaks_nothing(name):
    assert breaches(SOUND[name]) == ()


@pytest.mark.parametrize(("name", "changes", "breach"), CASES)
def test_each_invariant_is_broken_by_what_breaks_it(name, changes, breach):
    found = {one.name: one.message for one in breaches(bent(name, **changes))}
    assert breach in found
    assert found[breach].endswith(".")


def test_every_breach_the_rules_know_has_a_case_here_or_beside():
    here = {breach for _, _, breach in CASES}
    beside = (Path(__file__).parent / "test_invariants.py").read_text()
    assert {name for name in known_breaches() if name not in here and f'"{name}"' not in beside} == set()


def known_breaches():
    """Names as they stand in the rules: of a Breach, and of what `not_above` makes one of."""
    places = {"Breach": 0, "not_above": 2}
    for path in Path(rules.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            place = places.get(getattr(node.func, "id", "")) if isinstance(node, ast.Call) else None
            if place is not None and isinstance(node.args[place], ast.Constant):
                yield node.args[place].value


@pytest.mark.parametrize("name", [name for name, kind in OBJECTS.items() if "status" in kind.__struct_fields__])
def test_a_stated_status_changes_no_verdict(name):
    for status in ("paid", "FAILED", "complete", "something new"):
        assert names(bent(name, status=status)) == []


def test_goods_back_inside_a_sale_count_against_it_and_voided_lines_not_at_all():
    lines = (*SOUND["order"].lines, till_line("2", returned=True), till_line("3", voided=True))
    paid = (Tender(gateway="cash", amount=D("30.00")), Tender(gateway="cash", amount=D("-5.63"), change=True))
    sale = bent("order", lines=lines, total=D("24.37"), subtotal=None, tenders=paid, tenders_complete=True)
    assert names(sale) == []
    assert "total" in names(bent("order", lines=lines))


def till_line(id, **more):
    return OrderLine(id=id, title="Cup", quantity=D(1), unit_price=D("4.00"), discount=D(0), **more)


def test_a_voided_sale_took_no_money():
    assert names(bent("order", voided=True, tenders_complete=True)) == []
    taken = (Tender(gateway="cash", amount=D("28.37")),)
    assert names(bent("order", voided=True, tenders_complete=True, tenders=taken)) == ["tenders"]


def test_only_lines_that_are_all_there_are_must_make_the_payout():
    assert names(bent("settlement", complete=False, total=D("9999.00"))) == []


def test_an_intraday_report_needs_no_balance():
    assert names(bent("bank_statement", final=False, opening=None, closing=None)) == []


def test_a_change_of_a_supplier_order_is_no_whole_order():
    deleted = supplier_line("2", amount=None, quantity=None, unit_price=None, action="delete")
    assert names(bent("supplier_order", purpose="change", lines=(deleted,), charges=(), taxes=(), tax_total=None)) == []


def test_an_invoice_line_without_an_amount_is_made_of_quantity_and_price():
    assert names(bent("invoice", lines=(invoice_line(amount=None),))) == []
    assert "line_total" in names(bent("invoice", lines=(invoice_line(amount=None, quantity="3"),)))


@pytest.mark.parametrize("currency", ["JPY", "EUR", "KWD"])
@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_settled_ties_out_and_a_minor_unit_less_does_not(currency, seed):
    rng, unit = random.Random(f"{currency}{seed}"), money.quantum(currency)
    amounts = [rng.randint(-(10**6), 10**7) * unit for _ in range(rng.randint(1, 40))]
    lines = tuple(settled(str(n), amount) for n, amount in enumerate(amounts))
    sound = bent("settlement", currency=currency, lines=lines, opening=None, reserved=None, total=sum(amounts))
    assert names(sound) == []
    assert names(msgspec.structs.replace(sound, total=sound.total - unit)) == ["settlement_total"]
    finer = msgspec.structs.replace(sound, complete=False, total=sound.total + unit / 10)
    assert names(finer) == ["minor_units"]


@pytest.mark.parametrize("currency", ["JPY", "EUR", "KWD"])
@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_booked_ties_out_and_one_line_less_does_not(currency, seed):
    rng, unit = random.Random(f"{currency}{seed}"), money.quantum(currency)
    amounts = [(rng.randint(1, 10**7) * rng.choice((1, -1))) * unit for _ in range(rng.randint(2, 40))]
    opening = rng.randint(-(10**6), 10**6) * unit
    lines = tuple(bank_line(str(n), amount) for n, amount in enumerate(amounts))
    plain = {"currency": currency, "stated_lines": None, "stated_sum": None, "opening": opening}
    sound = bent("bank_statement", lines=lines, closing=opening + sum(amounts), **plain)
    assert names(sound) == []
    assert names(msgspec.structs.replace(sound, lines=lines[1:])) == ["closing_balance"]
    entry = [posted(str(n), **{"debit" if one > 0 else "credit": abs(one)}) for n, one in enumerate(amounts)]
    rest = sum(amounts)
    entry.append(posted("rest", **{"credit" if rest > 0 else "debit": abs(rest)}))
    journal = bent("journal_entry", currency=currency, lines=tuple(entry), total_debit=None, total_credit=None)
    assert names(journal) == []
    assert names(msgspec.structs.replace(journal, lines=tuple(entry[1:]))) == ["balanced"]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_till_took_ties_out_and_a_cent_more_does_not(seed):
    rng = random.Random(seed)
    cents = [D(rng.randint(0, 10**6)) / 100 for _ in range(5)]
    sales, returns, tax, card, sold = cents
    net = sales - returns
    whole = net + tax + sold
    day = bent(
        "store_day",
        sales=sales,
        returns=returns,
        discounts=None,
        net_sales=net,
        tax_total=tax,
        taxes=(),
        charges=(Charge(kind="gift_card", title="Sold", amount=sold),),
        total=whole,
        over_short=None,
        tenders=(tender("card", card), tender("cash", whole - card)),
    )
    assert names(day) == []
    more = (tender("card", card), tender("cash", whole - card + D("0.01")))
    assert names(msgspec.structs.replace(day, tenders=more)) == ["tenders"]


def test_the_word_over_all_documents_is_not_believed():
    fine = AcknowledgedDocument(kind="850", control_number="1", accepted=True)
    assert names(bent("acknowledgement", accepted=True, documents=(fine,))) == []
