"""The door: what is refused, what is accepted once, and what is kept although it cannot be read."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from psycopg import AsyncConnection

from connectors.engine.intake import group
from connectors.engine.intake.held import REQUEST_BYTES, Held
from governance.audit.models import AuditEvent
from monitoring.exceptions.models import ExceptionItem
from monitoring.ledger import payloads
from monitoring.ledger.models import BusinessKey, Message, Repeat
from monitoring.rollups.histogram import middle_us
from monitoring.rollups.selectors import latency_by_hop
from tenants.asyncdb import conninfo
from tests.support.engine import ADDRESS, World, connect
from tests.support.orders import body_of, order


def messages() -> list[Message]:
    return list(Message.objects.order_by("position"))


def bodies() -> dict:
    return payloads.read(Message.objects.values_list("id", flat=True))


async def test_a_signed_event_is_stored_before_it_is_answered(world: World):
    status, answer = await world.post(order(1001))
    [stored] = await world.ask(messages)
    assert (status, answer["id"]) == (202, str(stored.id))
    assert (stored.object_type, stored.topic, stored.api_version) == ("order", "orders/create", "2026-10")
    assert await world.ask(bodies) == {stored.id: body_of(order(1001))}


async def test_an_order_is_found_by_its_number(world: World):
    await world.post(order(1001))
    [stored] = await world.ask(messages)
    found = await world.ask(lambda: BusinessKey.objects.get(type="order", value="#1001").message_id)
    assert found == stored.id


async def test_a_wrong_signature_is_401_and_stores_nothing(world: World):
    status, _ = await world.post(order(1001), secret="another")
    assert status == 401
    assert await world.ask(messages) == []


@pytest.mark.parametrize(
    "change",
    [
        {"path": f"/in/zzzzzzzz-{ADDRESS}"},
        {"path": "/in/nonsense"},
        {"host": "unknown.example"},
        {"host": "tidewater.localhost"},
    ],
    ids=["unknown partner", "no address", "unknown host", "another partner's host"],
)
async def test_an_unknown_path_or_host_is_404(world: World, change):
    assert await world.post(order(1001), **change) == (404, {})


async def test_a_body_over_the_limit_is_413_whatever_length_it_states(world: World):
    huge = b'{"id": "' + b"x" * (2 * 1024 * 1024) + b'"}'
    assert (await world.post(huge))[0] == 413
    assert (await world.post(huge, headers={"content-length": "10"}))[0] == 413


async def test_a_body_that_nests_too_deep_is_400(world: World):
    assert (await world.post(b"[" * 10_000 + b"]" * 10_000))[0] == 400
    assert await world.ask(messages) == []


async def test_a_repeat_is_200_with_the_first_id_and_is_recorded(world: World):
    _, first = await world.post(order(1001), event_id="a")
    status, again = await world.post(order(1001), event_id="a")
    assert (status, again["id"]) == (200, first["id"])
    assert len(await world.ask(messages)) == 1
    assert await world.ask(lambda: Repeat.objects.get().same_body)


async def test_the_same_event_with_another_body_is_a_security_exception_and_overwrites_nothing(world: World):
    _, first = await world.post(order(1001), event_id="a")
    status, answer = await world.post(order(1001, total_price="1.00"), event_id="a")
    assert (status, answer["id"]) == (409, first["id"])
    await world.post(order(1001, total_price="1.00"), event_id="a")
    item = await world.ask(lambda: ExceptionItem.objects.get())
    assert (item.error_class, str(item.message_id)) == ("security", first["id"])
    assert list((await world.ask(bodies)).values()) == [body_of(order(1001))]


@pytest.mark.parametrize(
    "body",
    [
        b"this is no JSON",
        b'{"id": 1, "note": "a\\u0000b"}',
        b'{"id": NaN}',
        b'{"id": 1, "note": "\\ud800"}',
        b'{"id": 1, "id": 2}',
        b"\xff\xfe",
        b"",
        b"[1, 2]",
    ],
    ids=["no json", "nul", "nan", "surrogate", "twice", "no utf-8", "empty", "a list"],
)
async def test_what_cannot_be_read_is_kept_raw_and_becomes_an_exception(world: World, body):
    status, _ = await world.post(body)
    assert status == 202
    await world.settle()
    assert list((await world.ask(bodies)).values()) == ([body])
    assert await world.ask(lambda: ExceptionItem.objects.get().error_class) == "unreadable"


async def test_fifty_events_at_once_get_fifty_messages_in_commit_order(world: World):
    answers = await asyncio.gather(*(world.post(order(n)) for n in range(50)))
    stored = await world.ask(messages)
    assert {answer["id"] for _, answer in answers} == {str(message.id) for message in stored}
    assert len({message.position for message in stored}) == 50


async def test_one_row_the_database_refuses_does_not_fail_its_group(world: World):
    """A version that no column takes cannot come from JSON; a future connector could make one."""
    from connectors.engine.intake.arrival import IntakeDown
    from connectors.engine.intake.read import arrival_of

    address = await world.intake._book.find(world.host, f"/in/{world.scope.schema.removeprefix('p_')}-{ADDRESS}")
    good, bad = (arrival_of(address, {"x-shopify-webhook-id": n}, body_of(order(1))) for n in ("a", "b"))
    bad.topic = "nul\0inside"
    group = world.intake._group(address)
    results = await asyncio.gather(group.submit(good), group.submit(bad), return_exceptions=True)
    assert results[0].message_id == good.id
    assert isinstance(results[1], IntakeDown)


async def test_card_numbers_are_masked_before_the_first_write(world: World):
    await world.post(order(1001, note="card 4111 1111 1111 1111 exp 12/29"))
    [kept] = (await world.ask(bodies)).values()
    assert b"4111 1111 1111 1111" not in kept
    assert json.loads(kept)["note"].endswith("exp 12/29")
    await world.settle()
    event = await world.ask(lambda: AuditEvent.objects.get(action="card_data.masked"))
    assert (event.object_text, event.actor_text) == ("shop", "Signalbox intake")


async def test_how_long_the_source_took_is_counted_with_the_message(world: World):
    """By its own time of the event; both of one minute are one row with two durations."""
    for seconds in (2, 90):
        at = datetime.now(UTC) - timedelta(seconds=seconds)
        await world.post(order(1000 + seconds), headers={"x-shopify-triggered-at": at.isoformat()})
    now = datetime.now(UTC)
    [source] = [one for one in await world.ask(latency_by_hop, now - timedelta(minutes=5), now) if one.hop == "source"]
    short, long = (middle_us(number) / 1e6 for number in sorted(source.all))
    assert 1.9 < short < 5
    assert 85 < long < 105


async def test_a_source_that_states_no_time_has_no_delay(world: World):
    await world.post({"id": 1, "title": "a cart"}, "carts/create")
    now = datetime.now(UTC)
    found = await world.ask(latency_by_hop, now - timedelta(minutes=5), now)
    assert [one for one in found if one.hop == "source"] == []


async def test_while_the_database_is_slow_senders_are_told_to_come_again(world: World, monkeypatch: pytest.MonkeyPatch):
    """At once, once it is known; and what was kept waiting is stored once, when it is sent again."""
    monkeypatch.setattr(group, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(group, "STALLED_SECONDS", 0.1)
    async with await AsyncConnection.connect(conninfo()) as other:
        await other.execute(f'SELECT position FROM "{world.scope.schema}".engine_head WHERE id = 1 FOR UPDATE')
        assert (await world.post(order(1001), event_id="one"))[0] == 503
        assert (await world.post(order(1002), event_id="two"))[0] == 503
        assert world.intake._groups[world.scope.schema]._batcher._waiting_weight == 0, "the second was not let in"
    async with asyncio.timeout(5):
        while (status := (await world.post(order(1001), event_id="one"))[0]) == 503:
            await asyncio.sleep(0.02)
    assert (status, (await world.post(order(1002), event_id="two"))[0]) == (200, 202)
    assert len(await world.ask(messages)) == 2


async def test_a_sender_of_too_much_is_told_to_come_again_and_others_are_heard(world: World):
    """Nothing of it is held longer than its requests are."""
    held = world.intake._held = Held(limit=6 * REQUEST_BYTES)
    other = await asyncio.to_thread(connect, world.erp, "fake_search", of="bluebell", address="b" * 32)
    other.intake = world.intake
    async with await AsyncConnection.connect(conninfo()) as blocking:
        await blocking.execute(f'SELECT position FROM "{world.scope.schema}".engine_head WHERE id = 1 FOR UPDATE')
        many = [asyncio.create_task(world.post(order(1000 + number))) for number in range(6)]
        while held.total < 2 * REQUEST_BYTES or not any(task.done() for task in many):
            await asyncio.sleep(0.01)
        heard = asyncio.create_task(other.post(order(2000)))
        await asyncio.sleep(0.05)
    statuses = [status for status, _ in await asyncio.gather(*many)]
    assert set(statuses) == {202, 429}
    assert (await heard)[0] == 202
    assert len(await world.ask(messages)) == statuses.count(202) + 1
    assert held.total == 0
