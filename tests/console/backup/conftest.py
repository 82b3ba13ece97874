from tests.support.engine import erp, fake_connectors, world  # noqa: F401 fixtures
