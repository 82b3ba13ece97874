"""The engine for real: a shop, a fake ERP, a database of its own."""

from tests.support.engine import erp, fake_connectors, world  # noqa: F401
