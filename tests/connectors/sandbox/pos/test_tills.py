"""The stand-in's files are what a till would write, and add up."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path

from connectors.canonical.invariants import breaches
from connectors.library.filedrop.connector import connector
from connectors.sandbox.pos.access import access_of
from connectors.sandbox.pos.days import STORES, store_day
from connectors.sandbox.pos.tills import Pace, Tills
from connectors.sdk.files import FileName

DAY = date(2026, 11, 22)
QUICK = Pace(0, 0, 0, 0)


def test_every_store_day_reads_back_with_its_own_figures():
    for place in STORES:
        made = store_day(place, DAY)
        read = connector.files.read(FileName(made.store, DAY), made.whole().encode(), {"currency": "USD"})
        assert (read.rows, read.total) == (made.rows, made.total) == (read.control.rows, read.control.total)
        for record in read.records:
            (order,) = connector.reader.canonical(record.topic, record.document)
            assert breaches(order) == ()
            assert (order.id, order.source_version) == (record.subject.object_id, record.subject.source_version)


async def test_an_evening_leaves_a_file_of_all_stores_but_the_last(tmp_path: Path):
    await Tills(tmp_path, QUICK).evening(DAY)
    found = {path.name.split("_")[1] for path in tmp_path.glob("*.csv")}
    assert found == {str(place.id) for place in STORES[:9]}
    assert list(tmp_path.glob("*.part")) == []


async def test_the_host_key_and_password_stay_what_they_were(tmp_path: Path):
    first, _ = await asyncio.to_thread(access_of, tmp_path)
    again, _ = await asyncio.to_thread(access_of, tmp_path)
    assert first == again
    assert (tmp_path / "pos.json").stat().st_mode & 0o077 == 0
