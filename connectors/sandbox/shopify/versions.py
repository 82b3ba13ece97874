"""Which API version answers.

"A request for a version no longer served falls forward to the oldest supported stable version."
Source: shopify.dev/docs/api/usage/versioning (read 2026-11-23): calendar quarters, each served at least twelve months.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SUPPORTED = ("2026-01", "2026-04", "2026-07", "2026-10")  # stable versions served in November 2026
CANDIDATE = "2027-01"
_FORM = re.compile(r"20\d\d-(01|04|07|10)\Z")


class UnknownVersion(LookupError):
    """Neither a past nor a present version: the vendor answers 404."""


@dataclass(frozen=True, slots=True)
class Served:
    requested: str  # "" where none was asked for
    version: str

    @property
    def fell_forward(self) -> bool:
        return self.requested != self.version


def served(requested: str, supported: tuple[str, ...] = SUPPORTED) -> Served:
    """`requested` may be empty: an address without a version means the oldest."""
    if requested in (*supported, CANDIDATE, "unstable"):
        return Served(requested, requested)
    if not requested or (_FORM.match(requested) and requested < supported[0]):
        return Served(requested, supported[0])
    raise UnknownVersion(requested)
