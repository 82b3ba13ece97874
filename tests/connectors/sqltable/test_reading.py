"""A retailer's table is read on: each version of a row once, whatever breaks, and never written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from connectors.engine.polling import take as taking
from connectors.engine.polling.call import PollCall
from connectors.library.sqltable import client
from connectors.library.sqltable.probes import probe
from connectors.sdk.errors import ConnectorError, CredentialRejected, Misconfigured, Unavailable
from governance.egress import database
from governance.egress.addresses import AllowList
from monitoring.ledger import payloads
from monitoring.ledger.models import Delivery, Message
from tests.connectors.sqltable.conftest import PASSWORD, READER, Table


class Killed(BaseException):
    """In the place of kill -9: nothing catches it."""


@pytest.fixture
def pages_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PAGE", 2)


async def test_rows_become_orders_in_the_target_and_a_second_look_brings_nothing(table: Table):
    for number in (1, 2, 3):
        table.sell(number)
    assert (await table.poll()).accepted == 3
    await table.world.settle()
    assert await table.world.ask(lambda: Delivery.objects.filter(state="delivered").count()) == 3
    assert (await table.poll()).accepted == 0


async def test_a_row_is_taken_once_a_version(table: Table):
    table.sell(1)
    await table.poll()
    table.sell(1, ago=timedelta(minutes=50), total="12.00")
    assert (await table.poll()).accepted == 1
    assert (await table.poll()).accepted == 0
    assert await table.taken() == ["1", "1"]


async def test_columns_nobody_asked_for_are_not_read(table: Table):
    table.sell(1)
    await table.poll()
    body = await table.world.ask(lambda: payloads.read([Message.objects.get(topic="sale/changed").pk]))
    (text,) = body.values()
    assert b"HP-BAG-NVY-S" in text
    assert b"ann@example.com" not in text


async def test_all_pages_of_rows_of_the_same_moment_are_read(table: Table, pages_of_two: None):
    for number in range(1, 8):
        table.sell(number)
    table.admin.execute("UPDATE pos.sale SET changed = date_trunc('hour', changed)")
    done = await table.poll()
    assert (done.pages, done.accepted) == (4, 7)


async def test_a_database_that_goes_in_the_middle_is_read_on_from_the_page_that_failed(
    table: Table, pages_of_two: None, monkeypatch
):
    for number in range(1, 6):
        table.sell(number)
    ask, asked = client.rows_after, []

    async def gone_on_the_second(call: PollCall, *args, **kwargs):
        asked.append(args)
        if len(asked) == 2:
            await call.rows(table.url, database.sql.SQL("SELECT pg_terminate_backend(pg_backend_pid())"), [])
        return await ask(call, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(client, "rows_after", gone_on_the_second)
        done = await table.poll()
    cursor = await table.cursor()
    assert (done.accepted, done.failed, cursor.error_class) == (2, 1, "transport")
    assert (await table.poll()).accepted == 3
    assert await table.taken() == ["1", "2", "3", "4", "5"]


async def test_a_row_stream_cut_halfway_gives_no_half_a_page(table: Table):
    """The first rows came and then the server fell: an error, not a short page."""
    halfway = "SELECT CASE WHEN i < 500 THEN repeat('x', 100) ELSE pg_terminate_backend(pg_backend_pid())::text END"
    statement = database.sql.SQL(halfway + " FROM generate_series(1, 1000) AS i")
    with pytest.raises(Unavailable):
        await _call(table).rows(table.url, statement, [])


@pytest.mark.parametrize("before", [True, False], ids=["before the cursor is saved", "after, before the commit"])
async def test_killed_between_accept_and_cursor_nothing_is_lost_or_doubled(table: Table, monkeypatch, before: bool):
    for number in (1, 2, 3):
        table.sell(number)
    advance = taking.advance

    async def killed(*args):
        if not before:
            await advance(*args)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(taking, "advance", killed)
        with pytest.raises(Killed):
            await table.poll()
    assert (await table.taken(), (await table.cursor()).state) == ([], {})
    assert (await table.poll()).accepted == 3
    assert await table.taken() == ["1", "2", "3"]


async def test_what_commits_late_is_within_the_overlap(table: Table, committed):
    """Its time is older than that of a row which was read before it showed."""
    with psycopg.connect(committed.url("retail_of_harbour_pine")) as slow:
        table.sell(1, ago=timedelta(minutes=12), by=slow)
        table.sell(2, ago=timedelta(minutes=10))
        assert (await table.poll()).accepted == 1
        slow.commit()
    assert (await table.poll()).accepted == 1
    assert await table.taken() == ["2", "1"]


async def test_a_row_dated_into_the_future_hides_nothing_that_comes_after(table: Table):
    table.sell(1, ago=-timedelta(days=400))
    assert (await table.poll()).accepted == 1
    seen = datetime.fromisoformat((await table.cursor()).state["seen"])
    assert seen <= datetime.now(UTC) + timedelta(seconds=5)
    table.sell(2, ago=timedelta(minutes=1))
    assert (await table.poll()).accepted == 1
    assert (await table.poll()).accepted == 0


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"columns": "sale_nr=id,changed=updated_at"}, 'pos"."sale" has no column sale_nr'),
        ({"columns": "sale_no=id,changed=updated_at,total=sum"}, "there is no sum"),
        ({"columns": "sale_no=id,lines=updated_at,changed=lines"}, "is no timestamp"),
        ({"table": "pos.sales"}, "no table or view"),
        ({"table": "a.b.c"}, "schema.name"),
        ({"table": 'pos.sale"; DROP SCHEMA pos CASCADE; --'}, "no table or view"),
    ],
)
async def test_settings_that_cannot_work_are_told_by_name_and_nothing_is_read(table: Table, config, said: str):
    table.sell(1)
    await table.configure(**config)
    assert (await table.poll()).failed == 1
    cursor = await table.cursor()
    assert said in cursor.error
    assert cursor.error_class == Misconfigured.error_class
    assert table.admin.execute("SELECT count(*) FROM pos.sale").fetchone() == (1,)


async def test_an_id_of_two_rows_is_refused_before_one_of_them_is_skipped(table: Table):
    table.sell(1)
    table.admin.execute("CREATE VIEW pos.twice AS SELECT * FROM pos.sale UNION ALL SELECT * FROM pos.sale")
    table.admin.execute(f"GRANT SELECT ON pos.twice TO {READER}")
    await table.configure(table="pos.twice")
    assert (await table.poll()).accepted == 0
    assert "must name one row only" in (await table.cursor()).error


async def test_a_view_that_writes_is_refused_by_the_database(table: Table):
    """The login may write here: that nothing is written is the session's doing."""
    table.sell(1)
    table.admin.execute(
        "CREATE TABLE pos.log (n int); GRANT ALL ON pos.log, pos.sale TO " + READER + ";"
        "CREATE FUNCTION pos.note(t numeric) RETURNS numeric LANGUAGE plpgsql AS "
        "$$ BEGIN INSERT INTO pos.log VALUES (1); RETURN t; END $$;"
        "CREATE VIEW pos.noted AS SELECT sale_no, changed, currency, pos.note(total) AS total, lines FROM pos.sale;"
        f"GRANT SELECT ON pos.noted TO {READER}"
    )
    await table.configure(table="pos.noted")
    assert (await table.poll()).accepted == 0
    assert "We only read" in (await table.cursor()).error
    assert table.admin.execute("SELECT count(*) FROM pos.log").fetchone() == (0,)


