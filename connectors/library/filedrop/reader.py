"""From receipts to canonical orders and refunds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.canonical.base import Canonical
from connectors.canonical.order import Order
from connectors.canonical.refund import Refund
from connectors.library.filedrop.manifest import RETURNED, SOLD
from connectors.mapping import Mapping, MappingError
from connectors.mapping.files import load
from connectors.sdk.errors import PayloadChanged, RequestRefused

MAPS = Path(__file__).parent / "mapping"
TARGETS: dict[str, type[Canonical]] = {SOLD: Order, RETURNED: Refund}


class ReceiptReader:
    def __init__(self) -> None:
        self.maps: dict[str, Mapping] = {
            topic: load(MAPS, topic.replace("/", "_"), target) for topic, target in TARGETS.items()
        }

    def events(self) -> Sequence[str]:
        return tuple(self.maps)

    def canonical(self, topic: str, document: Any, *, received_at: datetime | None = None) -> Sequence[Canonical]:
        """One order or refund a receipt.

        Raises: RequestRefused, PayloadChanged.
        """
        if topic not in self.maps:
            raise RequestRefused(f"There is no map for {topic!r} of a file.")
        if not isinstance(document, dict) or not isinstance(document.get("lines"), list) or not document["lines"]:
            raise PayloadChanged("The receipt has no lines.")
        if topic == RETURNED and not document.get("original"):
            raise RequestRefused(
                f"Receipt {str(document.get('receipt'))[:80]} takes goods back and does not name the receipt they were "
                "sold with: a person decides what it belongs to."
            )
        try:
            made: Canonical = self.maps[topic].run(document)
        except MappingError as error:
            raise PayloadChanged(
                f"The receipt cannot be mapped: {error}.",
                detail=f"field {error.field or '-'}, path {error.path or '-'}",
                error_class=error.error_class,
            ) from error
        return [made]
