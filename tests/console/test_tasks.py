"""Periodic work, one partner after the other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.db.utils import ProgrammingError

from console import tasks
from monitoring.rollups.folding import folded_state
from monitoring.rollups.writer import Counted, upsert
from tenants.context import require_scope
from tenants.retailers.models import Retailer

pytestmark = pytest.mark.django_db


def test_one_partner_that_fails_does_not_cost_the_others_their_partitions(partners, monkeypatch: pytest.MonkeyPatch):
    seen = []

    def ensure() -> None:
        seen.append(require_scope().schema)
        if len(seen) == 1:
            raise ProgrammingError("no such function")

    monkeypatch.setattr(tasks, "_ensure_partitions", ensure)
    tasks.tick()
    assert len(seen) == len(partners)


def test_a_tick_makes_the_month_that_is_missing_ahead(northgate, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tasks, "PARTITION_MONTHS_AHEAD", 7)
    tasks._ensure_partitions()
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('ledger_message_' || to_char(now() + interval '7 months', 'YYYYMM'))")
        assert cursor.fetchone()[0] is not None


def test_a_tick_folds_what_was_counted(northgate):
    at, pine = datetime.now(UTC) - timedelta(hours=5), Retailer.objects.get(key="harbour-pine").pk
    with connection.cursor() as cursor:
        cursor.execute(*upsert([Counted(at, pine, "received", connection_key="shop")], 1))
    tasks._look_after(northgate.schema)
    assert folded_state().until > at
