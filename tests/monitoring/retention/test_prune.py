"""Months whose time is over go under load; what is held or not finished stays; the equation holds throughout."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from django.conf import settings

from governance.audit.models import AuditEvent
from monitoring.exceptions.models import ExceptionItem
from monitoring.ledger import payloads
from monitoring.ledger.models import Attempt, Delivery, Message, Step
from monitoring.retention import drop
from monitoring.retention.due import months
from monitoring.retention.holds import place_hold, release_holds
from monitoring.retention.session import Busy, NotTheOwner, owner_session
from monitoring.rollups.equation import Equation, equation
from monitoring.rollups.folding import fold_all
from tenants.ids import uuid7
from tests.monitoring.retention.conftest import BY, LONG_AGO, NOW, House, as_owner
from tests.paths import ROOT
from tests.support.ledger_rows import add
from tests.support.rollup_rows import count_ledger
from tests.support.waiting import eventually

FINISHED = (
    "delivered",
    "confirmed",
    "resolved",
    "ignored",
    "filtered",
    "deduplicated",
    "older",
    "superseded",
    "repeated",
)
UNFINISHED = ("exception", "waiting", "retrying", "unreadable")
MONTH = f"{LONG_AGO:%Y-%m}"
TABLES = 7
WRITE = "INSERT INTO ledger_fact (message_id, retailer_id, object_type, number) VALUES (%s, 1, 'order', '')"


def past(house: House, *outcomes: str, shop: Any = None) -> dict[str, Message]:
    """Messages of a month that is over its time, counted as the engine counts."""
    made = {
        outcome: add(shop or house.pine, outcome=outcome, at=LONG_AGO + timedelta(minutes=n), seed=n)
        for n, outcome in enumerate(outcomes)
    }
    count_ledger()
    fold_all()
    return made


def month_equation() -> Equation:
    return equation(LONG_AGO - timedelta(days=1), LONG_AGO + timedelta(days=1))


def test_a_month_goes_with_all_of_its_tables_and_the_equation_stays(house: House):
    past(house, *FINISHED)
    before = month_equation()
    assert house.prune()[f"records of {MONTH}"] == "dropped"
    assert (house.tables(), month_equation()) == (set(), before)
    assert before.holds and before.received == len(FINISHED) + 1


def test_the_equation_of_a_dropped_month_is_as_fine_and_as_closed_as_before(house: House):
    past(house, *FINISHED)
    first = (LONG_AGO, LONG_AGO + timedelta(minutes=3))
    before = equation(*first, retailers=[house.pine.retailer.pk])
    house.prune()
    assert equation(*first, retailers=[house.pine.retailer.pk]) == before
    assert equation(*first, retailers=[house.bluebell.retailer.pk]).received == 0


def test_each_dropped_table_is_an_act_with_rows_and_digest(house: House):
    past(house, *FINISHED)
    house.prune()
    acts = AuditEvent.objects.filter(action="partition.dropped", object_id__endswith=f"{LONG_AGO:%Y%m}")
    message = acts.get(object_id=f"ledger_message_{LONG_AGO:%Y%m}")
    assert acts.count() == TABLES
    assert f'"rows": {len(FINISHED)}' in message.after and '"digest": "' in message.after


def test_young_months_stay(house: House):
    message = add(house.pine, outcome="delivered", at=NOW - timedelta(days=1))
    house.prune()
    assert Message.objects.filter(pk=message.pk).exists() and payloads.read([message.pk])


def test_bodies_go_before_the_records(house: House):
    at = NOW - timedelta(days=56)
    message = add(house.pine, outcome="delivered", at=at)
    house.prune()
    assert Message.objects.filter(pk=message.pk).exists()
    assert payloads.read([message.pk]) == {}


def test_what_is_not_finished_stays_with_all_that_belongs_to_it(house: House):
    made = past(house, *FINISHED, *UNFINISHED)
    before = month_equation()
    house.prune()
    kept = {made[outcome].pk for outcome in UNFINISHED}
    assert (
        set(Message.objects.values_list("pk", flat=True)) == kept == set(payloads.read([m.pk for m in made.values()]))
    )
    assert set(Delivery.objects.values_list("message_id", flat=True)) < kept
    steps = Step.objects.filter(attempt_id__in=Attempt.objects.values("pk"))
    assert Step.objects.count() == steps.count() > 0
    assert len(payloads.read(steps.values_list("request_id", flat=True))) == steps.count()
    assert month_equation() == before and before.holds


def test_what_was_kept_goes_when_it_is_finished(house: House):
    past(house, "delivered", "exception")
    house.prune()
    ExceptionItem.objects.update(state="resolved")
    Delivery.objects.update(state="closed")
    assert house.prune(NOW + timedelta(days=1))[f"records of {MONTH}"] == "dropped"
    assert month_equation().holds and month_equation().terms["closed"] == 1


def test_a_held_retailer_keeps_everything_and_others_do_not(house: House):
    pine = past(house, *FINISHED)
    bell = add(house.bluebell, outcome="delivered", at=LONG_AGO)
    place_hold(house.pine.retailer, until=None, by=BY, reason="a claim in court", at=NOW)
    house.prune()
    assert set(Message.objects.values_list("pk", flat=True)) == {message.pk for message in pine.values()}
    assert payloads.read([bell.pk, pine["delivered"].pk]).keys() == {pine["delivered"].pk}
    assert release_holds(house.pine.retailer, by=BY, reason="settled", at=NOW) == 1
    house.prune(NOW + timedelta(days=1))
    assert house.tables() == set()


def test_a_hold_whose_last_day_has_passed_holds_nothing(house: House):
    past(house, "delivered")
    place_hold(house.pine.retailer, until=date(2020, 1, 1), by=BY, reason="long ago", at=NOW)
    house.prune()
    assert house.tables() == set()


def test_a_hold_placed_while_a_month_is_on_its_way_out_brings_it_back(house: House):
    message = past(house, *FINISHED)["delivered"]
    before = month_equation()
    with as_owner(), owner_session() as owner:
        month = next(m for m in months(owner.cursor()) if str(m) == f"records of {MONTH}")
        assert drop.begin(owner, month, at=NOW)
        drop.detach(owner, month)
    assert month_equation() == before and not Message.objects.filter(pk=message.pk).exists()
    place_hold(house.pine.retailer, until=None, by=BY, reason="just in time", at=NOW)
    assert house.prune()[f"records of {MONTH}"].startswith("came back")
    assert month_equation() == before and Message.objects.filter(pk=message.pk).exists()
    with house.session(autocommit=True) as client, pytest.raises(psycopg.errors.InsufficientPrivilege):
        client.execute(f"SELECT * FROM ledger_message_{LONG_AGO:%Y%m}")


def test_a_report_that_stays_open_stops_nobody_and_sees_all_it_saw(house: House):
    past(house, *FINISHED)
    with house.session() as report, house.session(autocommit=True) as writer:
        report.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        seen = report.execute("SELECT count(*) FROM ledger_message").fetchone()
        text = house.prune()[f"records of {MONTH}"]
        assert text.startswith("waits for a transaction")
        writer.execute(WRITE, [uuid7()])  # gives up after half a second
        assert writer.execute("SELECT count(*) FROM ledger_message").fetchone()[0] == 0
        assert report.execute("SELECT count(*) FROM ledger_message").fetchone() == seen
        assert month_equation().holds
        report.rollback()
        assert house.prune()[f"records of {MONTH}"] == "dropped"


def test_no_writer_waits_while_months_are_made_and_dropped(house: House):
    """Each statement of the writers gives up after half a second of waiting for a lock."""
    past(house, *FINISHED)
    code = f"""
