"""What a partner is told of the server: user, password and the fingerprint of its host key. Made once a folder."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import asyncssh
import msgspec

FILE, KEY, FOLDER = "pos.json", "host_key", "drop"
USER = "signalbox"


class Access(msgspec.Struct, frozen=True, kw_only=True):
    username: str
    password: str
    fingerprint: str


def access_of(data: Path) -> tuple[Access, asyncssh.SSHKey]:
    """What the folder says, or new; the key before the file that names it. Both are their owner's only."""
    (data / FOLDER).mkdir(parents=True, exist_ok=True)
    if not (data / KEY).exists():
        _write(data / KEY, asyncssh.generate_private_key("ssh-ed25519").export_private_key())
    key = asyncssh.read_private_key(data / KEY)
    if (data / FILE).exists():
        known = msgspec.json.decode((data / FILE).read_bytes(), type=Access)
        if known.fingerprint == key.get_fingerprint():
            return known, key
    made = Access(username=USER, password=secrets.token_urlsafe(18), fingerprint=key.get_fingerprint())
    _write(data / FILE, msgspec.json.encode(made))
    return made, key


def _write(path: Path, content: bytes) -> None:
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    draft.replace(path)
