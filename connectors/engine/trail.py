"""What the engine itself puts into the trail: card data that was masked, calls that were blocked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.engine.drain.routing import Routable
from connectors.engine.drain.work import Result
from governance.access.principal import system
from governance.audit.events import ObjectRef, event_values
from tenants.context import Scope, use_scope


def masked_cards(scope: Scope, messages: Sequence[Routable]) -> list[dict[str, Any]]:
    """One event a message that came with card data: its sender has to stop sending it."""
    by = system("intake")
    with use_scope(scope):
        return [
            event_values(
                "card_data.masked",
                by=by,
                object=ObjectRef("connection", str(message.connection_id), message.connection_key),
                retailer=message.retailer_id,
                after={"message": str(message.id), "values": message.masked},
            )
            for message in messages
            if message.masked
        ]


def blocked_calls(scope: Scope, results: Sequence[Result]) -> list[dict[str, Any]]:
    """One event an attempt that was not let out: the address is not allowed for this partner."""
    by = system("worker")
    with use_scope(scope):
        return [
            event_values(
                "call.blocked",
                by=by,
                object=ObjectRef("connection", str(result.work.connection_id), result.work.connection_key),
                retailer=result.work.retailer_id,
                after={"target": result.attempt.steps[-1].target, "why": result.problem.message},
            )
            for result in results
            if result.problem is not None and result.problem.blocked
        ]
