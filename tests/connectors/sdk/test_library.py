from importlib.metadata import EntryPoint

import pytest

from connectors import library
from connectors.library import UnknownConnector, connector, connectors
from connectors.sdk.connector import Connector


def test_the_registry_holds_shopify_by_its_key():
    assert connectors()["shopify"] is connector("shopify")
    assert connector("shopify").manifest.key == "shopify"


def test_an_unknown_key_is_named():
    with pytest.raises(UnknownConnector, match="no connector for 'nope'"):
        connector("nope")


@pytest.fixture
def elsewhere(monkeypatch):
    def offer(key, value):
        monkeypatch.setattr(library, "_elsewhere", lambda: {key: EntryPoint(key, value, library.GROUP)})
        monkeypatch.setattr(library, "connector", library.connector.__wrapped__)

    return offer


def test_a_connector_of_another_package_is_found_by_entry_point(elsewhere):
    elsewhere("woollens", "tests.connectors.sdk.another_package:connector")
    assert isinstance(library.connector("woollens"), Connector)
    assert "woollens" in library.known_keys()


def test_an_entry_point_under_another_key_is_refused(elsewhere):
    elsewhere("cottons", "tests.connectors.sdk.another_package:connector")
    with pytest.raises(TypeError, match="manifest has that key"):
        library.connector("cottons")
