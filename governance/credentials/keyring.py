"""The keys that wrap a partner's secrets: files outside the database, apart by purpose.

    <folder>/public/<schema>.<purpose>.<n>.pub    wraps; whoever stores a secret needs it
    <folder>/<purpose>/<schema>.<purpose>.<n>.key unwraps; "verify" for the intake, "call" for workers only
    <folder>/personal/<schema>.personal.1.key     keyed hashes of personal values

Wrapping is HPKE (RFC 9180: X25519, HKDF-SHA256, AES-256-GCM), so the console can store a secret that it cannot
read. On a server each host user gets only the folders of its purposes.
"""

from __future__ import annotations

import os
import re
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

PUBLIC: Final = "public"
_KEY_ID: Final = re.compile(r"^[a-z][a-z0-9_]{2,62}\.(?:verify|call|personal)\.[0-9]{1,6}$")
_WORLD: Final = 0o007


class Purpose(StrEnum):
    VERIFY = "verify"
    CALL = "call"
    PERSONAL = "personal"


WRAPPING: Final = (Purpose.VERIFY, Purpose.CALL)


class KeyNotHere(LookupError):
    """This process has no such key: it was never made, or belongs to another host user."""


class KeyExposed(RuntimeError):
    """A key file can be read by everyone on this host."""


class Keyring:
    """Reads each file once. Keys rarely change: a process learns of a new current key when it starts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._private: dict[str, bytes] = {}
        self._public: dict[str, X25519PublicKey] = {}
        self._current: dict[tuple[str, Purpose], str] = {}

    def create(self, schema: str) -> None:
        """All keys of a new partner. Keys that exist are kept."""
        for purpose in Purpose:
            if not self._numbers(schema, purpose):
                self.add(schema, purpose)

    def add(self, schema: str, purpose: Purpose) -> str:
        """A new key, from now on the current one of its purpose. Returns its id."""
        number = max(self._numbers(schema, purpose), default=0) + 1
        key_id = _checked(f"{schema}.{purpose}.{number}")
        private = X25519PrivateKey.generate()
        self._write(self._private_path(key_id), private.private_bytes_raw())
        if purpose in WRAPPING:
            self._write(self._public_path(key_id), private.public_key().public_bytes_raw(), mode=0o644)
        self._current[schema, purpose] = key_id
        return key_id

    def current(self, schema: str, purpose: Purpose) -> str:
        found = self._current.get((schema, purpose))
        if found is None:
            numbers = self._numbers(schema, purpose)
            if not numbers:
                raise KeyNotHere(f"no {purpose} key of {schema} in {self.folder}")
            found = self._current[schema, purpose] = f"{schema}.{purpose}.{max(numbers)}"
        return found

    def public(self, key_id: str) -> X25519PublicKey:
        if key_id not in self._public:
            raw = _read(self._public_path(_checked(key_id)))
            self._public[key_id] = X25519PublicKey.from_public_bytes(raw)
        return self._public[key_id]

    def private(self, key_id: str) -> X25519PrivateKey:
        return X25519PrivateKey.from_private_bytes(self._secret(key_id))

    def personal(self, schema: str) -> bytes:
        """32 bytes for `redaction.personal.personal_key`. Never rotated: searches must find what was hashed."""
        return self._secret(f"{schema}.{Purpose.PERSONAL}.1")

    def _secret(self, key_id: str) -> bytes:
        if key_id not in self._private:
            path = self._private_path(_checked(key_id))
            raw = _read(path)
            if path.stat().st_mode & _WORLD:
                raise KeyExposed(f"{path} can be read by everyone on this host: chmod 600 it, then rotate the keys")
            self._private[key_id] = raw
        return self._private[key_id]

    def _numbers(self, schema: str, purpose: Purpose) -> list[int]:
        """Numbers of the keys there are, by their public halves where they have one."""
        folder, suffix = (PUBLIC, "pub") if purpose in WRAPPING else (purpose, "key")
        found = (self.folder / folder).glob(f"{schema}.{purpose}.*.{suffix}")
        return [int(path.name.split(".")[2]) for path in found]

    def _private_path(self, key_id: str) -> Path:
        return self.folder / key_id.split(".")[1] / f"{key_id}.key"

    def _public_path(self, key_id: str) -> Path:
        return self.folder / PUBLIC / f"{key_id}.pub"

    def _write(self, path: Path, data: bytes, *, mode: int = 0o600) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o711)
        path.parent.mkdir(exist_ok=True, mode=0o755 if mode & 0o044 else 0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())


def _checked(key_id: str) -> str:
    """A key id becomes a file name, and comes from a row: nothing but our own form passes."""
    if not _KEY_ID.match(key_id):
        raise KeyNotHere(f"{key_id!r} is not a key id")
    return key_id


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, PermissionError) as exc:
        raise KeyNotHere(f"{path.name} cannot be read by this process") from exc


@lru_cache(maxsize=8)
def keyring_at(folder: Path) -> Keyring:
    """One per folder and process."""
    return Keyring(folder)
