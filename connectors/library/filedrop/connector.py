"""The one object the engine sees."""

from __future__ import annotations

from connectors.library.filedrop.files import StoreDayFiles
from connectors.library.filedrop.manifest import manifest
from connectors.library.filedrop.probes import probe
from connectors.library.filedrop.reader import ReceiptReader
from connectors.sdk.connector import Connector

connector = Connector(manifest=manifest, reader=ReceiptReader(), probe=probe, files=StoreDayFiles())
