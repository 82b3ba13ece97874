"""data/secrets.json: what an embedded system must know and nobody else may.

It holds the Django secret key and one password per database role. It is made once; losing it means losing
the sessions and having to reset the roles' passwords, but not the data.
"""

from __future__ import annotations

import fcntl
import secrets
from dataclasses import asdict, dataclass, fields

from console.embedded.files import read_json, write_json
from console.embedded.paths import DataFolder


@dataclass(frozen=True, repr=False)
class Secrets:
    django_secret_key: str
    superuser_password: str
    owner_password: str
    app_password: str
    sealer_password: str
    readonly_password: str
    sandbox_password: str
    broker_password: str


def load_secrets(folder: DataFolder) -> Secrets:
    """Read the secrets, first making those that are missing. Safe when two processes begin at once."""
    names = [field.name for field in fields(Secrets)]
    known = read_json(folder.secrets)
    if all(name in known for name in names):
        return Secrets(**{name: known[name] for name in names})
    folder.create()
    with open(folder.secrets.with_suffix(".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = read_json(folder.secrets)
        made = Secrets(**{name: known.get(name) or _new_secret(name) for name in names})
        write_json(folder.secrets, known | asdict(made))
    return made


def _new_secret(name: str) -> str:
    # URL-safe, so that a password can stand in a database URL without quoting.
    return secrets.token_urlsafe(64 if name == "django_secret_key" else 32)
