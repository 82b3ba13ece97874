"""The engine for real: a shop, a fake ERP, a database of its own."""

import pytest

from connectors.engine.drain import policy
from tests.support.engine import erp, fake_connectors, world  # noqa: F401


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries and probes within a tenth of a second, so that no test waits for a real back-off."""
    monkeypatch.setattr(policy, "BASE_SECONDS", 0.02)
    monkeypatch.setattr(policy, "UNREACHABLE_SECONDS", 0.1)
    monkeypatch.setattr(policy, "PROBE_SECONDS", 0.1)