import psycopg, sys, uuid
url, path = sys.argv[1:]
client = psycopg.connect(url, autocommit=True)
client.execute("SELECT set_config('search_path', %s, false), set_config('app.retailers', '*', false)", [path])
client.execute("SET lock_timeout = '500ms'")
print("ready", flush=True)
n = 0
while not client.execute("SELECT pg_try_advisory_lock_shared(77)").fetchone()[0] or n < 50:
    with client.transaction():
        client.execute({WRITE!r}, [uuid.UUID(int=({int(NOW.timestamp() * 1000)} << 80) + uuid.uuid4().int % 2**70)])
        client.execute("UPDATE ledger_delivery SET attempts = attempts WHERE message_id = %s", [uuid.uuid4()])
        client.execute("SELECT count(*) FROM ledger_message")
    n += 1
print(n)
"""
    url = house.cluster.app_url(settings.DATABASES["default"]["NAME"])
    with house.session("postgres", autocommit=True) as gate:
        gate.execute("SELECT pg_advisory_lock(77)")
        argv = [sys.executable, "-c", code, url, house.scope.search_path]
        writers = [subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
        assert all(writer.stdout.readline() == "ready\n" for writer in writers)
        with house.session(autocommit=True) as beat:
            beat.execute("SELECT ledger_ensure_partitions(%s, 2)", [NOW + timedelta(days=400)])
        for n in range(5):
            if house.tables():
                house.prune(NOW + timedelta(seconds=n))
        gate.execute("SELECT pg_advisory_unlock(77)")
        results = [writer.communicate(timeout=30) for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0], results
    assert house.tables() == set()


def test_a_pass_killed_while_it_waits_is_finished_by_the_next(house: House):
    past(house, *FINISHED)
    before = month_equation()
    with house.session() as report:
        report.execute("SELECT count(*) FROM ledger_message, ledger_payload")
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "manage.py", "retention"], cwd=ROOT, env=environ(house)
        )
        with house.session("postgres", autocommit=True) as watch:
            pending = "SELECT count(*) FROM pg_inherits WHERE inhdetachpending"
            eventually(lambda: watch.execute(pending).fetchone()[0], within_seconds=40)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    assert month_equation() == before
    house.prune()
    assert (house.tables(), month_equation()) == (set(), before)


@pytest.mark.parametrize("detached", [0, 3])
def test_a_pass_killed_between_two_steps_is_finished_by_the_next(house: House, detached: int):
    past(house, *FINISHED)
    before = month_equation()
    with as_owner(), owner_session() as owner:
        month = next(m for m in months(owner.cursor()) if str(m) == f"records of {MONTH}")
        drop.begin(owner, month, at=NOW)
        for part in list(month.parts.values())[:detached]:
            owner.execute(f"ALTER TABLE {part.parent} DETACH PARTITION {part.name} CONCURRENTLY")
    assert month_equation() == before
    house.prune()
    assert (house.tables(), month_equation()) == (set(), before)


def test_two_passes_do_not_meet(house: House):
    with as_owner(), owner_session(), pytest.raises(Busy):
        house.outcomes()


def test_the_app_role_cannot_prune(house: House):
    with pytest.raises(NotTheOwner):
        house.outcomes()
    with house.session(autocommit=True) as client, pytest.raises(psycopg.errors.InsufficientPrivilege):
        client.execute(f"DROP TABLE ledger_message_{NOW:%Y%m}")


def environ(house: House) -> dict[str, str]:
    name = settings.DATABASES["default"]["NAME"]
    return os.environ | {
        "DATABASE_URL": house.cluster.owner_url(name),
        "APP_DATABASE_URL": house.cluster.app_url(name),
        "DJANGO_SETTINGS_MODULE": "console.settings.test",
        "SIGNALBOX_ROLE": "owner",
    }
