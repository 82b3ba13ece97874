"""Rows and callers of the API's tests."""

from __future__ import annotations

from tests.console.pages import rows  # noqa: F401
