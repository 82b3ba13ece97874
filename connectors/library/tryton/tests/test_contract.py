from pathlib import Path

from connectors.library.tryton.connector import connector
from connectors.sdk.contract import ConnectorContract


class TestContract(ConnectorContract):
    connector = connector
    folder = Path(__file__).parents[1]
