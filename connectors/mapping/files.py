"""Maps that ship with a connector: one JSON file an event, `{"extends": "other"}` where two share a body."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from connectors.mapping.errors import MappingRefused
from connectors.mapping.mapping import Mapping, compile_map
from connectors.mapping.overlay import overlaid
from connectors.sdk import safe_json


def definition(folder: Path, name: str) -> dict[str, Any]:
    """The definition in `folder/name.json`, with what it extends put under it."""
    parsed = safe_json.parse((folder / f"{name}.json").read_bytes())
    base = parsed.pop("extends", None)
    return overlaid(definition(folder, base), parsed) if base else parsed


def load(folder: Path, name: str, target: type[msgspec.Struct]) -> Mapping:
    """Compiled. Raises MappingRefused, which names the file."""
    text = (folder / f"{name}.json").read_text()
    source = definition(folder, name) if '"extends"' in text else text
    try:
        return compile_map(source, target=target)
    except MappingRefused as error:
        raise MappingRefused(f"{name}.json {error.pointer}", error.reason, error.line) from error
