from datetime import UTC, datetime, timedelta

import pytest

from connectors.sdk.http import retry_after

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [
        ("2.0", 2),
        ("30", 30),
        ("0", 0),
        ("-5", 0),
        ("Mon, 23 Nov 2026 12:01:30 GMT", 90),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0),
        ("1000000000", 86_400),
        ("inf", 86_400),
    ],
)
def test_seconds_and_dates_are_read_and_bounded(stated, seconds):
    assert retry_after({"retry-after": stated}, at=NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize("stated", ["", "soon", "nan", "23/11/2026"])
def test_what_says_nothing_is_unknown(stated):
    assert retry_after({"retry-after": stated}, at=NOW) is None
    assert retry_after({}, at=NOW) is None
