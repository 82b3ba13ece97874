"""The page of a drop's files: what was expected, came, late or wrong, and the way to the messages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.engine.files.models import DropFile, DropWatch, ExpectedFile, Sighting
from governance.registry.models import RetailConnection
from tenants.ids import uuid7
from tenants.retailers.models import Retailer, Store
from tests.console.pages import ADA, PageSuite, Rows
from tests.console.views.browser import signed_in
from tests.support import ledger_rows

PAGE = "/connections/tills/files/"
DAY = date(2026, 11, 22)
AT = datetime(2026, 11, 23, 11, tzinfo=UTC)


def _tills(retailer: Retailer) -> RetailConnection:
    tills = RetailConnection.objects.create(
        retailer=retailer, key="tills", label="Tills", connector="filedrop", config={"currency": "USD"}
    )
    DropWatch.objects.create(connection_id=tills.pk, retailer_id=retailer.pk, looked_at=AT)
    for number, state in enumerate(ExpectedFile.State.values):
        Store.objects.get_or_create(retailer=retailer, key=f"S{number}", defaults={"name": f"Store {number}"})
        file = _file(tills, number, refused=state == "wrong") if state not in ("expected", "missing") else None
        ExpectedFile.objects.create(
            connection_id=tills.pk,
            retailer_id=retailer.pk,
            store_key=f"S{number}",
            day=DAY,
            due_at=AT,
            state=state,
            file_id=file.pk if file else None,
            message_id=uuid7() if state == "missing" else None,
            arrived_at=AT if state in ("arrived", "late") else None,
        )
    seen = {"first_seen_at": AT, "seen_at": AT, "modified": 1}
    Sighting.objects.create(connection_id=tills.pk, retailer_id=retailer.pk, name="half.csv", size=12, **seen)
    return tills


def _file(tills: RetailConnection, number: int, *, refused: bool) -> DropFile:
    return DropFile.objects.create(
        connection_id=tills.pk,
        retailer_id=tills.retailer_id,
        sha256=bytes([number]) * 32,
        name=f"sales_S{number}_2026-11-22.csv",
        size=900,
        store_key=f"S{number}",
        day=DAY,
        state="refused" if refused else "taken",
        receipts=None if refused else 7,
        rows=9,
        total=Decimal("120.50"),
        stated_total=Decimal("110.50") if refused else Decimal("120.50"),
        reason="The trailer states a total of 110.50, the rows make 120.50." if refused else "",
        message_id=uuid7() if refused else None,
        seen_at=AT,
        done_at=AT,
    )


class TestFiles(PageSuite):
    action = "connections.view"
    queries = 20
    one_object = True
    shows_canary = False

    def path(self, rows: Rows) -> str:
        if not DropWatch.objects.exists():
            _tills(Retailer.objects.get(key="harbour-pine"))
        return PAGE


@pytest.fixture
def tills(northgate) -> RetailConnection:
    return _tills(Retailer.objects.get(key="harbour-pine"))


def _page(path: str = PAGE) -> str:
    return signed_in(ADA).get(path).content.decode()


def test_what_needs_a_decision_stands_first(tills):
    page = _page()
    assert page.index("Store 4") < page.index("Store 3") < page.index("Store 0") < page.index("Store 2")
    assert "The trailer states a total of 110.50" in page


def test_each_file_leads_to_its_messages(tills):
    file = DropFile.objects.get(store_key="S1")
    assert f'/messages/?q={bytes(file.sha256).hex()[:32]}">7 receipts' in _page()


def test_what_is_seen_and_not_whole_is_shown(tills):
    assert "half.csv" in _page()


def test_another_day_is_one_step_away(tills):
    late = DAY + timedelta(days=1)
    ExpectedFile.objects.create(
        connection_id=tills.pk, retailer_id=tills.retailer_id, store_key="S1", day=late, due_at=AT, state="missing"
    )
    assert f"day={DAY.isoformat()}" in _page()
    assert f"day={late.isoformat()}" in _page(f"{PAGE}?day={DAY.isoformat()}")


def test_the_connection_leads_to_its_files_and_other_connections_have_none(tills, northgate):
    shop = ledger_rows.connect(Retailer.objects.get(key="harbour-pine"), stores=1)
    assert PAGE in _page("/connections/tills/")
    assert "/files/" not in _page(f"/connections/{shop.source.key}/")
    assert signed_in(ADA).get(f"/connections/{shop.source.key}/files/").status_code == 404
