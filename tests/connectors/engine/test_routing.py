"""Which flows a message goes to, and why it goes to none: pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

from connectors.engine.config import FlowFacts
from connectors.engine.drain.routing import Known, Routable, idempotency_key, plan_routes
from monitoring.ledger.models import Disposition

SCHEMA = "p_test0000"
FLOW = FlowFacts(
    id=7,
    key="sales",
    retailer_id=1,
    source_id=3,
    source_key="shop",
    target_id=4,
    target_key="erp",
    operations={"order": "order.upsert", "refund": "refund.create"},
    mode="strict",
    active=True,
)


def message(position: int = 1, **changes) -> Routable:
    values = {
        "id": uuid4(),
        "position": position,
        "retailer_id": 1,
        "connection_id": 3,
        "connection_key": "shop",
        "connector": "shopify",
        "topic": "orders/create",
        "object_type": "order",
        "object_id": "42",
        "source_version": f"2026-11-20T10:00:{position:02}Z",
        "order_key": "42",
        "api_version": "2026-10",
        "trace_id": "t",
        "received_at": datetime(2026, 11, 20, tzinfo=UTC),
        "disposition": "",
        "rule": "",
        "masked": 0,
        "body_hash": b"same",
    }
    return Routable(**{**values, **changes})


def plan(*messages: Routable, flows=(FLOW,), known=None, rulings=None):
    return plan_routes(SCHEMA, messages, {3: flows}, known or {}, rulings or {})


def test_a_message_makes_one_delivery_for_each_flow_that_takes_it():
    other = replace(FLOW, id=8, key="finance", target_id=5)
    made = plan(message(), flows=(FLOW, other))
    assert [(d.flow.key, d.operation, d.lane_key) for d in made.deliveries] == [
        ("sales", "order.upsert", "42"),
        ("finance", "order.upsert", "42"),
    ]


def test_a_message_that_no_flow_takes_says_so_by_name():
    made = plan(message(object_type="", topic="carts/update"))
    [(_, disposition, rule)] = made.disposed
    assert (made.deliveries, disposition) == ([], Disposition.NO_FLOW)
    assert "carts/update" in rule


def test_the_same_version_by_another_event_is_one_version():
    first, second = message(1), message(2, source_version="2026-11-20T10:00:01Z", topic="orders/updated")
    made = plan(first, second)
    assert len(made.deliveries) == 1
    assert [(m.id, d) for m, d, _ in made.disposed] == [(second.id, Disposition.SAME_VERSION)]


def test_two_changes_within_one_second_are_told_apart_by_their_bodies():
    made = plan(message(1), message(2, source_version="2026-11-20T10:00:01Z", body_hash=b"another"))
    assert len(made.deliveries) == 2


def test_an_older_version_never_undoes_a_newer_one():
    newer, older = message(5), message(2)
    made = plan(newer, older)
    assert [d.message.id for d in made.deliveries] == [newer.id]
    assert made.disposed[0][1] == Disposition.OLDER_VERSION


def test_a_version_known_from_before_counts_like_one_of_this_batch():
    one = message(3)
    made = plan(one, known={one.object_key: Known("2026-11-20T10:00:09Z", uuid4(), b"")})
    assert made.disposed[0][1] == Disposition.OLDER_VERSION


def test_an_object_without_a_version_is_delivered_each_time():
    assert len(plan(message(1, source_version=""), message(2, source_version="")).deliveries) == 2


def test_a_refund_waits_in_the_lane_of_its_order():
    made = plan(message(1), message(2, object_type="refund", object_id="9", order_key="42"))
    assert [d.lane_key for d in made.deliveries] == ["42", "42"]


def test_an_unordered_flow_gives_every_message_its_own_lane():
    made = plan(message(1), message(2), flows=(replace(FLOW, mode="unordered"),))
    assert len({d.lane_key for d in made.deliveries}) == 2


def test_the_idempotency_key_follows_the_document_and_its_version():
    key = idempotency_key(SCHEMA, "sales", "order.upsert", "42", "v1")
    assert key == idempotency_key(SCHEMA, "sales", "order.upsert", "42", "v1")
    assert key != idempotency_key(SCHEMA, "sales", "order.upsert", "42", "v2")
    assert key != idempotency_key("p_other000", "sales", "order.upsert", "42", "v1")


def test_an_unreadable_message_is_planned_as_an_exception_only():
    made = plan(message(disposition=Disposition.UNREADABLE, rule="no JSON"))
    assert len(made.unreadable) == 1
    assert made.deliveries == made.disposed == []


def test_in_a_latest_wins_flow_an_object_shares_its_lane_with_nothing_but_itself():
    newest_only = replace(FLOW, mode="latest-wins")
    made = plan(message(1), message(2), message(3, object_type="refund", object_id="9"), flows=(newest_only,))
    assert [d.lane_key for d in made.deliveries] == ["order 42", "order 42", "refund 9"]
    nameless = plan(message(1, object_id=""), message(2, object_id=""), flows=(newest_only,))
    assert len({d.lane_key for d in nameless.deliveries}) == 2


def test_whatever_is_delivered_twice_has_two_idempotency_keys():
    """A target that knows our keys would keep the older of two states that share one."""
    within_a_second = message(2, source_version="2026-11-20T10:00:01Z", body_hash=b"another")
    unversioned = [message(n, source_version="", object_id="43") for n in (3, 4)]
    made = plan(message(1), within_a_second, *unversioned)
    assert len({d.idempotency_key for d in made.deliveries}) == 4
