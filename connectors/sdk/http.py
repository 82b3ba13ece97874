"""What every HTTP client of a connector needs to read the same way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST = timedelta(days=1)


def retry_after(headers: Mapping[str, str], *, at: datetime) -> timedelta | None:
    """How long the answer asks us to stay away: seconds (also with a point) or an HTTP date; None when it does not say.

    Never negative, at most a day: how far we obey is the engine's decision. `headers` have lower-case keys.
    """
    stated = headers.get("retry-after", "").strip()
    if not stated:
        return None
    try:
        return _bounded(float(stated))
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(stated)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return _bounded((when - at).total_seconds())


def _bounded(seconds: float) -> timedelta | None:
    if seconds != seconds:
        return None
    return timedelta(seconds=min(max(seconds, 0.0), LONGEST.total_seconds()))
