"""Who is at the other end: the one address that nobody can choose for themselves."""

from __future__ import annotations

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The peer's address or, behind TRUSTED_PROXY_COUNT proxies, what the outermost of them saw.

    Each proxy appends to X-Forwarded-For, so the entries from the right are theirs and those before are anybody's.
    """
    peer = request.META.get("REMOTE_ADDR", "")
    proxies = settings.TRUSTED_PROXY_COUNT
    if proxies == 0:
        return peer
    seen = [entry.strip() for entry in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    return _plain(seen[-proxies]) or peer if len(seen) >= proxies else peer


def _plain(entry: str) -> str:
    """An address without port and brackets, "" for anything else."""
    host = entry[1:].partition("]")[0] if entry.startswith("[") else entry
    if host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        return str(ip_address(host))
    except ValueError:
        return ""
