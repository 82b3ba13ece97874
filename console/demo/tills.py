"""The demo's tills: an SFTP drop of store-day files, connected, with a contract and a flow to the ERP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from connectors.library import connector
from connectors.sandbox.pos.days import STORES
from console.demo.systems import OPERATIONS, REASON, SandboxSilent, Wanted
from console.embedded.files import read_json
from console.embedded.paths import DataFolder
from governance.access.principal import Principal
from governance.registry.models import Flow, RetailConnection
from governance.registry.services import create_flow
from tenants.retailers.models import Retailer

TILLS: Final = "filedrop"
FLOW: Final = "store-sales-to-erp"
# The first contract's time: yesterday's files are due this long after the demo first starts, so that one is missed.
DUE_IN: Final = timedelta(minutes=6)


def drop_url(address: str) -> str:
    """`up` writes every address of the demo as http."""
    return f"sftp://{urlsplit(address).netloc}/"


def wanted_tills(folder: DataFolder, url: str, zone: str) -> Wanted:
    told = read_json(folder.sandbox("pos") / "pos.json")
    if "fingerprint" not in told:
        raise SandboxSilent("the stand-in tills have not written their host key yet: run `manage.py up --demo`")
    config = {
        "address": url,
        "username": told["username"],
        "fingerprints": told["fingerprint"],
        "names": "sales_{store}_{day}.csv",
        "control": "trailer",
        "stores": ", ".join(str(place.id) for place in STORES),
        "due_by": _due_by(zone),
        "look_every": "5",
        "currency": "USD",
    }
    return Wanted(TILLS, "Store tills (SFTP)", config, {"password": told["password"]})


def _due_by(zone: str) -> str:
    """As the connection has it; a contract does not move with every start."""
    known = RetailConnection.objects.filter(key=TILLS).values_list("config", flat=True).first() or {}
    return known.get("due_by") or f"{datetime.now(UTC).astimezone(ZoneInfo(zone)) + DUE_IN:%H:%M}"


def ensure_till_flow(retailer: Retailer, source: RetailConnection, target: RetailConnection, *, by: Principal) -> Flow:
    known = Flow.objects.filter(key=FLOW).first()
    return known or create_flow(
        retailer=retailer,
        key=FLOW,
        label="Store sales to ERP",
        source=source,
        target=target,
        operations=OPERATIONS,
        target_manifest=connector(target.connector).manifest,
        mode=Flow.Mode.STRICT,
        latency=Flow.Latency.BATCH,
        business_owner="Ben Pine",
        technical_owner="Eve Engineer",
        by=by,
        reason=REASON,
    )
