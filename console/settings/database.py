"""Database and broker settings from URLs; the role (owner or app) decides which URL is used."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

# Pages and batches read little and often: to start a parallel worker or a compiler costs more than the whole query.
FOR_PAGES = "-c max_parallel_workers_per_gather=0 -c jit=off"


def database(url: str, *, pool_size: int = 20) -> dict[str, Any]:
    """Django's DATABASES entry for `postgresql://user:password@host:port/name?option=value`."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ImproperlyConfigured("DATABASE_URL must begin with postgresql://")
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    options.setdefault("options", FOR_PAGES)
    options["pool"] = {"min_size": 0, "max_size": pool_size, "timeout": 10}
    return {
        "ENGINE": "tenants.backend",
        "NAME": unquote(parts.path.removeprefix("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "127.0.0.1",
        "PORT": str(parts.port or 5432),
        "OPTIONS": options,
    }


def runs_as_owner() -> bool:
    return os.environ.get("SIGNALBOX_ROLE") == "owner"


def role_url(owner_url: str, app_url: str) -> str:
    """The URL this process connects with. The owner's only where the command changes the schema."""
    chosen = owner_url if runs_as_owner() else app_url
    if not chosen:
        missing = "DATABASE_URL (the owner's)" if runs_as_owner() else "APP_DATABASE_URL (the app role's)"
        raise ImproperlyConfigured(f"Set {missing}; `manage.py setup_roles` makes the roles.")
    return chosen
