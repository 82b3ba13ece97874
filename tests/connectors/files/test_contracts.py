"""What should have come and did not, or came wrong, is an exception before anyone notices."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import asyncssh
import pytest

from connectors.engine.files.models import DropFile, DropWatch, ExpectedFile
from connectors.engine.files.sweep import PATIENCE, UNFINISHED
from governance.registry.models import RetailConnection
from monitoring.exceptions.models import ExceptionItem
from tenants.retailers.models import Retailer
from tests.connectors.files.conftest import HEADER, NAME, ROWS, WHOLE, Drop


async def _contract(drop: Drop, stores: str = "S1, S2") -> str:
    """Yesterday's files are due in ten minutes. Returns yesterday."""
    retailer = await drop.world.ask(lambda: Retailer.objects.get(pk=drop.connection.retailer_id))
    due = drop.now.astimezone(ZoneInfo(retailer.timezone)) + timedelta(minutes=10)
    await drop.configure(stores=stores, due_by=f"{due:%H:%M}")
    await drop.world.ask(
        lambda: RetailConnection.objects.filter(pk=drop.connection.pk).update(created_at=drop.now - timedelta(hours=1))
    )
    return (due - timedelta(days=1)).date().isoformat()


async def _open(drop: Drop) -> list[ExceptionItem]:
    await drop.world.settle()
    return [item for item in await drop.rows(ExceptionItem) if item.state == "open"]


async def test_a_file_that_does_not_come_in_time_is_an_exception(drop: Drop):
    day = await _contract(drop)
    drop.put(WHOLE, f"sales_S1_{day}.csv")
    await drop.look(2)
    assert await _open(drop) == []
    await drop.look(later=timedelta(minutes=10))
    await drop.look(2)
    (item,) = await _open(drop)
    assert item.error_class == "missing_file"
    assert item.title == f"The sales file of store S2 for {day} has not come."
    states = {row.store_key: row.state for row in await drop.rows(ExpectedFile, day=day)}
    assert states == {"S1": "arrived", "S2": "missing"}


async def test_a_file_that_comes_late_closes_its_exception(drop: Drop):
    day = await _contract(drop, "S1")
    await drop.look()
    await drop.look(later=timedelta(minutes=11))
    (item,) = await _open(drop)
    drop.put(WHOLE, f"sales_S1_{day}.csv")
    await drop.look(2)
    assert await _open(drop) == []
    (row,) = await drop.rows(ExpectedFile, day=day)
    assert (row.state, row.message_id) == ("late", item.message_id)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (HEADER + ROWS + "TRAILER,rows=3,total=73.00\n", "The trailer states a total of 73.00, the rows make 74.00."),
        (HEADER + ROWS + "TRAILER,rows=4,total=74.00\n", "The trailer states 4 rows, the file has 3."),
        (HEADER + ROWS, "The file has no trailer: it may have been cut short."),
        (WHOLE.replace("48.00", "48,00"), "Line 4 has 11 columns, the first line names 10."),
        (WHOLE.replace("R-2,1,2026-11-22T10:05", "R-2,1,2026-13-22T10:05"), "Line 4, sold_at"),
    ],
    ids=["total", "short", "no trailer", "decimal comma", "no time"],
)
async def test_a_wrong_file_is_refused_as_a_whole_and_an_exception(drop: Drop, text: str, reason: str):
    drop.put(text)
    await drop.look(2)
    await drop.look(later=UNFINISHED)
    (item,) = await _open(drop)
    assert item.error_class == "wrong_file"
    assert reason in item.title
    assert await drop.messages() == []
    (file,) = await drop.rows(DropFile)
    assert (file.state, file.message_id) == ("refused", item.message_id)


async def test_the_right_file_closes_the_wrong_ones_exception(drop: Drop):
    day = await _contract(drop, "S1")
    name = f"sales_S1_{day}.csv"
    drop.put(HEADER + ROWS + "TRAILER,rows=3,total=73.00\n", name)
    await drop.look(2)
    assert len(await _open(drop)) == 1
    assert [row.state for row in await drop.rows(ExpectedFile, day=day)] == ["wrong"]
    drop.put(WHOLE, name)
    await drop.look(2)
    assert await _open(drop) == []
    assert [row.state for row in await drop.rows(ExpectedFile, day=day)] == ["arrived"]


async def test_a_wrong_file_is_told_of_once(drop: Drop):
    drop.put(HEADER + ROWS)
    await drop.look(4, later=UNFINISHED)
    assert len(await drop.messages("file/refused")) == 1


async def test_a_server_that_is_gone_is_told_of_when_it_stays_away_and_closed_when_it_answers(drop: Drop):
    await drop.server.stop()
    await drop.look()
    assert await _open(drop) == []
    (watch,) = await drop.rows(DropWatch)
    assert "cannot be reached" in watch.problem
    await drop.look(later=PATIENCE)
    await drop.look(2)
    (item,) = await _open(drop)
    assert item.error_class == "source_unreachable"
    await drop.server.start()
    drop.put(WHOLE)
    await drop.look(2)
    assert await _open(drop) == []
    assert len(await drop.messages()) == 2


async def test_a_file_can_be_missing_while_its_server_is_gone(drop: Drop):
    await _contract(drop, "S1")
    await drop.server.stop()
    await drop.look()
    await drop.look(later=timedelta(minutes=11))
    assert "missing_file" in {item.error_class for item in await _open(drop)}


async def test_another_host_key_is_refused_at_once_and_nothing_is_sent_to_it(drop: Drop):
    drop.put(WHOLE)
    await drop.server.stop()
    drop.server.key = asyncssh.generate_private_key("ssh-ed25519")
    await drop.server.start()
    await drop.look(3)
    (item,) = await _open(drop)
    assert item.error_class == "security"
    assert await drop.messages() == []
    assert len(await drop.messages("drop/host-key")) == 1


async def test_a_server_that_nobody_listed_is_not_called(drop: Drop):
    drop.put(WHOLE)
    await drop.configure(address=drop.server.url.replace("127.0.0.1", "localhost"))
    await drop.look(2)
    (watch,) = await drop.rows(DropWatch)
    assert "not on the allow-list" in watch.problem
    assert await drop.messages() == []


async def test_a_folder_of_this_machine_is_read_below_the_drops_only(drop: Drop, settings, tmp_path):
    settings.DROPS_DIR = str(tmp_path / "drops")
    folder = tmp_path / "drops" / drop.world.scope.schema / "tills"
    folder.mkdir(parents=True)
    (folder / NAME).write_text(WHOLE)
    await drop.configure(address="folder:../tills")
    await drop.look(2)
    assert await drop.messages() == []
    await drop.configure(address="folder:tills")
    await drop.look(2)
    assert len(await drop.messages()) == 2
