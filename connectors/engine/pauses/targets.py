"""What can be paused: a flow, what comes from a connection, what goes to it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from governance.registry.models import Flow, Pause, RetailConnection

Scope = Pause.Scope
WORDS: Final = {Scope.FLOW: "the flow {}", Scope.SOURCE: "what {} sends", Scope.TARGET: "what goes to {}"}


@dataclass(frozen=True, slots=True)
class On:
    """`id` is the flow's or the connection's."""

    scope: str
    id: int
    key: str
    label: str
    retailer_id: int
    retailer: str
    connector: str = ""

    @property
    def name(self) -> str:
        """As a form sends it."""
        return f"{self.scope}:{self.key}"

    @property
    def words(self) -> str:
        return WORDS[Scope(self.scope)].format(self.label)


def on_flow(flow: Flow) -> On:
    return On(Scope.FLOW, flow.pk, flow.key, flow.label, flow.retailer_id, flow.retailer.name)


def on_connection(row: RetailConnection, scope: str) -> On:
    return On(scope, row.pk, row.key, row.label, row.retailer_id, row.retailer.name, row.connector)


def pausable(retailers: Collection[int] | None = None) -> list[On]:
    """Flows in scope, and each end of theirs, by retailer and name. Cost: one query."""
    ends = ("retailer", "source__retailer", "target__retailer")
    flows = Flow.objects.scoped().select_related(*ends).order_by("retailer__name", "label", "pk")
    if retailers is not None:
        flows = flows.filter(retailer_id__in=retailers)
    found: dict[tuple[str, int], On] = {}
    for flow in flows:
        for one in (on_flow(flow), on_connection(flow.source, Scope.SOURCE), on_connection(flow.target, Scope.TARGET)):
            found.setdefault((one.scope, one.id), one)
    return list(found.values())


def named(names: Collection[str]) -> list[On]:
    """Those of these names. Raises Flow.DoesNotExist where one is out of sight or nothing flows there."""
    known = {one.name: one for one in pausable()}
    if set(names) - set(known):
        raise Flow.DoesNotExist
    return [known[name] for name in dict.fromkeys(names)]


def sides_of(row: RetailConnection, flows: Iterable[Flow]) -> tuple[On, ...]:
    """What of a connection can be paused, by the flows it is an end of."""
    known = list(flows)
    sends = [on_connection(row, Scope.SOURCE)] if any(flow.source_id == row.pk for flow in known) else []
    takes = [on_connection(row, Scope.TARGET)] if any(flow.target_id == row.pk for flow in known) else []
    return (*sends, *takes)
