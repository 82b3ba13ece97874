"""Whether anything is to be done at all: one small query."""

from __future__ import annotations

from connectors.library import connectors
from governance.registry.models import RetailConnection


def file_connectors() -> list[str]:
    return [key for key, one in connectors().items() if one.files is not None]


def has_drops() -> bool:
    """Within the scope, any active connection that reads files."""
    active = RetailConnection.objects.filter(state=RetailConnection.State.ACTIVE)
    return active.filter(connector__in=file_connectors()).exists()
