"""Months are made ahead while everybody writes."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from tests.monitoring.retention.conftest import NOW, House

AHEAD = NOW + timedelta(days=500)
TABLES = 7
WRITE = """
INSERT INTO ledger_fact (message_id, retailer_id, object_type, number)
SELECT ledger_first_id(%s + n * interval '1 ms'), 1, 'order', '' FROM generate_series(1, 10) n
"""


def test_a_month_is_made_while_a_writer_and_a_report_are_under_way(house: House):
    with house.session() as writer, house.session() as report, house.session(autocommit=True) as beat:
        writer.execute(WRITE, [NOW])
        report.execute("SELECT count(*) FROM ledger_message, ledger_payload, ledger_delivery")
        assert beat.execute("SELECT ledger_ensure_partitions(%s, 1)", [AHEAD]).fetchone()[0] == TABLES


def test_nobody_waits_for_who_makes_a_month(house: House):
    with house.session() as beat, house.session() as writer:
        beat.execute("SELECT ledger_ensure_partitions(%s, 1)", [AHEAD])
        writer.execute(WRITE, [NOW])  # gives up after half a second
        assert writer.execute("SELECT count(*) FROM ledger_fact").fetchone()[0] >= 10


def test_a_maker_who_must_wait_gives_up_and_the_next_one_makes_it(house: House):
    with house.session("signalbox_owner") as other, house.session(autocommit=True) as beat:
        other.execute("LOCK TABLE ledger_step IN SHARE UPDATE EXCLUSIVE MODE")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            beat.execute("SELECT ledger_ensure_partitions(%s, 1)", [AHEAD])
        other.rollback()
        assert beat.execute("SELECT ledger_ensure_partitions(%s, 1)", [AHEAD]).fetchone()[0] == TABLES


def test_a_month_takes_rows_by_its_parent_and_is_closed_by_its_own_name(house: House):
    with house.session(autocommit=True) as client:
        client.execute("SELECT ledger_ensure_partitions(%s, 1)", [AHEAD])
        client.execute(WRITE, [AHEAD])
        client.execute("SELECT set_config('app.retailers', '2', false)")
        assert client.execute("SELECT count(*) FROM ledger_fact").fetchone()[0] == 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            client.execute(f"SELECT * FROM ledger_fact_{AHEAD:%Y%m}")


def test_a_made_month_is_like_the_others(house: House):
    with house.session(autocommit=True) as client:
        client.execute("SELECT ledger_ensure_partitions(%s, 1)", [AHEAD])
        shape = """SELECT string_agg(regexp_replace(replace(indexdef, %s, ''), 'INDEX \\S+', ''), ';' ORDER BY indexdef)
            FROM pg_indexes WHERE tablename = %s AND schemaname = current_schema()"""
        made, known = (
            client.execute(shape, [month, f"ledger_delivery_{month}"]).fetchone()[0]
            for month in (f"{AHEAD:%Y%m}", f"{NOW:%Y%m}")
        )
        assert made is not None and made == known
