"""kill -9 of web, worker, PostgreSQL and broker while orders arrive: nothing is lost, nothing is doubled.

One run does it all, every test looks at what it left: the shop's journal, our ledger and the ERP must tell the same.
The seed decides who is killed when and what happens in the shop; the timing is the machine's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from time import monotonic, sleep
from typing import Any

import psycopg
import pytest

from connectors.sandbox.local_http import CallRefused
from connectors.sandbox.shopify.client import ShopControl
from tests.e2e import compare
from tests.e2e.accounts import Accounts, accounts_of
from tests.e2e.demo import NORTHGATE, Demo
from tests.e2e.people import AtTheConsole
from tests.e2e.tills import Tills, contradictions, tills_of

pytestmark = [pytest.mark.e2e]

SEED = 20261123
ROUNDS = 3
VICTIMS = ("web", "worker", "postgres", "broker")
# Those whose death leaves calls to the ERP in the air.
CALLERS = ("worker", "postgres")
FEWEST_ORDERS = 40
PAUSE_SECONDS = 1.8
IN_THE_AIR_SECONDS = 8.0
QUIET_SECONDS = 240.0
POISON = "poison"
# The shop sells it, the ERP does not know it, and no other test teaches it.
UNKNOWN_SKU = "HP-MITT-SNOW-OS"


class Trade(threading.Thread):
    """Sells, changes, gives back and cancels, at a pace the ERP can follow, until told to stop."""

    def __init__(self, shop: ShopControl, rng: Random) -> None:
        super().__init__(daemon=True)
        self._shop, self._rng = shop, rng
        self._enough = threading.Event()
        self.orders: list[int] = []
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            while len(self.orders) < FEWEST_ORDERS or not self._enough.is_set():
                began = monotonic()
                self._one_more(len(self.orders))
                sleep(max(0.0, PAUSE_SECONDS - (monotonic() - began)))
        except Exception as error:  # noqa: BLE001 - raised again by `stop`
            self.error = error

    def stop(self) -> None:
        self._enough.set()
        self.join(FEWEST_ORDERS * PAUSE_SECONDS * 2)
        if self.error:
            raise self.error

    def _one_more(self, number: int) -> None:
        self.orders.append(self._shop.create(**self._trouble(number))["order_id"])
        for act in self._aftermath(number):
            try:
                act()
            except CallRefused as refused:
                # Cancelled, given back or not paid yet: a shop says no to that.
                if refused.status != 409:
                    raise

    def _trouble(self, number: int) -> dict[str, Any]:
        if number % 16 == 7:
            return {"skus": [UNKNOWN_SKU]}
        if number % 8 == 2:
            return {"update_first": True}
        return {"duplicate": number % 5 == 3}

    def _aftermath(self, number: int) -> Iterator[Callable[[], Any]]:
        shop, earlier = self._shop, self.orders[max(0, number - self._rng.randrange(1, 9))]
        if number % 4 == 1:
            yield lambda: shop.edit(earlier)
        if number % 6 == 5:
            yield lambda: shop.refund(earlier)
        if number % 9 == 4:
            yield lambda: shop.cancel(earlier)
        if number % 15 == 10:
            yield lambda: shop.edit(earlier, line=0, quantity=9)


@dataclass
class Run:
    told: Accounts
    tills: Tills
    seconds: float
    quiet_after: float
    kills: list[str] = field(default_factory=list)
    in_the_air: int = 0
    poisoned: int = 0

    def figures(self) -> dict[str, int]:
        return {
            "kills with a call in the air": self.in_the_air,
            "parked for their dead workers and retried": self.poisoned,
            "seconds of trade and kills": round(self.seconds),
            "seconds until all was quiet": round(self.quiet_after),
        }


@pytest.fixture(scope="module")
def run(demo: Demo) -> Iterator[Run]:
    """Trade, kill, wait until all is quiet, take the three accounts. It stays quiet until the last test has looked."""
    demo.pause()
    rng, began = Random(SEED), monotonic()
    trade, made = Trade(demo.shop, Random(SEED + 1)), Run(told=None, tills=None, seconds=0, quiet_after=0)
    trade.start()
    try:
        for names in _killings(rng):
            sleep(rng.uniform(0.5, 2.5))
            made.in_the_air += bool({*names} & {*CALLERS}) and _wait_for_a_call_in_the_air(demo)
            demo.kill_9(*names)
            made.kills += names
            demo.wait_until_healthy()
    finally:
        trade.stop()
    made.seconds = monotonic() - began
    demo.wait_until_quiet(within_seconds=QUIET_SECONDS)
    made.poisoned = _retry_what_was_parked_for_its_dead_workers(demo)
    demo.wait_until_quiet(within_seconds=QUIET_SECONDS)
    made.quiet_after = monotonic() - began - made.seconds
    made.told, made.tills = accounts_of(demo), tills_of(demo)
    yield made
    demo.resume()


def _killings(rng: Random) -> list[tuple[str, ...]]:
    """Each by itself, then in pairs, then all at one moment; each time they are given the time to come back."""
    alone, pairs = rng.sample(VICTIMS, len(VICTIMS)), rng.sample(VICTIMS, len(VICTIMS))
    return [*((name,) for name in alone), tuple(pairs[:2]), tuple(pairs[2:]), VICTIMS]


def _wait_for_a_call_in_the_air(demo: Demo) -> bool:
    """Until a call that changes the ERP was announced and its result is not written, or not for long."""
    deadline = monotonic() + IN_THE_AIR_SECONDS
    while monotonic() < deadline:
        try:
            if demo.count("SELECT count(*) FROM engine_intent WHERE step <> ''"):
                return True
        except psycopg.OperationalError:
            pass  # it has not come back from the last kill
        sleep(0.2)
    return False


def _retry_what_was_parked_for_its_dead_workers(demo: Demo) -> int:
    """What saw two workers die waits for a person by design; the person says: again."""
    parked = demo.rows("SELECT id FROM exceptions_exceptionitem WHERE error_class = %s AND state = 'open'", POISON)
    if parked:
        ada = AtTheConsole(NORTHGATE, demo.port, "ada@northgate.example", demo.password)
        for row in parked:
            status, _ = ada.post(f"/exceptions/{row['id']}/retry/", reason="The machine was at fault")
            assert status == 302
    return len(parked)


def test_the_kills_met_work_in_progress(demo: Demo, run: Run, record_property) -> None:
    """Without calls in the air and posts in vain this run would prove nothing."""
    told, kills = compare.figures(run.told), {name: run.kills.count(name) for name in VICTIMS}
    record_property("figures", {"kills": kills} | run.figures() | told)
    assert {name: demo.killed(name) for name in VICTIMS} == kills == dict.fromkeys(VICTIMS, ROUNDS)
    assert run.in_the_air > 0
    assert told["attempts"]["interrupted"] > 0
    assert told["posts without an answer"] + told["posts answered 503"] > 0
    assert told["orders in the shop"] >= FEWEST_ORDERS


def test_every_acknowledged_webhook_is_exactly_one_message(run: Run) -> None:
    assert compare.lost_or_doubled_events(run.told) == []


def test_the_shop_was_told_to_come_again_and_never_that_something_broke(run: Run) -> None:
    assert compare.wrong_answers(run.told) == []


def test_every_message_is_delivered_or_waits_for_a_stated_reason(run: Run) -> None:
    assert compare.unaccounted_messages(run.told) == []


def test_a_person_is_asked_about_what_the_shop_did_and_about_nothing_else(run: Run) -> None:
    assert compare.unexplained_exceptions(run.told) == []


def test_what_belongs_to_one_order_arrived_in_order(run: Run) -> None:
    assert compare.orders_out_of_order(run.told) == []


def test_every_delivered_order_is_one_sale_and_every_refund_one_return(run: Run) -> None:
    assert compare.wrong_documents(run.told) == []


def test_the_erp_lacks_exactly_the_orders_that_wait_for_a_person(run: Run) -> None:
    lacking, waiting = compare.missing_orders(run.told)
    assert lacking == waiting
    assert lacking, "the shop sold something that the ERP does not know"


def test_every_receipt_of_a_whole_file_is_one_message_and_one_sale(run: Run) -> None:
    assert run.tills.receipts
    assert contradictions(run.tills) == []


def test_nothing_is_left_in_the_air(demo: Demo, run: Run) -> None:
    assert demo.rows("SELECT step, at FROM engine_intent") == []
    assert demo.rows("SELECT id FROM engine_lane WHERE holder IS NOT NULL") == []


def test_the_rollups_count_what_the_ledger_holds(demo: Demo, run: Run) -> None:
    assert demo.rows(
        "SELECT kind, outcome, sum(count)::bigint AS n FROM rollups_minute"
        " WHERE kind IN ('received', 'repeated', 'attempt') GROUP BY 1, 2 ORDER BY 1, 2"
    ) == demo.rows(
        "SELECT 'received' AS kind, '' AS outcome, count(*) AS n FROM ledger_message UNION ALL"
        " SELECT 'repeated', '', count(*) FROM ledger_repeat UNION ALL"
        " SELECT 'attempt', outcome, count(*) FROM ledger_attempt GROUP BY outcome ORDER BY 1, 2"
    )


def test_the_other_partner_saw_none_of_it(demo: Demo, run: Run) -> None:
    with demo.database() as connection:
        query = "SELECT schema_name FROM public.partners_partner WHERE key = 'tidewater'"
        schema = connection.execute(query).fetchone()["schema_name"]
        found = connection.execute(f'SELECT count(*) AS n FROM "{schema}".ledger_message').fetchone()
    assert found["n"] == 0
