"""Which hosts the current partner listed."""

from __future__ import annotations

from governance.egress.addresses import AllowList
from governance.egress.models import AllowedHost


def allowed_hosts() -> list[AllowedHost]:
    return list(AllowedHost.objects.all())


def allow_list() -> AllowList:
    """For `Egress.request(allow=…)`. One query; keep it for some seconds, not for long."""
    return AllowList(frozenset(AllowedHost.objects.values_list("host", "port", "scheme")))
