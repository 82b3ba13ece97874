"""Cells that a spreadsheet shows and does not run."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from console.render.cells import cell

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "@SUM(A1)", "-x", "\t=1", "\r=1", "--1", "-1+1"])
def test_a_formula_becomes_text(text):
    assert cell(text, BERLIN) == f"'{text}"


@pytest.mark.parametrize("text", ["-5.00", "+49", "12", "-1,250.50", "#1001", "plain"])
def test_numbers_and_words_stay_as_they_are(text):
    assert cell(text, BERLIN) == text


def test_values_are_written_plainly():
    assert cell(None, BERLIN) == ""
    assert cell(Decimal("-12.500000"), BERLIN) == "-12.500000"
    assert cell(datetime(2026, 11, 23, 8, tzinfo=UTC), BERLIN) == "2026-11-23T09:00:00.000+01:00"
