"""Absolute URLs. The host comes from the Domain table and never from a request."""

from __future__ import annotations

from django.conf import settings

from console.embedded.paths import data_folder
from console.embedded.runtime import load_runtime
from tenants.selectors import primary_host

EMBEDDED_PORT = 8000


def web_port() -> int:
    """Where the embedded console listens, or last listened."""
    return load_runtime(data_folder()).web_port or EMBEDDED_PORT


def public_url(partner_id: int, path: str) -> str:
    """Under the partner's own host: https on a server, http with the embedded console's port on one machine."""
    host = primary_host(partner_id)
    if not settings.EMBEDDED:
        return f"https://{host}{path}"
    return f"http://{host}:{web_port()}{path}"
