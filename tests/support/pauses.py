"""Pauses as tests make them: of one shop's flow, source or target."""

from __future__ import annotations

from typing import Any

from connectors.engine.pauses.services import pause
from connectors.engine.pauses.targets import on_connection, on_flow
from governance.access.principal import Principal, command
from governance.registry.models import Pause
from tests.support.ledger_rows import Shop


def stop(
    shop: Shop, *scopes: str, by: Principal | None = None, reason: str = "stock-taking", **more: Any
) -> list[Pause]:
    of = {"source": shop.source, "target": shop.target}
    on = [on_flow(shop.flow) if scope == "flow" else on_connection(of[scope], scope) for scope in scopes]
    return pause(on, by=by or command("tests"), reason=reason, **more)
