"""Everything on this machine: what `manage.py up` starts. URLs in the environment win over the data folder's."""

from __future__ import annotations

import os

from console.embedded.paths import data_folder
from console.embedded.runtime import load_runtime
from console.embedded.secrets import load_secrets
from console.settings.base import *  # noqa: F403
from console.settings.database import database, role_url

_folder = data_folder()
_secrets = load_secrets(_folder)
_runtime = load_runtime(_folder)


def _embedded_url(role: str, password: str) -> str:
    return f"postgresql://signalbox_{role}:{password}@127.0.0.1:{_runtime.postgres_port or 5432}/signalbox"


SECRET_KEY = _secrets.django_secret_key
DEBUG = False
DATABASES = {
    "default": database(
        role_url(
            os.environ.get("DATABASE_URL") or _embedded_url("owner", _secrets.owner_password),
            os.environ.get("APP_DATABASE_URL") or _embedded_url("app", _secrets.app_password),
        )
    )
}
BROKER_URL = os.environ.get("BROKER_URL") or _runtime.broker_url or "redis://127.0.0.1:6379/0"
KEYS_DIR = _folder.keys
DROPS_DIR = os.environ.get("SIGNALBOX_DROPS_DIR") or str(_folder.root / "drops")
EMBEDDED = True
