"""Connecting a system: only what its manifest names, secrets out of sight, the address shown once."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from governance.access.principals import person_principal
from governance.audit.gate import ReasonMissing, Refused
from governance.audit.models import AuditEvent
from governance.catalogue.manifest import Capability, Field, Idempotency, Manifest, OperationSpec, RateLimit
from governance.credentials.selectors import secrets_for_connection
from governance.credentials.services import keyring
from governance.egress.services import allow_host
from governance.registry.models import RetailConnection
from governance.registry.selectors import intake_path
from governance.registry.services import (
    ConfigurationRefused,
    StaleState,
    connect,
    create_flow,
    reconfigure,
    renew_intake_address,
    set_connection_state,
)
from tenants.context import partner_scope
from tenants.people.models import Person
from tenants.retailers.models import Retailer

CANARY = "canary-7f3a91"
SHOP = Manifest(
    key="shop",
    label="A shop",
    owner="tests",
    capabilities=frozenset({Capability.WEBHOOKS}),
    fields=(
        Field("url", "Address"),
        Field("note", "Note", required=False),
        Field("token", "Token", secret=True),
        Field("signing", "Signing secret", secret=True, purpose="verify"),
    ),
    api_versions=(),
    rate_limit=RateLimit(1, 1.0, 1),
    allowed_hosts=("*.shop.example",),
)
ERP = Manifest(
    key="erp",
    label="An ERP",
    owner="tests",
    capabilities=frozenset({Capability.WRITES}),
    fields=(Field("url", "Address"), Field("token", "Token", secret=True)),
    api_versions=(),
    rate_limit=RateLimit(1, 1.0, 1),
    operations=(OperationSpec("order.upsert", "order", Idempotency.SEARCH_FIRST, True, "a sale with our reference"),),
)
CONFIG = {"url": "https://one.shop.example"}
SECRETS = {"token": CANARY, "signing": f"{CANARY}-signing"}


@pytest.fixture
def eve(northgate):
    keyring().create(northgate.schema)
    return person_principal(Person.objects.get(email="eve@northgate.example"))


@pytest.fixture
def pine(northgate):
    return Retailer.objects.get(key="harbour-pine")


def connected(pine, by, *, manifest=SHOP, key="shop", config=CONFIG, secrets=SECRETS):
    return connect(retailer=pine, manifest=manifest, key=key, label="Shop", config=config, secrets=secrets, by=by)


def problems(pine, by, **changes) -> dict[str, str]:
    with pytest.raises(ConfigurationRefused) as caught:
        connected(pine, by, **changes)
    assert not RetailConnection.objects.filter(key="shop").exists()
    return caught.value.problems


def test_only_the_hash_of_the_intake_secret_is_in_the_connection(pine, eve, northgate):
    made = connected(pine, eve)
    code, secret = made.intake_path.removeprefix("/in/").split("-")
    assert code == northgate.schema.removeprefix("p_")
    assert bytes(made.connection.intake_hash) == hashlib.sha256(secret.encode()).digest()
    assert len(secret) == 32


def test_a_command_on_the_host_finds_the_address_again(pine, eve):
    made = connected(pine, eve)
    assert intake_path(made.connection) == made.intake_path


def test_the_intake_secret_is_no_signing_secret(pine, eve):
    made = connected(pine, eve)
    verify = secrets_for_connection(made.connection.pk, purpose="verify")
    assert {name: [s.reveal() for s in found] for name, found in verify.items()} == {"signing": [f"{CANARY}-signing"]}


def test_a_system_that_sends_nothing_has_no_intake_address(pine, eve):
    made = connected(pine, eve, manifest=ERP, config={"url": "https://erp.example"}, secrets={"token": CANARY})
    assert made.intake_path == ""
    assert made.connection.intake_hash is None


def test_no_secret_shows_in_a_repr_the_trail_or_the_connection_row(pine, eve):
    made = connected(pine, eve)
    shown = repr(made) + repr(vars(made.connection)) + str(made.connection)
    assert CANARY not in shown
    assert made.intake_path not in shown
    assert not AuditEvent.objects.filter(canonical__contains=CANARY.encode()).exists()
    assert not AuditEvent.objects.filter(canonical__contains=made.intake_path.split("-")[1].encode()).exists()


def test_unknown_and_missing_fields_are_named(pine, eve):
    found = problems(pine, eve, config={"urll": "x"}, secrets={"token": CANARY, "extra": "x"})
    assert set(found) == {"url", "urll", "signing", "extra"}
    assert "'urll'" in found["urll"]


def test_a_secret_given_as_a_setting_is_refused(pine, eve):
    assert "token" in problems(pine, eve, config=CONFIG | {"token": CANARY})


@pytest.mark.parametrize(
    "url",
    [
        "http://one.shop.example",
        "https://127.0.0.1:8069",
        "https://elsewhere.example",
        "https://169.254.169.254/latest",
        "https://user:word@one.shop.example",
        "ftp://one.shop.example",
        "https://one.shop.example.evil.example",
    ],
)
def test_a_host_that_may_not_be_called_is_refused_before_saving(pine, eve, url):
    assert set(problems(pine, eve, config={"url": url})) == {"url"}


def test_a_listed_private_host_may_be_connected(pine, eve):
    allow_host(url="http://127.0.0.1:8069", note="the stand-in", by=eve, reason="demo")
    made = connected(pine, eve, config={"url": "http://127.0.0.1:8069"})
    assert made.connection.config == {"url": "http://127.0.0.1:8069"}


def test_a_taken_key_is_refused(pine, eve):
    connected(pine, eve)
    with pytest.raises(ConfigurationRefused) as caught:
        connected(pine, eve)
    assert set(caught.value.problems) == {"key"}


def test_an_operator_connects_nothing(pine, northgate):
    with pytest.raises(Refused):
        connected(pine, person_principal(Person.objects.get(email="ada@northgate.example")))


def test_nobody_connects_a_retailer_they_do_not_see(pine, northgate):
    eve = Person.objects.get(email="eve@northgate.example")
    eve.all_retailers = False
    with partner_scope(northgate.schema, ()), pytest.raises(Refused):
        connected(pine, person_principal(eve))


def test_disconnecting_needs_a_reason_and_the_state_one_saw(pine, eve):
    shop = connected(pine, eve).connection
    with pytest.raises(ReasonMissing):
        set_connection_state(connection=shop, state="disconnected", by=eve, reason="")
    gone = set_connection_state(connection=shop, state="disconnected", by=eve, reason="maintenance")
    assert gone.state == "disconnected"
    with pytest.raises(StaleState):
        set_connection_state(connection=shop, state="disconnected", by=eve, reason="too late")


def test_new_settings_keep_the_secrets_that_were_not_typed_again(pine, eve):
    shop = connected(pine, eve).connection
    config = {"url": "https://two.shop.example"}
    reconfigure(connection=shop, manifest=SHOP, config=config, secrets={"token": "new"}, by=eve, reason="moved")
    shop.refresh_from_db()
    tokens = secrets_for_connection(shop.pk, purpose="call")["token"]
    assert shop.config == config
    assert [secret.reveal() for secret in tokens] == ["new", CANARY]


def test_a_secret_is_not_sent_to_another_host_unless_it_is_typed_again(pine, eve):
    """Whoever may change an address could otherwise point it at a server of theirs and read the secret there."""
    shop = connected(pine, eve).connection
    with pytest.raises(ConfigurationRefused) as refused:
        moved = {"url": "https://evil.shop.example"}
        reconfigure(connection=shop, manifest=SHOP, config=moved, secrets={}, by=eve, reason="moved")
    assert refused.value.problems == {"token": "Type it again: the address names another host than before."}
    same_host = {"url": "https://ONE.shop.example:443/api", "note": "a new path"}
    assert reconfigure(connection=shop, manifest=SHOP, config=same_host, secrets={}, by=eve, reason="new path")


def test_a_renewed_address_replaces_the_old_one(pine, eve):
    first = connected(pine, eve)
    second = renew_intake_address(connection=first.connection, by=eve, reason="it was in a mail")
    first.connection.refresh_from_db()
    assert second.intake_path != first.intake_path
    assert intake_path(first.connection) == second.intake_path


def test_a_flow_takes_only_operations_the_target_offers(pine, eve):
    shop = connected(pine, eve).connection
    erp = connected(
        pine, eve, manifest=ERP, key="erp", config={"url": "https://erp.example"}, secrets={"token": CANARY}
    ).connection
    facts = {"retailer": pine, "key": "sales", "label": "Sales", "source": shop, "target": erp, "target_manifest": ERP}
    with pytest.raises(ConfigurationRefused, match="refund → order.upsert"):
        create_flow(**facts, operations={"refund": "order.upsert"}, by=eve)
    flow = create_flow(**facts, operations={"order": "order.upsert"}, by=eve)
    assert (flow.mode, flow.operations) == ("strict", {"order": "order.upsert"})


def test_a_flow_never_joins_two_retailers(pine, eve):
    bluebell = Retailer.objects.get(key="bluebell")
    shop = connected(pine, eve).connection
    with pytest.raises(ConfigurationRefused, match="one retailer"):
        create_flow(
            retailer=bluebell,
            key="sales",
            label="Sales",
            source=shop,
            target=shop,
            operations={"order": "order.upsert"},
            target_manifest=ERP,
            by=eve,
        )


def test_only_the_newest_goes_where_the_target_can_be_asked_what_became_of_the_older(pine, eve):
    shop = connected(pine, eve).connection
    erp = connected(
        pine, eve, manifest=ERP, key="erp", config={"url": "https://erp.example"}, secrets={"token": CANARY}
    ).connection
    blind = replace(ERP, operations=(replace(ERP.operations[0], idempotency=Idempotency.NONE),))
    facts = {"retailer": pine, "key": "stock", "label": "Stock", "source": shop, "target": erp, "by": eve}
    facts |= {"operations": {"order": "order.upsert"}, "mode": "latest-wins"}
    with pytest.raises(ConfigurationRefused, match="cannot tell whether order.upsert took effect"):
        create_flow(**facts, target_manifest=blind)
    assert create_flow(**facts, target_manifest=ERP).mode == "latest-wins"
    with pytest.raises(ConfigurationRefused, match="Choose one"):
        create_flow(**facts | {"mode": "sideways"}, target_manifest=ERP)
