"""A file is taken once, whole, whatever its name, and each receipt of it becomes one message."""

from __future__ import annotations

import pytest

from connectors.engine.files import sweep
from connectors.engine.files.models import DropFile, Sighting
from monitoring.ledger.models import BusinessKey, Delivery, Repeat
from tests.connectors.files.conftest import HEADER, NAME, ROWS, WHOLE, Drop


async def test_each_receipt_becomes_one_message_and_reaches_the_erp(drop: Drop):
    drop.put(WHOLE)
    await drop.look(2)
    found = await drop.messages()
    assert [message.object_id for message in found] == ["S1-2026-11-22-R-1", "S1-2026-11-22-R-2"]
    assert {message.door for message in found} == {"file"}
    await drop.world.settle()
    delivered = await drop.rows(Delivery, flow_key="tills-to-erp")
    assert {one.state for one in delivered} == {"delivered"}
    assert len(drop.world.erp.journal.documents) == 2


async def test_the_record_of_a_file_holds_its_figures(drop: Drop):
    drop.put(WHOLE)
    await drop.look(2)
    (file,) = await drop.rows(DropFile)
    assert (file.state, file.receipts, file.rows, file.total, file.stated_total) == ("taken", 2, 3, 74, 74)
    keys = await drop.rows(BusinessKey, type="file")
    assert {key.value for key in keys} == {bytes(file.sha256).hex()[:32]}


async def test_half_a_file_waits_until_it_is_whole(drop: Drop):
    path = drop.put(WHOLE[:200])
    await drop.look()
    path.write_text(WHOLE[:260])
    await drop.look(3)
    assert await drop.rows(DropFile) == []
    assert await drop.messages() == []
    path.write_text(WHOLE)
    await drop.look(2)
    assert len(await drop.messages()) == 2
    assert [file.state for file in await drop.rows(DropFile)] == ["taken"]


async def test_a_file_under_another_name_while_it_is_written_is_not_looked_at(drop: Drop):
    path = drop.put(WHOLE, NAME + ".part")
    await drop.look(3)
    assert await drop.rows(Sighting) == []
    path.rename(path.with_name(NAME))
    await drop.look(2)
    assert len(await drop.messages()) == 2


async def test_a_sidecar_says_that_a_file_is_whole(drop: Drop):
    await drop.configure(whole_when="sidecar", control="sidecar")
    drop.put(HEADER + ROWS)
    await drop.look(3)
    assert await drop.messages() == []
    drop.put("rows=3\ntotal=74.00\n", NAME + ".ctl")
    await drop.look()
    assert len(await drop.messages()) == 2


async def test_a_file_twice_is_one_file(drop: Drop):
    drop.put(WHOLE)
    await drop.look(2)
    path = drop.server.folder / NAME
    path.unlink()
    await drop.look()
    drop.put(WHOLE)
    await drop.look(3)
    assert len(await drop.messages()) == 2
    assert len(await drop.rows(DropFile)) == 1
    assert await drop.rows(Repeat) == []


async def test_a_renamed_file_is_the_same_file(drop: Drop):
    drop.put(WHOLE)
    await drop.look(2)
    (drop.server.folder / NAME).rename(drop.server.folder / "sales_S1_20261122.csv")
    await drop.look(2)
    (file,) = await drop.rows(DropFile)
    assert file.also_named == ["sales_S1_20261122.csv"]
    assert len(await drop.messages()) == 2


async def test_a_round_that_dies_half_way_is_repeated_without_doubling(drop: Drop, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sweep, "AT_ONCE", 1)
    drop.put(WHOLE)
    await drop.look()
    with monkeypatch.context() as broken:
        submit, count = sweep.Sweep._submit, []

        async def die_after_the_first(self, group):
            if count:
                raise RuntimeError("killed")
            count.append(1)
            await submit(self, group)

        broken.setattr(sweep.Sweep, "_submit", die_after_the_first)
        with pytest.raises(RuntimeError, match="killed"):
            await drop.look()
    assert len(await drop.messages()) == 1
    assert [file.state for file in await drop.rows(DropFile)] == ["taking"]
    await drop.look(2)
    assert [message.object_id[-3:] for message in await drop.messages()] == ["R-1", "R-2"]
    assert [file.state for file in await drop.rows(DropFile)] == ["taken"]
    await drop.world.settle()
    assert len(drop.world.erp.journal.documents) == 2


async def test_a_corrected_file_brings_only_what_is_new(drop: Drop):
    drop.put(WHOLE)
    await drop.look(2)
    more = "R-3,1,2026-11-22T10:09:00+00:00,HP-BAG-NVY-S,Ferry Tote,1,48.00,,,\n"
    drop.put(HEADER + ROWS + more + "TRAILER,rows=4,total=122.00\n")
    await drop.look(2)
    await drop.world.settle()
    dispositions = [message.disposition for message in await drop.messages()]
    assert sorted(dispositions) == ["", "", "", "deduplicated", "deduplicated"]
    assert len(drop.world.erp.journal.documents) == 3


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (WHOLE.replace("\n", "\r\n").encode(), "utf-8"),
        (b"\xef\xbb\xbf" + WHOLE.encode(), "utf-8-sig"),
        (WHOLE.replace("Ferry", "Fähre").encode("latin-1"), "latin-1"),
        (WHOLE.replace("Ferry", "Fähre").encode("utf-16"), "utf-16"),
        (WHOLE.replace(",", ";").replace("rows=3;", "rows=3;").encode(), "utf-8"),
    ],
    ids=["crlf", "bom", "latin-1", "utf-16", "semicolons"],
)
async def test_whatever_a_till_writes_is_read(drop: Drop, data: bytes, encoding: str):
    drop.put(data)
    await drop.look(2)
    (file,) = await drop.rows(DropFile)
    assert (file.state, file.encoding, file.rows) == ("taken", encoding, 3)
