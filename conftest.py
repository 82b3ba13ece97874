"""Fixtures every test may use; the run's database is set up by tests.support."""

from tests.support.fixtures import *  # noqa: F403
