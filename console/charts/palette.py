"""Colours of charts, resolved on the server from the pages' tokens: CSS variables do not reach plotly."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

TOKENS: Final = Path(__file__).resolve().parents[2] / "static" / "css" / "tokens.css"
THEMES: Final = ("light", "dark")
# What figures may name, as "@series-1" in place of a colour.
USED: Final = (
    *(f"series-{n}" for n in range(1, 7)),
    *("surface-1", "surface-2", "raised", "text-1", "text-2", "text-3", "border", "border-strong"),
    *("ok", "warn", "fail", "run", "mute", "fail-soft", "run-soft"),
)
_TOKEN: Final = re.compile(r"--([\w-]+):\s*light-dark\(\s*(#[0-9a-fA-F]{3,8})\s*,\s*(#[0-9a-fA-F]{3,8})\s*\)")

Palettes = dict[str, dict[str, str]]


@cache
def palettes() -> Palettes:
    """Theme -> token -> colour."""
    return read_tokens(TOKENS.read_text(encoding="utf-8"))


def read_tokens(css: str) -> Palettes:
    """Raises KeyError when a stylesheet lacks a colour that charts use."""
    found = {name: (light, dark) for name, light, dark in _TOKEN.findall(css)}
    return {theme: {name: found[name][place] for name in USED} for place, theme in enumerate(THEMES)}


def resolved(part: object, palette: dict[str, str]) -> object:
    """A figure with every "@token" replaced by its colour, as the page's script does it."""
    if isinstance(part, dict):
        return {key: resolved(value, palette) for key, value in part.items()}
    if isinstance(part, list):
        return [resolved(value, palette) for value in part]
    if isinstance(part, str) and part.startswith("@"):
        return palette[part[1:]]
    return part
