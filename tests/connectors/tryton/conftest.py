"""One Tryton for this folder's tests, and orders to send to it. Every test has references of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.tryton.attempts import Shop
from tests.support.tryton import Erp, tryton_server


@pytest.fixture(scope="session")
def erp() -> Iterator[Erp]:
    with tryton_server() as running:
        running.knows("MUG", "TEE", "HAT")
        running.catalogue.ensure_currencies(["EUR", "JPY", "KWD"])
        yield running


@pytest.fixture(scope="session")
def memory() -> dict:
    """Of one worker process, as the engine keeps it for a connection."""
    return {}


@pytest.fixture
def shop(erp: Erp, memory: dict, request: pytest.FixtureRequest) -> Shop:
    return Shop(erp, memory, request.node.name)
