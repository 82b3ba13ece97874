"""Pages carry no inline code, name no vendor, and stay within their budgets."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from django.template.loader import get_template

from tests.paths import ROOT

TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
CSS = sorted((ROOT / "static" / "css").glob("*.css"))
SCRIPTS = sorted((ROOT / "static" / "js").rglob("*.js"))
INLINE = {
    "inline script": re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*type=[\"']application/json)", re.I),
    "inline style": re.compile(r"<style|\sstyle=", re.I),
    "event attribute": re.compile(r"\son(?:click|load|error|submit|change|input|key\w+|mouse\w+|focus|blur)\s*=", re.I),
    "script address": re.compile(r"javascript:", re.I),
    "evaluated htmx": re.compile(r"hx-on|hx-vals=[\"']js:|hx-trigger=[\"'][^\"']*\[", re.I),
    "another host": re.compile(r"(?:src|href|action)=[\"'](?:https?:)?//", re.I),
    "unsafe filter": re.compile(r"\|\s*safe\b|autoescape\s+off", re.I),
}
CSS_LIMIT = 20 * 1024
SCRIPT_LIMIT = 20 * 1024


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_template_carries_nothing_inline(path):
    text = path.read_text()
    found = [rule for rule, pattern in INLINE.items() if pattern.search(text)]
    assert not found, f"{name(path)} has {', '.join(found)}"


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_template_names_no_vendor(path):
    assert "signalbox" not in path.read_text().lower()


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_template_can_be_loaded(path):
    get_template(str(path.relative_to(ROOT / "templates")))


def test_every_form_that_posts_carries_its_token():
    forms = [
        (path, form)
        for path in TEMPLATES
        for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", path.read_text(), re.S | re.I)
    ]
    assert forms
    assert [name(path) for path, form in forms if "csrf_token" not in form] == []


def test_every_icon_a_page_uses_is_drawn():
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (ROOT / "static" / "icons.svg").read_text()))
    used = {found for path in TEMPLATES for found in re.findall(r'{% icon "([\w-]+)"', path.read_text())}
    shapes = {f"s-{found}" for path in TEMPLATES for found in re.findall(r'{% glyph "([\w-]+)"', path.read_text())}
    assert used | shapes <= drawn


def compressed(paths: list[Path]) -> int:
    return len(gzip.compress(b"".join(path.read_bytes() for path in paths)))


def test_the_style_sheets_stay_within_their_budget():
    assert compressed(CSS) <= CSS_LIMIT


def test_our_scripts_stay_within_their_budget():
    assert compressed(SCRIPTS) <= SCRIPT_LIMIT


def test_scripts_neither_evaluate_nor_leave_the_host():
    forbidden = re.compile(r"\beval\(|new Function|insertAdjacentHTML|document\.write|https?://")
    assert [name(path) for path in SCRIPTS if forbidden.search(path.read_text())] == []


def test_raw_colours_stand_in_the_tokens_only():
    """Others use the tokens, so that a theme is one place. Print and shadows may be black and white."""
    allowed = re.compile(r"#(?:000|999|fff|0006|0009|000a|14171c55)\b")
    raw = re.compile(r"#[0-9a-f]{3,8}\b", re.I)
    for path in CSS:
        if path.name in {"tokens.css", "plotly.css"}:
            continue
        left = [found for found in raw.findall(path.read_text()) if not allowed.match(found)]
        assert not left, f"{name(path)}: {left}"