@pytest.mark.parametrize("write", ["DELETE FROM pos.sale", "UPDATE pos.sale SET total = 0", "DROP TABLE pos.sale"])
async def test_a_write_is_refused_even_where_the_login_may(table: Table, write: str):
    table.sell(1)
    table.admin.execute(f"GRANT ALL ON pos.sale TO {READER}; ALTER TABLE pos.sale OWNER TO {READER}")
    with pytest.raises(Misconfigured):
        await _call(table).rows(table.url, database.sql.SQL(write), [])
    assert table.admin.execute("SELECT count(*) FROM pos.sale").fetchone() == (1,)


async def test_a_slow_statement_is_ended_by_the_server(table: Table, monkeypatch):
    monkeypatch.setattr(database, "_SETTINGS", database._SETTINGS.replace("'20s'", "'200ms'"))
    with pytest.raises(Unavailable, match="did not answer"):
        await _call(table).rows(table.url, database.sql.SQL("SELECT pg_sleep(10)"), [])


async def test_one_reading_holds_no_more_than_its_bound(table: Table, monkeypatch):
    monkeypatch.setattr(database, "READ_BYTES", 10_000)
    statement = database.sql.SQL("SELECT repeat('x', 1000) FROM generate_series(1, 100000)")
    rows, whole = await _call(table).rows(table.url, statement, [])
    assert (len(rows), whole) == (11, False)


async def test_a_page_cut_by_its_bound_goes_on_behind_it(table: Table, monkeypatch):
    monkeypatch.setattr(database, "READ_BYTES", 300)
    for number in range(1, 8):
        table.sell(number)
    assert (await table.poll()).accepted == 7
    assert await table.taken() == [str(number) for number in range(1, 8)]


async def test_a_refused_login_says_whose_turn_it_is_and_keeps_its_secret(table: Table):
    with pytest.raises(CredentialRejected) as caught:
        await _call(table, password="wrong-one").rows(table.url, database.sql.SQL("SELECT 1"), [])
    assert "wrong-one" not in repr(caught.value) + str(caught.value.__cause__)


@pytest.mark.parametrize("url", ["postgresql://169.254.169.254/x", "postgresql://127.0.0.1:1/x", "https://127.0.0.1/x"])
async def test_only_listed_databases_are_called(table: Table, url: str):
    with pytest.raises(Misconfigured, match="may not be called"):
        await _call(table).rows(url, database.sql.SQL("SELECT 1"), [])


async def test_a_listed_metadata_address_stays_out_of_reach(table: Table):
    listed = AllowList(frozenset({("169.254.169.254", 5432, "postgresql")}))
    with pytest.raises(Misconfigured, match="may not be called"):
        await _call(table, allow=listed).rows("postgresql://169.254.169.254/x", database.sql.SQL("SELECT 1"), [])


async def test_without_a_trusted_certificate_nothing_is_sent(table: Table):
    with pytest.raises(ConnectorError, match="cannot be reached"):
        await _call(table, tls="").rows(table.url, database.sql.SQL("SELECT 1"), [])


async def test_the_probe_tells_a_login_that_may_write(table: Table):
    assert [check.ok for check in await probe(_call(table))] == [True, True]
    table.admin.execute(f"GRANT UPDATE ON pos.sale TO {READER}")
    assert [check.ok for check in await probe(_call(table))] == [True, False]


def _call(table: Table, *, password: str = PASSWORD, tls: str = "off", allow: AllowList | None = None) -> PollCall:
    columns = "sale_no=id,changed=updated_at"
    config = {"address": table.url, "username": READER, "tls": tls, "table": "pos.sale", "columns": columns}
    port = int(table.url.rpartition(":")[2].partition("/")[0])
    listed = allow or AllowList(frozenset({("127.0.0.1", port, "postgresql")}))
    return PollCall(config, {"password": password}, egress=None, allow=listed)
