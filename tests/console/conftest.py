"""Fixtures of every page's tests."""

from tests.console.pages import rows  # noqa: F401
