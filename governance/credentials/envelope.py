"""Envelope encryption of one secret. Pure: bytes and keys in, bytes out.

The secret is AES-256-GCM under a key made for it alone; that key is wrapped for the partner's key of one purpose.
Both carry the same context as associated data, so that neither half works in another row, version or partner.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_NONCE_BYTES: Final = 12


class CannotOpen(Exception):
    """The bytes were changed, moved to another row, or belong to another key. Never says more."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """`ciphertext` is nonce || AES-256-GCM; `wrapped_key` is RFC 9180's encapsulated key || ciphertext."""

    wrapped_key: bytes
    ciphertext: bytes


def context(schema: str, credential: UUID, version: int) -> bytes:
    """None of the three can hold the separator."""
    return f"{schema}|{credential}|{version}".encode()


def seal(secret: bytes, *, key: X25519PublicKey, bound_to: bytes) -> Sealed:
    data_key = AESGCM.generate_key(256)
    nonce = os.urandom(_NONCE_BYTES)
    return Sealed(
        wrapped_key=_SUITE.encrypt(data_key, key, info=bound_to),
        ciphertext=nonce + AESGCM(data_key).encrypt(nonce, secret, bound_to),
    )


def unseal(sealed: Sealed, *, key: X25519PrivateKey, bound_to: bytes) -> bytes:
    """Raises CannotOpen."""
    nonce, data = sealed.ciphertext[:_NONCE_BYTES], sealed.ciphertext[_NONCE_BYTES:]
    data_key = _unwrap(sealed.wrapped_key, key, bound_to)
    try:
        return AESGCM(data_key).decrypt(nonce, data, bound_to)
    except (InvalidTag, ValueError) as exc:
        raise CannotOpen("the secret cannot be opened") from exc


def rewrap(wrapped_key: bytes, *, old: X25519PrivateKey, new: X25519PublicKey, bound_to: bytes) -> bytes:
    """The same secret for a new key, without opening the secret itself. Raises CannotOpen."""
    return _SUITE.encrypt(_unwrap(wrapped_key, old, bound_to), new, info=bound_to)


def _unwrap(wrapped_key: bytes, key: X25519PrivateKey, bound_to: bytes) -> bytes:
    try:
        return _SUITE.decrypt(wrapped_key, key, info=bound_to)
    except (InvalidTag, ValueError) as exc:
        raise CannotOpen("the key of a secret cannot be opened") from exc
