"""`manage.py prepare_demo` beside a running sandbox shop: the whole world, and the same again the second time."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.sandbox.shopify.client import ShopControl
from connectors.sandbox.shopify.places import LOCATIONS
from console.embedded.ports import free_port
from governance.egress.models import AllowedHost
from governance.registry.models import Flow, RetailConnection
from governance.registry.selectors import intake_path
from tenants.context import partner_scope
from tenants.partners.models import Partner
from tenants.people.models import Person
from tenants.retailers.models import Store
from tests.console.commands.conftest import Ended, Shell
from tests.console.views.browser import browser, enter
from tests.paths import ROOT

KEY = "k" * 64
REST = {"erp": "http://127.0.0.1:8200", "pos": "http://127.0.0.1:8201"}


@pytest.fixture
def sandbox(shell: Shell):
    """The shop as `up --demo` starts it; of the ERP only what it writes down first."""
    port = free_port()
    folder = shell.data / "sandbox" / "shopify"
    command = [sys.executable, "-m", "connectors.sandbox.shopify", "--port", str(port), "--data", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, env=shell.env, stdout=subprocess.DEVNULL)
    erp = shell.data / "sandbox" / "tryton"
    erp.mkdir(parents=True)
    (erp / "tryton.json").write_text(json.dumps({"application_key": KEY, "database": "tryton"}))
    shop = f"http://127.0.0.1:{port}"
    tills = shell.data / "sandbox" / "pos"
    tills.mkdir(parents=True)
    (tills / "pos.json").write_text(json.dumps({"username": "u", "password": "p" * 12, "fingerprint": "SHA256:x"}))
    shell.remember(web_port=8123, sandbox={"shopify": shop, **REST})
    yield shop
    process.send_signal(signal.SIGTERM)
    process.wait(20)


def demo_file(shell: Shell) -> Path:
    return shell.data / "demo.json"


def password_of(shell: Shell) -> str:
    return json.loads(demo_file(shell).read_text())["password"]


def prepare(shell: Shell) -> Ended:
    ended = shell.run("prepare_demo")
    assert ended.code == 0, ended.err
    return ended


def world(schema: str) -> dict[str, object]:
    with partner_scope(schema):
        return {
            "stores": sorted(Store.objects.filter(retailer__key="harbour-pine").values_list("key", "name")),
            "people": sorted(Person.objects.values_list("email", "role", "password")),
            "connections": sorted(RetailConnection.objects.values_list("key", "retailer__key", "intake_hash")),
            "flows": list(Flow.objects.values_list("key", "source__key", "target__key", "mode", "operations")),
            "hosts": sorted(str(row) for row in AllowedHost.objects.all()),
        }


def test_it_makes_the_world_and_the_second_time_changes_nothing(shell: Shell, sandbox: str):
    # Partners of that name are in every test's database; the demo finds them and adds what is missing.
    first = prepare(shell)
    schema = Partner.objects.get(key="northgate").schema_name
    made = world(schema)
    assert {(str(place.id), place.name) for place in LOCATIONS} <= set(made["stores"])
    assert made["flows"] == [
        ("sales-to-erp", "shopify", "tryton", "strict", {"order": "order.upsert", "refund": "refund.create"}),
        ("store-sales-to-erp", "filedrop", "tryton", "strict", {"order": "order.upsert", "refund": "refund.create"}),
    ]
    assert made["hosts"] == sorted([sandbox, "http://127.0.0.1:8200", "sftp://127.0.0.1:8201"])
    with partner_scope(schema):
        shop = RetailConnection.objects.get(key="shopify")
        address = f"http://northgate.localhost:8123{intake_path(shop)}"
    assert {known["address"] for known in ShopControl(sandbox).subscriptions()} == {address}

    for email in ("ada@northgate.example", "cleo@bluebell.example"):
        assert enter(browser(), email, password_of(shell)).status_code == 302
    assert password_of(shell) in first.out
    assert demo_file(shell).stat().st_mode & 0o077 == 0
    assert browser().get(first.link).status_code == 302

    prepare(shell)
    assert world(schema) == made


def test_another_port_of_a_sandbox_is_followed(shell: Shell, sandbox: str):
    prepare(shell)
    shell.remember(sandbox={"shopify": sandbox, **REST, "erp": "http://127.0.0.1:8300"}, web_port=8124)
    prepare(shell)
    made = world(Partner.objects.get(key="northgate").schema_name)
    assert made["hosts"] == sorted([sandbox, "http://127.0.0.1:8300", "sftp://127.0.0.1:8201"])
    with partner_scope(Partner.objects.get(key="northgate").schema_name):
        assert RetailConnection.objects.get(key="tryton").config["url"] == "http://127.0.0.1:8300"
    assert all(":8124/in/" in known["address"] for known in ShopControl(sandbox).subscriptions())


def test_without_a_sandbox_it_says_how_to_start_one(shell: Shell):
    ended = shell.run("prepare_demo")
    assert ended.code == 1
    assert "up --demo" in ended.err
