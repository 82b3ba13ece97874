"""The demo's systems: a stand-in shop and a real Tryton on this machine, connected, with a flow between them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from connectors.library import connector
from connectors.sandbox.local_http import CallRefused
from connectors.sandbox.shopify.client import ShopControl
from connectors.sandbox.shopify.settings import App, app_of
from console.embedded.files import read_json
from console.embedded.paths import DataFolder
from governance.access.principal import Principal
from governance.credentials.selectors import secrets_for_connection
from governance.egress.models import AllowedHost
from governance.egress.services import allow_host, withdraw_host
from governance.registry.models import Flow, RetailConnection
from governance.registry.selectors import intake_path
from governance.registry.services import connect, create_flow, reconfigure
from governance.registry.settings import hosts_of
from tenants.retailers.models import Retailer

SHOP, ERP, FLOW = "shopify", "tryton", "sales-to-erp"
NOTE: Final = "stand-in of the demo, on this machine"
REASON: Final = "manage.py up --demo"
OPERATIONS: Final = {"order": "order.upsert", "refund": "refund.create"}
SHOP_SECONDS: Final = 60.0
PAUSE_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class Wanted:
    """A connection as this run of `up` needs it."""

    key: str
    label: str
    config: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)


class SandboxSilent(RuntimeError):
    """A stand-in did not say or do what the demo needs. The message says which."""


def wanted_shop(folder: DataFolder, url: str) -> Wanted:
    """The shop's app file is made by whoever comes first, the shop or we."""
    app: App = app_of(folder.sandbox(SHOP))
    config = {"shop_domain": app.shop, "admin_url": url}
    return Wanted(SHOP, "Shopify", config, {"access_token": app.token, "webhook_secret": app.secret})


def wanted_erp(folder: DataFolder, url: str) -> Wanted:
    """`url` is where connections reach Tryton: through the proxy that can be told to be away."""
    told = read_json(folder.sandbox(ERP) / "tryton.json")
    if "application_key" not in told:
        raise SandboxSilent("the sandbox's Tryton has not written its application key yet: run `manage.py up --demo`")
    config = {"url": url, "database": told.get("database", "tryton")}
    return Wanted(ERP, "Tryton", config, {"application_key": told["application_key"]})


def ensure_hosts(urls: Iterable[str], *, by: Principal) -> None:
    """Exactly these of the demo's hosts are listed: ports of an earlier run are withdrawn."""
    current = {urlsplit(url).netloc: url for url in urls}
    for row in AllowedHost.objects.filter(note=NOTE):
        if f"{row.host}:{row.port}" not in current:
            withdraw_host(host_id=row.pk, by=by, reason=REASON)
    listed = {f"{row.host}:{row.port}" for row in AllowedHost.objects.all()}
    for place in sorted(current.keys() - listed):
        allow_host(url=current[place], note=NOTE, by=by, reason=REASON)


def ensure_connection(retailer: Retailer, wanted: Wanted, *, by: Principal) -> RetailConnection:
    """Made, or brought to the addresses and secrets of this run."""
    manifest = connector(wanted.key).manifest
    current = RetailConnection.objects.filter(key=wanted.key).first()
    if current is None:
        return connect(
            retailer=retailer,
            manifest=manifest,
            key=wanted.key,
            label=wanted.label,
            config=wanted.config,
            secrets=wanted.secrets,
            by=by,
            reason=REASON,
            live=False,
        ).connection
    moved = not hosts_of(wanted.config) <= hosts_of(current.config)
    changed = wanted.secrets if moved else _changed_secrets(current, wanted)
    if changed or current.config != dict(wanted.config):
        reconfigure(connection=current, manifest=manifest, config=wanted.config, secrets=changed, by=by, reason=REASON)
        current.refresh_from_db()
    return current


def ensure_flow(retailer: Retailer, source: RetailConnection, target: RetailConnection, *, by: Principal) -> Flow:
    known = Flow.objects.filter(key=FLOW).first()
    return known or create_flow(
        retailer=retailer,
        key=FLOW,
        label="Sales to ERP",
        source=source,
        target=target,
        operations=OPERATIONS,
        target_manifest=connector(target.connector).manifest,
        mode=Flow.Mode.STRICT,
        latency=Flow.Latency.LIVE,
        business_owner="Ben Pine",
        technical_owner="Eve Engineer",
        by=by,
        reason=REASON,
    )


def intake_url(connection: RetailConnection, host: str, port: int) -> str:
    return f"http://{host}:{port}{intake_path(connection)}"


def ensure_subscribed(shop_url: str, address: str) -> None:
    """The shop sends to this address and to no earlier one of ours.

    Raises SandboxSilent when the shop does not answer within a minute.
    """
    control = ShopControl(shop_url)
    _wait_for(control)
    for known in control.subscriptions():
        if known["address"] != address and "/in/" in known["address"]:
            control.unsubscribe(known["id"])
    control.subscribe(address=address)


def _wait_for(control: ShopControl) -> None:
    deadline = time.monotonic() + SHOP_SECONDS
    while True:
        try:
            control.stats()
            return
        except (OSError, CallRefused) as error:
            if time.monotonic() > deadline:
                raise SandboxSilent(f"the sandbox shop at {control.url} does not answer: {error}") from error
        time.sleep(PAUSE_SECONDS)


def _changed_secrets(current: RetailConnection, wanted: Wanted) -> dict[str, str]:
    stored: dict[str, str] = {}
    for purpose in ("call", "verify"):
        for name, versions in secrets_for_connection(current.pk, purpose).items():
            stored[name] = versions[0].reveal()
    return {name: value for name, value in wanted.secrets.items() if stored.get(name) != value}
