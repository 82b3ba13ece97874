"""The design tokens are readable in both themes: text 4.5:1, glyphs and outlines 3:1 (WCAG 2.2 AA)."""

from __future__ import annotations

import re

import pytest

from tests.paths import ROOT

PAIR = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
TOKENS = {name: pair for name, *pair in PAIR.findall((ROOT / "static" / "css" / "tokens.css").read_text())}
THEMES = {"light": 0, "dark": 1}
SURFACES = ("surface-0", "surface-1", "surface-2", "raised")
TEXT = [
    *((text, surface) for text in ("text-1", "text-2", "text-3") for surface in SURFACES),
    ("text-1", "surface-3"),
    ("text-2", "surface-3"),
    ("on-brand", "brand"),
    ("surface-1", "text-1"),
    ("fail", "fail-soft"),
    ("warn", "warn-soft"),
    ("fail", "surface-1"),
    *(("text-1", soft) for soft in ("ok-soft", "warn-soft", "fail-soft", "run-soft", "brand-soft")),
    *(("text-2", soft) for soft in ("ok-soft", "warn-soft", "fail-soft", "brand-soft")),
    *((series, "surface-1") for series in ("series-1", "series-2", "series-4")),
]
GLYPHS = [
    *((tone, surface) for tone in ("ok", "warn", "fail", "down", "run", "mute") for surface in SURFACES),
    *(("focus", surface) for surface in (*SURFACES, "brand-soft")),
    *((f"series-{number}", "surface-1") for number in range(1, 7)),
]


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str, theme: str) -> float:
    first, second = sorted(luminance(TOKENS[name][THEMES[theme]]) for name in (one, other))
    return (second + 0.05) / (first + 0.05)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("text", "surface"), TEXT)
def test_text_can_be_read(text, surface, theme):
    assert contrast(text, surface, theme) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("glyph", "surface"), GLYPHS)
def test_glyphs_and_outlines_can_be_seen(glyph, surface, theme):
    assert contrast(glyph, surface, theme) >= 3
