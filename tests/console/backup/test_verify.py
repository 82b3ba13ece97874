"""A restore is judged by these checks, so each must notice what it is for."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from console.backup.verify import ledger_checks, secrets_check
from tests.support.orders import order

EVENTS, BODIES, DELIVERIES = "every acknowledged", "every message", "every delivery"
DAMAGE = {
    "DELETE FROM ledger_message WHERE position = 1": EVENTS,
    "DELETE FROM ledger_eventkey WHERE message_id = (SELECT id FROM ledger_message WHERE position = 2)": EVENTS,
    "DELETE FROM ledger_message": EVENTS,
    "DELETE FROM ledger_payload WHERE id = (SELECT id FROM ledger_message WHERE position = 2)": BODIES,
    "UPDATE ledger_delivery SET state = 'waiting'": DELIVERIES,
    "DELETE FROM ledger_delivery": DELIVERIES,
    "UPDATE rollups_minute SET count = count + 1 WHERE kind = 'received'": "received =",
    "UPDATE rollups_minute SET count = count + 1 WHERE kind = 'attempt'": "attempts:",
}


def broken(statement: str = "") -> set[str]:
    with connection.cursor() as cursor:
        if statement:
            cursor.execute(statement)
            assert cursor.rowcount > 0
    return {check.sentence for check in ledger_checks() if not check.holds}


@pytest.fixture
async def traded(world):
    for n in range(3):
        assert (await world.post(order(5_000 + n), event_id=f"event-{n}"))[0] == 202
    assert (await world.post(order(5_000), event_id="event-0"))[0] == 200
    await world.settle()
    return world


async def test_a_ledger_that_traffic_made_holds_every_check(traded):
    assert await traded.ask(broken) == set()


@pytest.mark.parametrize(("statement", "sentence"), DAMAGE.items())
async def test_damage_is_noticed(traded, statement, sentence):
    assert any(found.startswith(sentence) for found in await traded.ask(broken, statement))


# What a pass leaves of a month in which something is held.
PRUNED = """
INSERT INTO retention_period (kind, month, low, high, state, changed_at)
VALUES (%s, date_trunc('month', now()), gen_random_uuid(), gen_random_uuid(), 'kept', now())
"""


def broken_after(kind: str, statement: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(PRUNED, [kind])
    return broken(statement)


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        ("payload", "DELETE FROM ledger_payload WHERE id = (SELECT id FROM ledger_message WHERE position = 2)"),
        ("records", "UPDATE rollups_minute SET count = count + 1 WHERE kind = 'attempt'"),
    ],
)
async def test_what_retention_took_a_part_of_is_no_damage(traded, kind, statement):
    assert await traded.ask(broken_after, kind, statement) == set()


async def test_secrets_open_with_their_keys_and_with_no_others(traded, tmp_path: Path):
    assert await traded.ask(secrets_check, settings.KEYS_DIR) == (1, 1)
    assert await traded.ask(secrets_check, tmp_path) == (1, 0)
