"""Random tokens that are shown once and kept as their SHA-256."""

from __future__ import annotations

import base64
import hashlib
import secrets


def new_token() -> str:
    """256 random bits, safe in a URL."""
    return secrets.token_urlsafe(32)


def new_address_secret() -> str:
    """The secret half of an intake address: 32 characters of base32 in lower case, 160 random bits."""
    return base64.b32encode(secrets.token_bytes(20)).decode("ascii").lower()


def digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
