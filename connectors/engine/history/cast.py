"""Who appears in the past: a partner's flows with their stores, and what happens to their messages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from governance.registry.models import Flow
from monitoring.exceptions.rows import fingerprint
from tenants.retailers.models import Store

QUARTER: Final = re.compile(r"^(\d{4})-(01|04|07|10)$")
# object type -> (topic, parts of its messages, effect in the target)
TOPICS: Final = {
    "order": (
        ("orders/create", 0.62, "created"),
        ("orders/updated", 0.24, "amended"),
        ("orders/cancelled", 0.04, "cancelled"),
    ),
    "refund": (("refunds/create", 0.10, "returned"),),
}
# parts, error class, what it says, evidence, status of the call (None: no answer)
FAILURES: Final = (
    (0.34, "unmapped_value", "The ERP has no product {code}.", "product.product: no record with this code", 200),
    (0.24, "validation", "The ERP refused the document: its tax differs by 0.01.", "sale.sale: total_amount", 200),
    (0.14, "conflict", "The sale was processed before this change arrived.", "sale.sale: state = processing", 200),
    (0.16, "transport", "The target did not answer within 30 seconds.", "deadline of the call", None),
    (0.07, "throttled", "The target asked us to slow down for too long.", "429 Too Many Requests", 429),
    (0.05, "credential", "The target refused our credential.", "401 Unauthorized", 401),
)
UNREACHABLE: Final = (-1, 0.0, 0.0, "transport", "The target could not be reached.", "connection refused", None)
CODES: Final = ("HP-JKT-0412", "HP-SWT-0088", "HP-TRS-0231", "HP-SHR-0117", "HP-SCF-0009", "HP-BTS-0540")


@dataclass(frozen=True, slots=True)
class Line:
    """One flow, as facts."""

    number: int
    flow: Flow
    stores: tuple[str, ...]
    weight: int


@dataclass(frozen=True, slots=True)
class Cast:
    lines: tuple[Line, ...]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(max(self.lines, key=lambda line: line.weight).flow.retailer.timezone)

    def flow_rows(self) -> list[tuple[object, ...]]:
        """(number, low, high, retailer, flow …): low <= a random number < high picks it."""
        total, low, rows = sum(line.weight for line in self.lines), 0.0, []
        for line in self.lines:
            flow, high = line.flow, low + line.weight / total
            first = next(one.number for one in self.lines if one.flow.source_id == flow.source_id)
            facts = (flow.retailer_id, flow.id, flow.key, *_ends(flow), len(line.stores), first)
            rows.append((line.number, low, high, *facts))
            low = high
        return [*rows[:-1], (*rows[-1][:2], 1.0, *rows[-1][3:])]

    def store_rows(self) -> list[tuple[int, int, str]]:
        """(flow, place, key); place 0 is no store."""
        return [(line.number, place, key) for line in self.lines for place, key in enumerate(("", *line.stores))]

    def topic_rows(self) -> list[tuple[object, ...]]:
        """(flow, place, low, high, topic, object type, operation, effect)."""
        return [row for line in self.lines for row in _topics(line)]

    def failure_rows(self) -> list[tuple[object, ...]]:
        """(place, low, high, class, title, detail, status). The first is met by what is retried by itself."""
        low, rows = 0.0, [UNREACHABLE]
        for part, error_class, title, detail, status in _failures():
            rows.append((len(rows) - 1, low, low + part, error_class, title, detail, status))
            low += part
        return [*rows[:-1], (*rows[-1][:2], 1.0, *rows[-1][3:])]

    def class_rows(self) -> list[tuple[int, str]]:
        """(number, error class)."""
        return list(enumerate(sorted({row[3] for row in self.failure_rows()})))

    def fingerprint_rows(self) -> list[tuple[int, str, int, str]]:
        """(flow, operation, failure, fingerprint)."""
        return [
            (line.number, operation, failure[0], fingerprint(line.flow.source.connector, operation, *failure[3:5]))
            for line in self.lines
            for operation in set(line.flow.operations.values())
            for failure in self.failure_rows()
        ]


def read_cast() -> Cast:
    """The flows of the partner in scope. Cost: two queries."""
    flows = list(Flow.objects.scoped().select_related("retailer", "source", "target").order_by("id"))
    stores: dict[int, list[str]] = {}
    for retailer_id, key in Store.objects.scoped().order_by("key").values_list("retailer_id", "key"):
        stores.setdefault(retailer_id, []).append(key)
    lines = [
        Line(number, flow, tuple(stores.get(flow.retailer_id, ())), max(1, len(stores.get(flow.retailer_id, ()))))
        for number, flow in enumerate((flow for flow in flows if flow.operations), 1)
    ]
    return Cast(tuple(lines))


def earlier_version(version: str) -> str:
    """The release before, where versions are quarters; else the same one."""
    found = QUARTER.match(version)
    if found is None:
        return version
    year, month = int(found[1]), int(found[2])
    return f"{year - 1}-10" if month == 1 else f"{year}-{month - 3:02d}"


def _ends(flow: Flow) -> tuple[object, ...]:
    source, target = flow.source, flow.target
    address = target.config.get("url") or f"https://{target.key}.example"
    return (
        source.id,
        source.key,
        source.connector,
        source.api_version,
        earlier_version(source.api_version),
        target.id,
        target.key,
        target.api_version,
        address,
        flow.retailer.currency,
    )


def _topics(line: Line) -> Iterable[tuple[object, ...]]:
    """What the flow takes; object types nobody described come by one topic of their own."""
    found = [
        (topic, part, object_type, operation, effect)
        for object_type, operation in line.flow.operations.items()
        for topic, part, effect in TOPICS.get(object_type, ((f"{object_type}s/updated", 0.2, "amended"),))
    ]
    total, low = sum(part for _, part, *_ in found), 0.0
    for place, (topic, part, object_type, operation, effect) in enumerate(found):
        high = 1.0 if place == len(found) - 1 else low + part / total
        yield (line.number, place, low, high, topic, object_type, operation, effect)
        low = high


def _failures() -> Iterable[tuple[float, str, str, str, int | None]]:
    for part, error_class, title, detail, status in FAILURES:
        codes = CODES if "{code}" in title else ("",)
        for code in codes:
            yield part / len(codes), error_class, title.format(code=code), detail, status
