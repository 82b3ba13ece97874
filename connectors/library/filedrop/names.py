"""What a file's name says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from connectors.sdk.files import FileName

SIDECAR = ".ctl"
_PARTS = {"{store}": r"(?P<store>[A-Za-z0-9-]{1,80})", "{day}": r"(?P<day>\d{4}-?\d{2}-?\d{2})"}


def named(name: str, config: Mapping[str, str]) -> FileName | None:
    """None for a sidecar, for what is still being written under another name, and for every other file."""
    match = _pattern(config["names"]).fullmatch(name)
    if match is None:
        return None
    try:
        day = date.fromisoformat(match["day"])
    except ValueError:
        return None
    return FileName(match["store"], day)


@lru_cache(maxsize=256)
def _pattern(names: str) -> re.Pattern[str]:
    """A pattern that names no store or no day matches nothing."""
    text = re.escape(names).replace(r"\{", "{").replace(r"\}", "}")
    if not all(text.count(part) == 1 for part in _PARTS):
        return re.compile(r"(?!)")
    for part, expression in _PARTS.items():
        text = text.replace(part, expression)
    return re.compile(text)
