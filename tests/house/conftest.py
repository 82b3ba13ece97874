"""The engine's world, for the doors that are no pages."""

from tests.support.engine import erp, fake_connectors, world  # noqa: F401
