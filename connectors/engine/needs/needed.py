"""What an attempt found missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

MOST = 200  # characters of an id or a value
THING: Final = "thing"
VALUE: Final = "value"


def plain(text: str) -> str:
    """Somebody's id or value as any column takes it: without NUL and lone surrogates."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:MOST]


@dataclass(frozen=True, slots=True)
class Needed:
    """A THING (`name` its object type, `key` its id at the source) or a VALUE (`name` the table, `key` the value)."""

    kind: str
    name: str
    key: str
    source_id: int
    target_id: int
    within: timedelta = timedelta()  # how long it waits before a person is asked
    until: datetime | None = None

    @property
    def text(self) -> str:
        """ "customer 4711", or "a value for 'klarna' in tender"."""
        if self.kind == THING:
            return f"{self.name.replace('_', ' ')} {self.key}"
        return f"a value for {self.key!r} in {self.name}"
