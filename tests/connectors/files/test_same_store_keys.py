"""Two retailers number their stores alike: what is told of one's files never has the name of the other's store."""

from __future__ import annotations

from datetime import UTC, date, datetime

from connectors.engine.files.contract import overdue
from connectors.engine.files.models import ExpectedFile
from governance.registry.models import RetailConnection
from tenants.retailers.models import Retailer, Store

AT = datetime(2026, 11, 23, 11, tzinfo=UTC)
NAMES = {"harbour-pine": "Quayside", "bluebell": "Meadow Lane"}


def test_a_missing_file_is_told_with_the_name_of_its_own_retailers_store(northgate):
    for key, name in NAMES.items():
        retailer = Retailer.objects.get(key=key)
        tills = RetailConnection.objects.create(retailer=retailer, key=f"{key}-tills", label=key, connector="filedrop")
        Store.objects.create(retailer=retailer, key="S1", name=name)
        ExpectedFile.objects.create(
            connection_id=tills.pk, retailer_id=retailer.pk, store_key="S1", day=date(2026, 11, 22), due_at=AT
        )
    told = {one.label: one.sentence for one in overdue("unused", AT)}
    assert told == {
        key: f"The sales file of store {name} (S1) for 2026-11-22 has not come." for key, name in NAMES.items()
    }
