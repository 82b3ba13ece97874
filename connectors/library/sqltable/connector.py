"""The one object the engine sees."""

from __future__ import annotations

from connectors.library.sqltable.manifest import manifest
from connectors.library.sqltable.polls import TablePolls
from connectors.library.sqltable.probes import probe
from connectors.library.sqltable.reader import RowReader
from connectors.sdk.connector import Connector

connector = Connector(manifest=manifest, reader=RowReader(), probe=probe, polls=TablePolls())
