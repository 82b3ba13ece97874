"""What happened to a message, in words and as stages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from console.render.journey import happenings, stages
from console.render.sentences import next_action, subject, what_happened
from monitoring.ledger.models import Delivery
from monitoring.ledger.selectors.detail import MessageDetail, message_detail
from tenants.retailers.models import Retailer
from tests.support import ledger_rows

NOW = datetime.now(UTC)


@pytest.fixture
def shop(northgate) -> ledger_rows.Shop:
    return ledger_rows.connect(Retailer.objects.get(key="harbour-pine"), stores=1)


def detail_of(shop: ledger_rows.Shop, outcome: str, **facts: object) -> MessageDetail:
    return message_detail(ledger_rows.add(shop, outcome=outcome, **facts).id)


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("confirmed", "and a read-back confirmed it."),
        ("exception", "It has not reached ERP and waits for a decision."),
        ("retrying", "It has not reached ERP yet: The connection was refused."),
        ("waiting", "It waits for its turn to ERP."),
        ("superseded", "It was not sent to ERP: a newer version went instead."),
        ("ignored", "It came from Storefront and was ignored: No flow takes products/update."),
        ("deduplicated", "was recognised as a repetition: Version"),
        ("older", "was superseded: Older than version"),
        ("unreadable", "cannot be read: The body ends in the middle of a string"),
    ],
)
def test_one_sentence_says_what_happened(shop, outcome, words):
    assert words in what_happened(detail_of(shop, outcome), at=NOW)


@pytest.mark.parametrize(
    ("outcome", "states"),
    [
        ("confirmed", ["done", "done", "done", "done", "done"]),
        ("delivered", ["done", "done", "done", "done", "unproven"]),
        ("exception", ["done", "done", "done", "failed", "open"]),
        ("retrying", ["done", "done", "done", "waiting", "open"]),
        ("waiting", ["done", "done", "waiting", "open", "open"]),
    ],
)
def test_stages_show_how_far_it_came(shop, outcome, states):
    detail = detail_of(shop, outcome)
    assert [stage.state for stage in stages(detail, detail.deliveries[0])] == states


def test_a_mapping_failure_stops_at_the_mapping(shop):
    detail = detail_of(shop, "exception")
    Delivery.objects.filter(message_id=detail.message.id).update(error_class="mapping", map_version="")
    detail = message_detail(detail.message.id)
    assert [stage.state for stage in stages(detail, detail.deliveries[0])][:4] == ["done", "failed", "done", "open"]


def test_a_message_is_called_by_its_order(shop):
    assert subject(detail_of(shop, "confirmed", number="#12", topic="orders/create")) == "Order #12"
    assert subject(detail_of(shop, "confirmed", number="#13", topic="refunds/create")) == "Refund of #13"
    assert subject(detail_of(shop, "unreadable", topic="orders/create")) == "orders/create"


def test_the_next_action_is_the_advice_while_something_is_open(shop):
    detail = detail_of(shop, "exception")
    assert next_action(
        detail
    ) == "Decide which side is right; change the target by hand if it is the source, then resolve." or (
        next_action(detail).endswith("retry.")
    )
    assert next_action(detail_of(shop, "confirmed")) == "Nothing to do."


def test_the_timeline_runs_forward_and_holds_every_change(shop):
    found = happenings(detail_of(shop, "resolved"))
    assert [one.at for one in found] == sorted(one.at for one in found)
    titles = [one.title for one in found]
    for words in ("Received from Storefront", "Routed to ERP", "Exception opened", "Exception resolved"):
        assert words in titles
