"""The URLs of the embedded database, one per role, from the data folder."""

from __future__ import annotations

from dataclasses import dataclass

from console.embedded.paths import DataFolder
from console.embedded.postgres import SUPERUSER
from console.embedded.runtime import load_runtime
from console.embedded.secrets import Secrets
from tenants import roles


@dataclass(frozen=True, repr=False)
class Addresses:
    superuser: str
    owner: str
    app: str
    sealer: str
    readonly: str
    sandbox: str


def addresses_on(port: int, secrets: Secrets) -> Addresses:
    def url(user: str, password: str, database: str = roles.DATABASE) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{port}/{database}"

    return Addresses(
        superuser=url(SUPERUSER, secrets.superuser_password, "postgres"),
        owner=url(roles.OWNER, secrets.owner_password),
        app=url(roles.APP, secrets.app_password),
        sealer=url(roles.SEALER, secrets.sealer_password),
        readonly=url(roles.READONLY, secrets.readonly_password),
        sandbox=url(roles.SANDBOX, secrets.sandbox_password, "postgres"),
    )


def embedded_addresses(folder: DataFolder, secrets: Secrets) -> Addresses:
    """Where the embedded PostgreSQL of this data folder listens, or last listened."""
    return addresses_on(load_runtime(folder).postgres_port or 5432, secrets)
