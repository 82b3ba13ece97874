"""Exports are in the trail: who took which set, and when."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Protocol

from governance.access.principal import Principal
from governance.audit.events import ObjectRef
from governance.audit.registry import Action, register
from governance.audit.services import record
from tenants.context import ALL

register(Action("list.exported", "A list was exported as a file.", "list"))


class Filter(Protocol):
    """A list's filter: a dataclass that names its retailers, None for all one may see."""

    retailers: tuple[int, ...] | None


def record_export(what: str, wanted: Filter, *, form: str, by: Principal, at: datetime) -> None:
    """One event in the log of each retailer the set may speak of; in the partner's own where that is everyone's."""
    after = {name: value for name, value in asdict(wanted).items() if value} | {"format": form}
    visible = wanted.retailers if wanted.retailers is not None else by.retailers
    logs = [None] if visible == ALL else sorted(visible)
    for retailer in logs:
        record("list.exported", by=by, object=ObjectRef("list", "", what), retailer=retailer, after=after, at=at)
