import json

import msgspec
import pytest

from connectors.canonical import schemas
from connectors.canonical.encode import canonical_bytes
from connectors.canonical.objects import OBJECTS
from tests.connectors.canonical.sound import SOUND

# The digest of each published shape. Lines are added, never changed.
PUBLISHED = {
    ("order", "1.0"): "2bea045b087cdfa3",
    ("refund", "1.0"): "36c7594756a71894",
    ("product", "1.0"): "cd9bc457244d3a53",
    ("price", "1.0"): "951626513b357be7",
    ("customer", "1.0"): "f2830e18e18d0856",
    ("promotion", "1.0"): "c2d2e897e8f10486",
    ("loyalty_account", "1.0"): "649237e5af86742c",
    ("loyalty_event", "1.0"): "a1ce587de7cec7ee",
    ("gift_card", "1.0"): "514bdf5f85cbe32d",
    ("gift_card_movement", "1.0"): "1dbd5f45b0fbd02b",
    ("order", "1.1"): "b03006c645356929",
    ("refund", "1.1"): "257d4fbdcf4a1327",
    ("return", "1.0"): "023f7ddc41dd119c",
    ("fulfilment", "1.0"): "00166badba36fbc3",
    ("payment", "1.0"): "f262e4fd75b1d0fa",
    ("dispute", "1.0"): "8576b648996bc390",
    ("tax_rate", "1.0"): "95dea444863b9d01",
    ("tax_calculation", "1.0"): "769162e24da6180e",
    ("inventory_level", "1.0"): "c9dd0d8b1c1595c1",
    ("inventory_movement", "1.0"): "77ae47636bf44ba9",
    ("stock_transfer", "1.0"): "425b318fb1bdff24",
    ("supplier_order", "1.0"): "ec2d8fb931f0ec5e",
    ("despatch", "1.0"): "ba03d05b52134067",
    ("invoice", "1.0"): "ef14a962517601da",
    ("settlement", "1.0"): "ec844b16aab52109",
    ("payout", "1.0"): "e263fec1ff641a4a",
    ("bank_statement", "1.0"): "6907a6fc63d4b115",
    ("store_day", "1.0"): "280f7ad9b0352881",
    ("till_event", "1.0"): "beb8f89fe11b056f",
    ("journal_entry", "1.0"): "bbae2716f2609020",
    ("change_signal", "1.0"): "fd8d359c9b99745a",
    ("report_available", "1.0"): "70e6415afbb79e47",
    ("connection_notice", "1.0"): "a2bbd9fda8da6bfc",
    ("privacy_request", "1.0"): "20974136bff904bc",
    ("audit_event", "1.0"): "b06b3b7d8eff19c1",
    ("api_finding", "1.0"): "e02613c0da97e309",
    ("acknowledgement", "1.0"): "e725bf982708070b",
    ("event", "1.0"): "afc4bf82e0789158",
}


@pytest.mark.parametrize("name", OBJECTS)
def test_a_published_schema_never_changes_under_its_version(name):
    version, made = schemas.VERSIONS[name], schemas.digest(name)
    assert PUBLISHED.get((name, version)) == made, (
        f"The shape of {name} is not what was published as {version}. Raise its version in"
        f" connectors/canonical/schemas.py (a field added: 1.1; a field gone or of another type: 2.0) and add"
        f' ("NAME", "VERSION"): "DIGEST" here, with the digest {made}.'
    )


def test_a_schema_is_whole_and_says_its_version():
    found = schemas.schemas()["order"]
    assert found["$id"] == f"urn:signalbox:canonical:order:{schemas.VERSIONS['order']}"
    assert found["$defs"]["Order"]["properties"]["total"] == {"type": "string", "format": "decimal"}
    assert "lines" in found["$defs"]["Order"]["required"]


@pytest.mark.parametrize("name", OBJECTS)
def test_every_field_an_object_writes_is_in_its_schema(name):
    schema = schemas.schema(name)
    written = json.loads(canonical_bytes(SOUND[name]))
    shape = schema["$defs"][schema["$ref"].rpartition("/")[2]]
    assert set(written) == set(shape["properties"])
    assert shape["properties"]["object"] == {"enum": [name]}


def test_what_was_written_before_a_field_was_added_is_still_read():
    old = json.loads(canonical_bytes(SOUND["order"]))
    for field in ("training", "voided", "tenders_complete", "business_date", "receipt", "legal_entity", "event_at"):
        del old[field]
    assert msgspec.convert(old, OBJECTS["order"], strict=False).id == "1001"
