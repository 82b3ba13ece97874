"""A secret opens only where it was sealed: for its partner, its row, its version, its key."""

from __future__ import annotations

from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from governance.credentials.envelope import CannotOpen, Sealed, context, rewrap, seal, unseal

ROW = UUID("01990000-0000-7000-8000-000000000001")
OTHER = UUID("01990000-0000-7000-8000-000000000002")
HERE = context("p_north", ROW, 1)
KEY = X25519PrivateKey.generate()


def sealed(secret: bytes = b"shpat_1") -> Sealed:
    return seal(secret, key=KEY.public_key(), bound_to=HERE)


def test_a_secret_comes_back_as_it_went_in() -> None:
    for secret in (b"", b"\x00\xff", "påssword".encode(), b"x" * 100_000):
        assert unseal(sealed(secret), key=KEY, bound_to=HERE) == secret


def test_the_same_secret_never_looks_the_same() -> None:
    one, two = sealed(), sealed()
    assert one.ciphertext != two.ciphertext and one.wrapped_key != two.wrapped_key
    assert b"shpat" not in one.ciphertext + one.wrapped_key


@pytest.mark.parametrize(
    "elsewhere", [context("p_south", ROW, 1), context("p_north", OTHER, 1), context("p_north", ROW, 2), b""]
)
def test_a_row_moved_elsewhere_does_not_open(elsewhere: bytes) -> None:
    with pytest.raises(CannotOpen):
        unseal(sealed(), key=KEY, bound_to=elsewhere)


def test_halves_of_two_secrets_do_not_fit() -> None:
    one, two = sealed(b"one"), sealed(b"two")
    with pytest.raises(CannotOpen):
        unseal(Sealed(one.wrapped_key, two.ciphertext), key=KEY, bound_to=HERE)


def test_a_flipped_bit_anywhere_is_noticed() -> None:
    whole = sealed()
    for part in ("wrapped_key", "ciphertext"):
        data = getattr(whole, part)
        for at in range(len(data)):
            flipped = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
            broken = Sealed(**{"wrapped_key": whole.wrapped_key, "ciphertext": whole.ciphertext, part: flipped})
            with pytest.raises(CannotOpen):
                unseal(broken, key=KEY, bound_to=HERE)


@pytest.mark.parametrize("data", [b"", b"x", b"x" * 11, b"x" * 200])
def test_bytes_that_are_no_envelope_are_refused_without_detail(data: bytes) -> None:
    with pytest.raises(CannotOpen, match="cannot be opened"):
        unseal(Sealed(data, data), key=KEY, bound_to=HERE)


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(CannotOpen):
        unseal(sealed(), key=X25519PrivateKey.generate(), bound_to=HERE)


def test_a_new_key_opens_what_was_wrapped_again_and_the_old_one_no_more() -> None:
    old, new = sealed(), X25519PrivateKey.generate()
    wrapped = rewrap(old.wrapped_key, old=KEY, new=new.public_key(), bound_to=HERE)
    assert unseal(Sealed(wrapped, old.ciphertext), key=new, bound_to=HERE) == b"shpat_1"
    with pytest.raises(CannotOpen):
        unseal(Sealed(wrapped, old.ciphertext), key=KEY, bound_to=HERE)
