"""The suite every connector passes."""

from __future__ import annotations

from pathlib import Path

from connectors.library.sqltable.connector import connector
from connectors.sdk.contract import ConnectorContract


class TestContract(ConnectorContract):
    connector = connector
    folder = Path(__file__).parents[1]
    own_events = ("sale/changed",)
