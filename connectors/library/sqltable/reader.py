"""From rows to canonical orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.canonical.base import Canonical
from connectors.canonical.order import Order
from connectors.library.sqltable.manifest import CHANGED
from connectors.mapping import Mapping, MappingError
from connectors.mapping.files import load
from connectors.sdk.errors import PayloadChanged, RequestRefused

MAPS = Path(__file__).parent / "mapping"


class RowReader:
    def __init__(self) -> None:
        self.map: Mapping = load(MAPS, CHANGED.replace("/", "_"), Order)

    def events(self) -> Sequence[str]:
        return (CHANGED,)

    def canonical(self, topic: str, document: Any, *, received_at: datetime | None = None) -> Sequence[Canonical]:
        """One order a row.

        Raises: RequestRefused, PayloadChanged.
        """
        if topic != CHANGED:
            raise RequestRefused(f"There is no map for {topic!r} of a table.")
        if not isinstance(document, dict) or not isinstance(document.get("lines"), list):
            raise PayloadChanged("The row has no list of lines.")
        try:
            made: Canonical = self.map.run(document)
        except MappingError as error:
            raise PayloadChanged(
                f"The row cannot be mapped: {error}.",
                detail=f"field {error.field or '-'}, path {error.path or '-'}",
                error_class=error.error_class,
            ) from error
        return [made]
