"""Keys are files outside the database, apart by purpose, readable by nobody else."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest

from governance.credentials.keyring import KeyExposed, KeyNotHere, Keyring, Purpose


@pytest.fixture
def ring(tmp_path: Path) -> Keyring:
    made = Keyring(tmp_path / "keys")
    made.create("p_north")
    return made


def test_a_new_partner_gets_a_key_for_each_purpose(ring: Keyring) -> None:
    assert [ring.current("p_north", purpose) for purpose in (Purpose.VERIFY, Purpose.CALL)] == [
        "p_north.verify.1",
        "p_north.call.1",
    ]
    assert len(ring.personal("p_north")) == 32


def test_private_halves_are_for_their_owner_only(ring: Keyring) -> None:
    for path in ring.folder.rglob("*.key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_making_keys_again_keeps_those_there_are(ring: Keyring) -> None:
    before = ring.private("p_north.call.1").private_bytes_raw()
    Keyring(ring.folder).create("p_north")
    assert Keyring(ring.folder).private("p_north.call.1").private_bytes_raw() == before


def test_partners_and_purposes_share_no_key(ring: Keyring) -> None:
    ring.create("p_south")
    keys = {path.read_bytes() for path in ring.folder.rglob("*.key")}
    assert len(keys) == 6


def test_the_public_half_alone_stores_but_does_not_read(ring: Keyring) -> None:
    """What the console's host user sees on a server: public/ and nothing else."""
    shutil.rmtree(ring.folder / "call")
    console = Keyring(ring.folder)
    assert console.public(console.current("p_north", Purpose.CALL))
    with pytest.raises(KeyNotHere):
        console.private("p_north.call.1")


def test_a_key_everyone_can_read_is_refused(ring: Keyring) -> None:
    (ring.folder / "call" / "p_north.call.1.key").chmod(0o644)
    with pytest.raises(KeyExposed, match="chmod 600"):
        Keyring(ring.folder).private("p_north.call.1")


@pytest.mark.parametrize(
    "key_id", ["../../etc/passwd", "p_north.call.1/../x", "p_north.root.1", "", "P.call.1", "p_n.call.1\n"]
)
def test_a_key_id_from_a_row_is_no_path(ring: Keyring, key_id: str) -> None:
    with pytest.raises(KeyNotHere):
        ring.private(key_id)


def test_a_partner_without_keys_is_told_so(ring: Keyring) -> None:
    with pytest.raises(KeyNotHere, match="no call key"):
        ring.current("p_unknown", Purpose.CALL)


def test_a_key_added_becomes_the_current_one_and_the_old_one_still_opens(ring: Keyring) -> None:
    assert ring.add("p_north", Purpose.CALL) == "p_north.call.2" == ring.current("p_north", Purpose.CALL)
    assert Keyring(ring.folder).current("p_north", Purpose.CALL) == "p_north.call.2"
    assert ring.private("p_north.call.1")


def test_the_tenth_key_follows_the_ninth(ring: Keyring) -> None:
    for _ in range(10):
        ring.add("p_north", Purpose.CALL)
    assert Keyring(ring.folder).current("p_north", Purpose.CALL) == "p_north.call.11"
