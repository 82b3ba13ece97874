"""What others captured from Shopify, sent to the running demo as the webhooks they were, and what became of each.

Orders and refunds go by `manage.py send`, which signs them again; everything else is posted, signed in the same way.
The samples are not ours to ship; where they are absent these tests are skipped, and say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from connectors.canonical.order import Order
from connectors.library.shopify.connector import connector as shopify
from connectors.sandbox.shopify.settings import app_of
from connectors.sandbox.tryton.catalogue import Item
from connectors.sdk import safe_json
from console.embedded.files import read_json
from console.tools.post import Delivery, post
from console.tools.sample import sample_of
from tests.e2e.accounts import FOREIGN, SHOP_KEY
from tests.e2e.demo import NORTHGATE, Demo
from tests.e2e.people import AtTheConsole
from tests.paths import SAMPLES
from tests.support.waiting import eventually

FOLDER = SAMPLES / "shopify"
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the samples are not here"),
]


@dataclass(frozen=True)
class Document:
    """What the ERP holds afterwards under our reference."""

    object_id: str
    total: str
    state: str


@dataclass(frozen=True)
class Sent:
    """A file that is an order or a refund. N stands for the number that the ERP gave."""

    stem: str
    event: str
    says: str
    document: Document | None = None


CANCELLED_ORDER = Document("820982911946154508", "388.00", "cancelled")
OLD_ORDER = Document("450789469", "598.94", "processing")
# In the order of sending: an order before its refund; what is refused last, since nothing passes it in its lane.
SENT = (
    Sent("webhook_2024-10_orders.create", "orders/create", "tryton: delivered, sale N cancelled", CANCELLED_ORDER),
    Sent(
        "webhook_2024-10_orders.updated",
        "orders/updated",
        "same version by another event: Version 2022-01-01T00:00:00.000000Z of this order came before: MESSAGE",
        CANCELLED_ORDER,
    ),
    Sent(
        "webhook_2024-10_refunds.create",
        "refunds/create",
        "tryton: delivered, return N returned",
        # Of an order that was cancelled before it was booked: written down, and it does not count.
        Document("890088186047892319", "-398.00", "cancelled"),
    ),
    Sent("rest_2022-04_order_450789469", "orders/updated", "tryton: delivered, sale N created", OLD_ORDER),
    Sent("rest_2024-10_order_450789469", "orders/updated", "tryton: delivered, sale N already", OLD_ORDER),
    Sent(
        "rest_2024-10_order_create_eur",
        "orders/create",
        "tryton: delivered, sale N created",
        Document("1073459975", "238.47", "processing"),
    ),
    Sent(
        "rest_py_draft_order_completed",
        "orders/create",
        "needs a decision: This is a draft order: draft orders are not sales. (The body is kept exactly as it came.)",
    ),
    Sent(
        "rest_py_refund",
        "refunds/create",
        "needs a decision: The refund does not add up: 209.00 USD went back, lines and charges make 398.00 or 405.96.",
    ),
    Sent(
        "rest_py_order",
        "orders/updated",
        "needs a decision: The order does not add up: The order states 409.94 USD, its parts make 608.94.",
    ),
)
UNREADABLE = "unreadable: The body is JSON, but not an object."
# Everything else: file → (event, what becomes of it).
NO_SALES = {
    "webhook_2024-10_draft_orders.create": ("draft_orders/create", "ignored"),
    "webhook_carts_update": ("carts/update", "ignored"),
    "webhook_2024-10_products.create": ("products/create", "ignored"),
    "webhook_2024-10_customers.create": ("customers/create", "ignored"),
    "webhook_customers_data_request": ("customers/data_request", "ignored"),
    "webhook_2024-10_fulfillments.create": ("fulfillments/create", "ignored"),
    "webhook_2024-10_inventory_levels.update": ("inventory_levels/update", "ignored"),
    "webhook_2024-10_order_transactions.create": ("order_transactions/create", "ignored"),
    "webhook_2024-10_tender_transactions.create": ("tender_transactions/create", "ignored"),
    "webhook_2024-10_returns.request": ("returns/request", "ignored"),
    "webhook_2024-10_app.uninstalled": ("app/uninstalled", "ignored"),
    "webhook_2024-10_audit_events.admin_api_activity": ("audit_events/admin_api_activity", "ignored"),
    "product_with_variants_erpnext": ("products/update", "ignored"),
    "rest_2024-10_deprecated_api_calls": ("deprecated_api_calls/update", "ignored"),
    "rest_2024-10_fulfillment_orders": ("fulfillment_orders/update", "ignored"),
    "rest_2024-10_gift_cards": ("gift_cards/update", "ignored"),
    "rest_py_gift_card": ("gift_cards/update", "ignored"),
    "rest_py_payouts_transactions": ("payouts/update", "ignored"),
    "rest_py_price_rules": ("price_rules/update", "ignored"),
    "rest_py_products": ("products/update", UNREADABLE),
}


@pytest.fixture(scope="module")
def outcomes(demo: Demo) -> Iterator[dict[str, str]]:
    """File → what became of it, in words."""
    demo.pause()
    found: dict[str, str] = {}
    for sent in SENT:
        _let_the_lane_go_on(demo)
        _teach_the_erp(demo, sent)
        found[sent.stem] = _send(demo, sent)
    ids = {stem: _post(demo, stem, event) for stem, (event, _) in NO_SALES.items()}
    found |= {stem: _what_became_of(demo, message_id) for stem, message_id in ids.items()}
    yield found
    demo.resume()


def test_every_sample_is_spoken_for() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == {sent.stem for sent in SENT} | NO_SALES.keys()


def test_every_order_and_refund_ends_as_expected(outcomes: dict[str, str], record_property) -> None:
    record_property("figures", outcomes)
    assert {sent.stem: outcomes[sent.stem] for sent in SENT} == {sent.stem: sent.says for sent in SENT}


def test_every_order_is_one_sale_and_every_refund_one_return_of_the_same_total(
    demo: Demo, outcomes: dict[str, str]
) -> None:
    wanted = {sent.document for sent in SENT if sent.document}
    assert {document for one in wanted for document in _documents(demo, one.object_id)} == wanted
    for one in wanted:
        assert len(_documents(demo, one.object_id)) == 1, one


def test_what_can_not_be_a_sale_left_nothing_in_the_erp(demo: Demo, outcomes: dict[str, str]) -> None:
    wanted = {sent.document.object_id for sent in SENT if sent.document}
    told = demo.rows("SELECT DISTINCT object_id FROM ledger_message WHERE starts_with(event_id, %s)", FOREIGN)
    for object_id in {row["object_id"] for row in told} - wanted - {""}:
        assert _documents(demo, object_id) == [], object_id


def test_everything_else_is_kept_and_ignored_by_a_stated_rule(outcomes: dict[str, str]) -> None:
    for stem, (event, becomes) in NO_SALES.items():
        says = f"ignored: No flow takes {event}" if becomes == "ignored" else becomes
        assert outcomes[stem] == says, stem


# -- the ERP -----------------------------------------------------------------------------------------------------


def _documents(demo: Demo, object_id: str) -> list[Document]:
    found = demo.erp.read("sale.sale", [["reference", "=", f"{SHOP_KEY}/{object_id}"]], ["total_amount", "state"])
    return [Document(object_id, str(one["total_amount"]), one["state"]) for one in found]


def _teach_the_erp(demo: Demo, sent: Sent) -> None:
    """Its SKUs, currency and taxes are made in Tryton first."""
    for order in _orders(sent):
        goods = [Item(line.sku, line.title, line.unit_price) for line in order.lines if line.sku]
        rated = [tax for line in (*order.lines, *order.shipping) for tax in line.taxes]
        demo.catalogue.ensure_products(goods)
        demo.catalogue.ensure_currencies([order.currency])
        demo.catalogue.ensure_taxes({(tax.title, tax.rate) for tax in rated if tax.rate})


def _orders(sent: Sent) -> Iterator[Order]:
    if sent.document and sent.event.startswith("orders/"):
        for order in shopify.reader.canonical(sent.event, safe_json.parse(sample_of(_raw(sent.stem), sent.event).body)):
            assert order.total == Decimal(sent.document.total), "the expectation is not what the file says"
            yield order


# -- sending -----------------------------------------------------------------------------------------------------


def _file(stem: str) -> Path:
    return FOLDER / f"{stem}.json"


def _raw(stem: str) -> bytes:
    return _file(stem).read_bytes()


def _send(demo: Demo, sent: Sent) -> str:
    """By the command, as a person would; its exit code says whether it went well."""
    where = ("--connection", SHOP_KEY, "--event", sent.event, "--event-id", FOREIGN + sent.stem)
    done = demo.manage("send", str(_file(sent.stem)), *where, "--wait", "60")
    assert done.stdout.startswith("202 accepted "), (sent.stem, done.stdout, done.stderr)
    refused = done.stderr.removeprefix("CommandError: ").strip()
    assert done.returncode == (1 if refused else 0), (sent.stem, done.stderr)
    return _without_numbers(refused or done.stdout.splitlines()[-1])


def _without_numbers(says: str) -> str:
    says = re.sub(r"\b(sale|return) \d+\b", r"\1 N", says)
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "MESSAGE", says)


def _post(demo: Demo, stem: str, event: str) -> UUID:
    app = app_of(demo.journal)
    delivery = Delivery(
        topic=event,
        sample=sample_of(_raw(stem), event),
        config={"shop_domain": app.shop, "poll_every": "off"},
        api_version="",
        event_id=FOREIGN + stem,
        at=datetime.now(UTC),
        secret=app.secret,
    )
    base, path = f"http://127.0.0.1:{demo.port}", urlsplit(read_json(demo.folder.root / "demo.json")["intake"]).path
    answer = post(delivery, connector="shopify", base=base, host=f"{NORTHGATE}:{demo.port}", path=path)
    assert answer.status == 202, (stem, answer)
    return UUID(answer.message_id)


def _what_became_of(demo: Demo, message_id: UUID) -> str:
    def row() -> dict[str, Any]:
        (found,) = demo.rows("SELECT disposition, rule FROM ledger_message WHERE id = %s", message_id)
        return found

    eventually(lambda: row()["disposition"], every_seconds=0.2)
    return f"{row()['disposition']}: {row()['rule']}"


def _let_the_lane_go_on(demo: Demo) -> None:
    """What an earlier file left for a person is decided by one, so that the next file of its order is not behind it."""
    query = (
        "SELECT e.id FROM exceptions_exceptionitem e JOIN ledger_message m ON m.id = e.message_id"
        " WHERE e.state = 'open' AND e.delivery_id IS NOT NULL AND starts_with(m.event_id, %s)"
    )
    for row in demo.rows(query, FOREIGN):
        ada = AtTheConsole(NORTHGATE, demo.port, "ada@northgate.example", demo.password)
        status, text = ada.post(f"/exceptions/{row['id']}/resolve/", reason="A sample of somebody else's")
        assert status == 302, text
