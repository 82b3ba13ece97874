"""The engine for real: a shop, a fake ERP, a database of its own."""

import pytest

from connectors.engine.drain import pacing, perform, policy
from tests.support.engine import erp, fake_connectors, world  # noqa: F401


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries, probes and questions within a tenth of a second, so that no test waits for a real back-off."""
    monkeypatch.setattr(policy, "BASE_SECONDS", 0.02)
    monkeypatch.setattr(policy, "UNREACHABLE_SECONDS", 0.1)
    monkeypatch.setattr(policy, "SETTLE_SECONDS", 0.1)
    monkeypatch.setattr(pacing, "PROBE_SECONDS", 0.1)


@pytest.fixture
def slow_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is tried again by itself while a test looks."""
    monkeypatch.setattr(policy, "BASE_SECONDS", 100.0)


@pytest.fixture
def settled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dead worker's call is over when it is looked at."""
    monkeypatch.setattr(perform, "CALL_SECONDS", 0.0)
    monkeypatch.setattr(perform, "SETTLE_SECONDS", 0.0)
