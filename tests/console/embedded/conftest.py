"""The supervisor's clock, made quick: its tests wait for rounds, not for seconds."""

from __future__ import annotations

import pytest

from console.embedded import managed, supervisor


@pytest.fixture(autouse=True)
def quick_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "TICK_SECONDS", 0.02)
    monkeypatch.setattr(managed, "PROBE_STARTING_SECONDS", 0.02)
